#include "byte_range.hpp"

#include <algorithm>
#include <charconv>

#include "parley/base/strings.hpp"

namespace parley::api {

namespace {

/// Nothing when it is no number; a number too large for us is larger than any body.
std::optional<std::size_t> number(std::string_view text) {
  std::size_t value = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size() || ec == std::errc::invalid_argument)
    return std::nullopt;
  return ec == std::errc::result_out_of_range ? SIZE_MAX : value;
}

}  // namespace

std::variant<WholeBody, Unsatisfiable, ByteRange> parse_range(std::string_view header,
                                                              std::size_t size) {
  header = trim(header);
  if (!iequals(header.substr(0, 6), "bytes=")) return WholeBody{};
  auto range = trim(header.substr(6));
  auto dash = range.find('-');
  if (dash == std::string_view::npos || range.find(',') != std::string_view::npos)
    return WholeBody{};
  auto from = range.substr(0, dash);
  auto to = range.substr(dash + 1);
  if (from.empty()) {
    auto suffix = number(to);
    if (!suffix) return WholeBody{};
    if (*suffix == 0 || size == 0) return Unsatisfiable{};
    return ByteRange{size - std::min(*suffix, size), size - 1};
  }
  auto first = number(from);
  auto last = to.empty() ? std::optional(SIZE_MAX) : number(to);
  if (!first || !last || *last < *first) return WholeBody{};
  if (*first >= size) return Unsatisfiable{};
  return ByteRange{*first, std::min(*last, size - 1)};
}

}  // namespace parley::api
