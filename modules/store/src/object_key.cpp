#include "object_key.hpp"

#include <algorithm>

#include "parley/base/strings.hpp"
#include "parley/store/objects.hpp"

namespace parley::store {

namespace {
constexpr std::size_t max_key_length = 512;
}

Result<void> check_object_key(std::string_view key) {
  auto wrong = [] { return fail(Errc::invalid, "not an object's key"); };
  if (key.empty() || key.size() > max_key_length) return wrong();
  for (const auto& segment : split(key, '/')) {
    auto allowed = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '.' || c == '_' || c == '-';
    };
    if (segment.empty() || segment == "." || segment == ".." || segment.size() > 200 ||
        segment.starts_with(temporary_prefix) || !std::ranges::all_of(segment, allowed))
      return wrong();
  }
  return {};
}

}  // namespace parley::store
