#include <cstdlib>

#include "parley/transform/mapping.hpp"

using namespace parley;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

/// What comes through these options is a text without a tag, of at most eight characters.
const transform::Mapping& cleaning() {
  static const auto mapping = transform::Mapping::parse(R"({"fields": [
      {"to": "/clean", "from": "/text", "type": "text", "clean": ["strip_html", "strip_control"]},
      {"to": "/money", "from": "/text", "type": "money", "if_invalid": "drop"},
      {"to": "/phone", "from": "/text", "type": "phone", "if_invalid": "drop"},
      {"to": "/time", "from": "/text", "type": "date_time", "if_invalid": "drop",
       "zone": "America/New_York", "formats": ["rfc3339", "iso", "iso_date", "compact", "us",
       "day_first", "dotted", "mail", "unix_seconds", "unix_milliseconds"]}]})");
  return *mapping;
}

void clean(std::string_view text) {
  auto out = cleaning().apply(json::object{{"text", text}});
  require(out.ok());
  auto* found = out.value.as_object().if_contains("clean");
  if (!found) return;
  auto& cleaned = found->as_string();
  for (std::size_t i = 0; i + 1 < cleaned.size(); ++i) {
    char next = cleaned[i + 1];
    bool opens = (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z') || next == '/' ||
                 next == '!' || next == '?';
    require(cleaned[i] != '<' || !opens);
  }
  if (auto* time = out.value.as_object().if_contains("time"))
    require(time->as_string().size() == 24);
}

}  // namespace

/// A mapping file, a NUL, and a document; without a NUL only the text that is cleaned and
/// converted.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(bytes), size);
  auto cut = input.find('\0');
  clean(input.substr(0, cut));
  auto mapping = transform::Mapping::parse(input.substr(0, cut));
  if (!mapping) {
    require(!mapping.error().detail.empty());
    return 0;
  }
  if (cut == std::string_view::npos) return 0;
  auto document = parse_json(input.substr(cut + 1));
  if (!document) return 0;
  auto out = mapping->apply(*document);
  auto rehearsed = mapping->rehearse(*document);
  require(out.value == rehearsed.value);
  require(out.problems.size() == rehearsed.problems.size());
  require(rehearsed.unknown.size() <= 200 && rehearsed.missing.size() <= 200);
  if (auto* list = document->if_array()) {
    auto batch = mapping->apply_each(*list);
    require(batch.items.size() == batch.indexes.size());
  }
  return 0;
}
