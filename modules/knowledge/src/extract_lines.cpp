#include "extract_lines.hpp"

#include "parley/base/json.hpp"
#include "parley/base/strings.hpp"

namespace parley::knowledge {

namespace {

Errc parse_code(std::string_view name) {
  for (auto code : {Errc::too_large, Errc::unsupported})
    if (to_string(code) == name) return code;
  return Errc::corrupt;
}

Result<Block> to_block(const json::object& line) {
  const auto* text = line.if_contains("text");
  const auto* page = line.if_contains("page");
  const auto* headings = line.if_contains("heading");
  if (text == nullptr || !text->is_string() || page == nullptr || !page->is_int64() ||
      headings == nullptr || !headings->is_array())
    return fail(Errc::invalid, "a block of another form");
  Block block;
  block.text = text->get_string();
  block.page = page->get_int64();
  for (const auto& heading : headings->get_array()) {
    if (!heading.is_string() || block.headings.size() >= 16)
      return fail(Errc::invalid, "a heading of another form");
    block.headings.emplace_back(heading.get_string());
  }
  if (!is_valid_utf8(block.text) || block.page < 0)
    return fail(Errc::invalid, "a block of another form");
  return block;
}

}  // namespace

std::string to_lines(const Extracted& extracted) {
  std::string out;
  for (const auto& block : extracted.blocks) {
    json::array headings;
    for (const auto& heading : block.headings) headings.emplace_back(heading);
    json::object line{{"heading", std::move(headings)}, {"page", block.page}, {"text", block.text}};
    out += json::serialize(line);
    out += '\n';
  }
  out += json::serialize(json::object{{"end", true}, {"pages", extracted.pages}});
  out += '\n';
  return out;
}

std::string to_line(const Error& error) {
  json::object line{{"error", to_string(error.code)}, {"reason", error.detail}};
  return json::serialize(line) + "\n";
}

Result<Extracted> parse_lines(std::string_view lines) {
  Extracted out;
  while (!lines.empty()) {
    auto end = lines.find('\n');
    if (end == std::string_view::npos) break;
    auto value = parse_json(lines.substr(0, end));
    lines.remove_prefix(end + 1);
    if (!value || !value->is_object()) return fail(Errc::invalid, "not a JSON object");
    const auto& line = value->get_object();
    if (const auto* error = line.if_contains("error"); error != nullptr && error->is_string()) {
      const auto* reason = line.if_contains("reason");
      std::string text =
          reason != nullptr && reason->is_string() ? std::string(reason->get_string()) : "";
      text.resize(std::min<std::size_t>(text.size(), 300));
      return fail(parse_code(error->get_string()), is_valid_utf8(text) ? text : "");
    }
    if (line.contains("end")) {
      const auto* pages = line.if_contains("pages");
      out.pages = pages != nullptr && pages->is_int64() ? pages->get_int64() : 0;
      return out;
    }
    auto block = to_block(line);
    if (!block) return std::unexpected(block.error());
    out.blocks.push_back(std::move(*block));
  }
  return fail(Errc::invalid, "the output has no end");
}

}  // namespace parley::knowledge
