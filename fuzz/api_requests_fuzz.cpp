#include <cstdlib>

#include "byte_range.hpp"
#include "multipart.hpp"
#include "parley/base/json.hpp"
#include "parley/base/strings.hpp"
#include "schema.hpp"

using namespace parley;
using namespace parley::api;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

/// Parts lie inside the body, in order, and what is named is text.
void forms(std::string_view content_type, std::string_view body) {
  auto parts = parse_multipart(content_type, body);
  if (!parts) return require(!parts.error().detail.empty());
  require(parts->size() <= 20);
  const char* at = body.data();
  for (auto& part : *parts) {
    require(part.content.data() >= at);
    at = part.content.data() + part.content.size();
    require(at <= body.data() + body.size());
    require(!part.name.empty() && is_valid_utf8(part.name));
    require(!part.file_name || is_valid_utf8(*part.file_name));
  }
}

void ranges(std::string_view header) {
  for (std::size_t size : {0u, 1u, 1000u}) {
    auto range = parse_range(header, size);
    if (auto* part = std::get_if<ByteRange>(&range))
      require(part->first <= part->last && part->last < size);
  }
}

/// Any JSON against the schemas of every route: problems are bounded, nothing crashes, and what is
/// found right can be read.
void bodies(std::string_view text) {
  static const auto table = route_table();
  auto value = parse_json(text);
  if (!value) return;
  for (auto& route : table.routes) {
    if (route.body != BodyKind::json) continue;
    auto problems = problems_of(*value, route.request, table.schemas);
    require(problems.size() <= 50);
    for (auto& problem : problems) require(!problem.problem.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(bytes), size);
  auto line = text.substr(0, text.find('\n'));
  auto rest = text.substr(std::min(text.size(), line.size() + 1));
  forms(line, rest);
  forms("multipart/form-data; boundary=b", text);
  ranges(line);
  bodies(text);
  return 0;
}
