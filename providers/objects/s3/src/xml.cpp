#include "parley/providers/s3/xml.hpp"

#include <array>
#include <utility>

namespace parley::s3 {

namespace {
constexpr std::array<std::pair<std::string_view, char>, 5> entities{
    {{"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}}};
}  // namespace

std::string xml_text(std::string_view xml, std::string_view element) {
  auto open = std::string("<").append(element).append(">");
  auto close = std::string("</").append(element).append(">");
  auto begin = xml.find(open);
  if (begin == std::string_view::npos) return "";
  begin += open.size();
  auto end = xml.find(close, begin);
  if (end == std::string_view::npos) return "";
  auto escaped = xml.substr(begin, end - begin);
  std::string text;
  while (!escaped.empty()) {
    bool found = false;
    for (auto& [entity, plain] : entities) {
      if (!escaped.starts_with(entity)) continue;
      text += plain;
      escaped.remove_prefix(entity.size());
      found = true;
      break;
    }
    if (found) continue;
    text += escaped.front();
    escaped.remove_prefix(1);
  }
  return text;
}

std::string xml_escape(std::string_view text) {
  std::string escaped;
  for (char c : text) {
    bool found = false;
    for (auto& [entity, plain] : entities) {
      if (plain != c) continue;
      escaped += entity;
      found = true;
      break;
    }
    if (!found) escaped += c;
  }
  return escaped;
}

}  // namespace parley::s3
