#include "markup.hpp"

#include <algorithm>
#include <array>

#include "parley/base/strings.hpp"

namespace parley::dialog {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct CodePoints {
  char32_t first;
  char32_t last;
};
/// Pictures, arrows, dingbats, what joins and colours them, and marks that nobody sees.
constexpr std::array<CodePoints, 10> unspoken{{{0x1F000, 0x1FAFF},
                                               {0x2600, 0x27BF},
                                               {0x2B00, 0x2BFF},
                                               {0x2190, 0x21FF},
                                               {0x2300, 0x23FF},
                                               {0xFE00, 0xFE0F},
                                               {0x200B, 0x200F},
                                               {0x20E3, 0x20E3},
                                               {0xE0000, 0xE007F},
                                               {0x2060, 0x2064}}};

struct Character {
  char32_t code = 0;
  std::size_t size = 1;
};

Character character_at(std::string_view text, std::size_t at) {
  auto byte = static_cast<unsigned char>(text[at]);
  std::size_t size = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
  if (at + size > text.size()) return {byte, 1};
  char32_t code = size == 1 ? byte : byte & (0xFFu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i)
    code = (code << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3F);
  return {code, size};
}

bool is_unspoken(char32_t code) {
  return std::ranges::any_of(
      unspoken, [&](CodePoints range) { return code >= range.first && code <= range.last; });
}

/// "[text](address)" and "![picture](address)" are their text.
std::string without_links(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '!' && at + 1 < text.size() && text[at + 1] == '[') continue;
    auto close = text[at] == '[' ? text.find("](", at) : std::string_view::npos;
    auto end = close == std::string_view::npos ? close : text.find(')', close);
    if (end == std::string_view::npos) {
      out += text[at];
      continue;
    }
    out += text.substr(at + 1, close - at - 1);
    at = end;
  }
  return out;
}

/// "https://www.bright.example/prices?x=1" is "bright.example".
std::string with_short_addresses(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    auto rest = text.substr(at);
    std::size_t scheme = rest.starts_with("https://") ? 8 : rest.starts_with("http://") ? 7 : 0;
    bool bare = scheme == 0 && rest.starts_with("www.");
    if (scheme == 0 && !bare) {
      out += text[at++];
      continue;
    }
    auto end = std::min(rest.find_first_of(" \t\r\n)>\"]"), rest.size());
    while (end > 0 && std::string_view(".,;:!?*").contains(rest[end - 1])) --end;
    auto host = rest.substr(scheme, end > scheme ? end - scheme : 0);
    host = host.substr(0, std::min(host.find_first_of("/?#:"), host.size()));
    if (host.starts_with("www.")) host.remove_prefix(4);
    out += host;
    at += std::max<std::size_t>(end, 1);
  }
  return out;
}

/// "- ", "* ", "# ", "> ", "1. " at the beginning.
std::string_view without_bullet(std::string_view text) {
  text = trim(text);
  while (!text.empty() && (text[0] == '#' || text[0] == '>')) text = trim(text.substr(1));
  bool bullet = text.size() > 2 && std::string_view("-*+").contains(text[0]) && text[1] == ' ';
  if (bullet || text.starts_with("\u2022")) return trim(text.substr(bullet ? 1 : 3));
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) ++digits;
  bool numbered = digits > 0 && digits < 3 && digits + 2 < text.size() &&
                  (text[digits] == '.' || text[digits] == ')') && text[digits + 1] == ' ';
  return numbered ? trim(text.substr(digits + 1)) : text;
}

/// An underscore between letters belongs to a word, others mark something.
bool is_mark(std::string_view text, std::size_t at) {
  if (text[at] == '`' || text[at] == '~') return true;
  if (text[at] == '*') {
    bool product = at > 0 && at + 1 < text.size() && text[at - 1] == ' ' && text[at + 1] == ' ';
    return !product;
  }
  if (text[at] != '_') return false;
  bool inside =
      at > 0 && at + 1 < text.size() && is_letter(text[at - 1]) && is_letter(text[at + 1]);
  return !inside;
}

}  // namespace

std::string without_markup(std::string_view piece) {
  auto text = with_short_addresses(without_links(without_bullet(piece)));
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    auto [code, size] = character_at(text, at);
    bool blank = code == '\n' || code == '\r' || code == '\t' || code == ' ' || code == 0xA0;
    if (blank) {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else if (code == '|') {
      if (!out.empty() && !out.ends_with(", ")) out += out.back() == ' ' ? "\b, " : ", ";
    } else if (code >= 0x20 && code != 0x7F && !is_unspoken(code) && !is_mark(text, at)) {
      out += std::string_view(text).substr(at, size);
    }
    at += size;
  }
  // A bar takes the blank before it away.
  for (auto back = out.find('\b'); back != std::string::npos; back = out.find('\b'))
    out.erase(back - 1, 2);
  auto result = std::string(trim(out));
  while (result.ends_with(',')) result.pop_back();
  return result;
}

}  // namespace parley::dialog
