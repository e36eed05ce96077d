#include "clean.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "parley/base/strings.hpp"

namespace parley::transform {

namespace {

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
/// What after '<' begins a tag, an end tag, a comment or a declaration.
bool opens(char c) noexcept { return is_letter(c) || c == '/' || c == '!' || c == '?'; }

/// Appends, and takes back a '<' that the next character would make a tag of: what was stripped
/// between them must not have joined them.
void append(std::string& out, char c) {
  while (opens(c) && !out.empty() && out.back() == '<') out.pop_back();
  out += c;
}

std::string name_at(std::string_view text, std::size_t at) {
  auto end = at;
  while (end < text.size() && is_letter(text[end])) ++end;
  return to_lower(text.substr(at, end - at));
}

/// Past the '>' of the tag that begins at `at`; quoted attribute values may hold '>'.
std::size_t tag_end(std::string_view text, std::size_t at) {
  char quote = '\0';
  for (auto i = at + 1; i < text.size(); ++i) {
    char c = text[i];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if ((c == '"' || c == '\'') && text[i - 1] == '=') {
      quote = c;
    } else if (c == '>') {
      return i + 1;
    }
  }
  return text.size();
}

/// Past the end tag of script or style, whose content is not text.
std::size_t element_end(std::string_view text, std::size_t at, std::string_view name) {
  while (at < text.size()) {
    at = text.find("</", at);
    if (at == std::string_view::npos) return text.size();
    if (name_at(text, at + 2) == name) return tag_end(text, at);
    at += 2;
  }
  return text.size();
}

std::size_t markup_end(std::string_view text, std::size_t at) {
  if (text.substr(at, 4) == "<!--") {
    auto end = text.find("-->", at + 4);
    return end == std::string_view::npos ? text.size() : end + 3;
  }
  auto end = tag_end(text, at);
  auto name = name_at(text, at + 1);
  if (name == "script" || name == "style") return element_end(text, end, name);
  return end;
}

constexpr std::array<std::pair<std::string_view, char>, 6> entities{{{"&amp;", '&'},
                                                                     {"&quot;", '"'},
                                                                     {"&apos;", '\''},
                                                                     {"&#39;", '\''},
                                                                     {"&#039;", '\''},
                                                                     {"&nbsp;", ' '}}};

bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string with_single_spaces(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (!is_space(c))
      out += c;
    else if (out.empty() || out.back() != ' ')
      out += ' ';
  }
  return out;
}

/// C1 controls, U+200E/F, U+202A..U+202E, U+2066..U+2069; `at` is the first byte.
std::size_t invisible_length(std::string_view text, std::size_t at) noexcept {
  auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  if (byte(at) == 0xC2 && byte(at + 1) >= 0x80 && byte(at + 1) <= 0x9F) return 2;
  if (byte(at) != 0xE2) return 0;
  auto second = byte(at + 1);
  auto third = byte(at + 2);
  if (second == 0x80 && (third == 0x8E || third == 0x8F || (third >= 0xAA && third <= 0xAE)))
    return 3;
  if (second == 0x81 && third >= 0xA6 && third <= 0xA9) return 3;
  return 0;
}

}  // namespace

std::string without_html(std::string_view text) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    char c = text[at];
    if (c == '<' && at + 1 < text.size() && opens(text[at + 1])) {
      at = markup_end(text, at);
      continue;
    }
    if (c == '&') {
      const auto* entity = std::ranges::find_if(
          entities, [&](auto& e) { return text.substr(at, e.first.size()) == e.first; });
      if (entity != entities.end()) {
        append(out, entity->second);
        at += entity->first.size();
        continue;
      }
    }
    append(out, c);
    ++at;
  }
  return out;
}

std::string without_control(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    auto byte = static_cast<unsigned char>(text[at]);
    bool control = (byte < 0x20 && byte != '\t' && byte != '\n') || byte == 0x7F;
    auto skip = control ? 1 : invisible_length(text, at);
    if (skip == 0) out += text[at];
    at += std::max<std::size_t>(skip, 1);
  }
  return out;
}

std::string clean(std::string text, const Cleaning& cleaning) {
  // Control characters first: one inside a tag's name must not hide the tag.
  if (cleaning.strip_control) text = without_control(text);
  if (cleaning.strip_html) text = without_html(text);
  if (cleaning.collapse_spaces) text = with_single_spaces(text);
  if (cleaning.trim) text = std::string(parley::trim(text));
  return text;
}

std::size_t length_of(std::string_view utf8) noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(
      utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string_view first_of(std::string_view utf8, std::size_t count) noexcept {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    if ((static_cast<unsigned char>(utf8[i]) & 0xC0) == 0x80) continue;
    if (seen++ == count) return utf8.substr(0, i);
  }
  return utf8;
}

}  // namespace parley::transform
