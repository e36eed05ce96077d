#include "redaction.hpp"

#include <algorithm>
#include <array>

#include "parley/base/strings.hpp"

namespace parley::log {

namespace {

constexpr std::array<std::string_view, 8> secret_words{
    "token", "secret", "password", "authorization", "cookie", "signature", "credential", "key"};

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool is_alphanumeric(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// What tokens are made of: base64 of both kinds, dots between parts of a JSON web token.
bool is_token_char(char c) noexcept {
  return is_alphanumeric(c) ||
         (c != '\0' && std::string_view("-_.~+/=%").find(c) != std::string_view::npos);
}

template <class Predicate>
std::size_t run_length(std::string_view text, Predicate predicate) {
  auto end = std::ranges::find_if_not(text, predicate);
  return static_cast<std::size_t>(end - text.begin());
}

bool starts_with_word(std::string_view text, std::string_view word) {
  return text.size() >= word.size() && iequals(text.substr(0, word.size()), word);
}

bool names_secret(std::string_view name) {
  auto lower = to_lower(name);
  auto inside = [&](std::string_view word) { return lower.find(word) != std::string::npos; };
  return std::ranges::any_of(secret_words, inside);
}

/// "+12125550100", "+1 (212) 555-0100", "%2B12125550100": how many characters, or 0.
std::size_t phone_length(std::string_view text) {
  std::size_t at = 0;
  if (text.starts_with('+'))
    at = 1;
  else if (starts_with_word(text, "%2b"))
    at = 3;
  else
    return 0;
  std::size_t digits = 0;
  std::size_t end = at;
  for (; at < text.size() && digits < 15; ++at) {
    if (is_digit(text[at])) {
      ++digits;
      end = at + 1;
    } else if (std::string_view(" -.()").find(text[at]) == std::string_view::npos) {
      break;
    }
  }
  return digits >= 7 ? end : 0;
}

/// The secret that begins at `text`: how much to keep as it is, and how much to mask.
struct Secret {
  std::size_t keep = 0;
  std::size_t hide = 0;
};

Secret find_secret(std::string_view text, bool at_word) {
  if (!at_word) return {};
  for (std::string_view scheme : {"bearer ", "basic "}) {
    if (!starts_with_word(text, scheme)) continue;
    auto length = run_length(text.substr(scheme.size()), is_token_char);
    if (length >= 6) return {scheme.size(), length};
  }
  if (text.starts_with("eyJ")) {
    auto length = run_length(text, is_token_char);
    if (length >= 20) return {0, length};
  }
  // access_token=..., X-Amz-Signature=..., "apiKey": "..."
  auto name = run_length(text, [](char c) { return is_alphanumeric(c) || c == '_' || c == '-'; });
  if (name == 0 || name == text.size()) return {};
  auto gap = run_length(text.substr(name), [](char c) {
    return std::string_view("=:\" ").find(c) != std::string_view::npos && c != '\0';
  });
  auto between = text.substr(name, gap);
  if (between.find_first_of("=:") == std::string_view::npos || !names_secret(text.substr(0, name)))
    return {};
  return {name + gap, run_length(text.substr(name + gap), is_token_char)};
}

}  // namespace

bool is_masked_field(std::string_view name, const Redaction& redaction) {
  if (names_secret(name)) return true;
  auto lower = to_lower(name);
  if (redaction.transcripts && (lower == "text" || lower == "transcript")) return true;
  return redaction.phone_numbers && lower.find("phone") != std::string::npos;
}

std::string redacted(std::string_view text, const Redaction& redaction) {
  std::string out;
  out.reserve(text.size());
  char before = ' ';
  while (!text.empty()) {
    auto phone = redaction.phone_numbers ? phone_length(text) : 0;
    auto secret = find_secret(text, !is_alphanumeric(before));
    std::size_t taken = 1;
    if (secret.hide > 0) {
      out.append(text.substr(0, secret.keep)).append(mask);
      taken = secret.keep + secret.hide;
    } else if (phone > 0) {
      // The last two digits tell two callers apart in one log, and nobody's number.
      out.append("+").append(mask).append(text.substr(phone - 2, 2));
      taken = phone;
    } else {
      out += text.front();
    }
    before = text[taken - 1];
    text.remove_prefix(taken);
  }
  return out;
}

}  // namespace parley::log
