#include "parley/base/strings.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <numeric>

namespace parley {

std::string to_lower(std::string_view ascii) {
  std::string text(ascii);
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return text;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n\f\v";
  auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    auto end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += separator;
    text += parts[i];
  }
  return text;
}

bool iequals(std::string_view a, std::string_view b) { return to_lower(a) == to_lower(b); }

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t substitution = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitution});
    }
  }
  return row[b.size()];
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (auto& candidate : candidates) {
    auto distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

bool is_valid_utf8(std::string_view bytes) {
  std::size_t i = 0;
  auto at = [&](std::size_t k) { return static_cast<unsigned char>(bytes[k]); };
  while (i < bytes.size()) {
    unsigned char lead = at(i);
    std::size_t length = lead < 0x80   ? 1
                         : lead < 0xC2 ? 0
                         : lead < 0xE0 ? 2
                         : lead < 0xF0 ? 3
                         : lead < 0xF5 ? 4
                                       : 0;
    if (length == 0 || i + length > bytes.size()) return false;
    for (std::size_t k = 1; k < length; ++k)
      if ((at(i + k) & 0xC0) != 0x80) return false;
    // Overlong forms, surrogates, and code points past U+10FFFF.
    if (lead == 0xE0 && at(i + 1) < 0xA0) return false;
    if (lead == 0xED && at(i + 1) > 0x9F) return false;
    if (lead == 0xF0 && at(i + 1) < 0x90) return false;
    if (lead == 0xF4 && at(i + 1) > 0x8F) return false;
    i += length;
  }
  return true;
}

std::string latin1_to_utf8(std::string_view bytes) {
  // Windows-1252 differs from Latin-1 in 0x80..0x9F; 0 marks the five undefined bytes.
  constexpr std::array<std::uint16_t, 32> high{
      0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
      0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
      0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};
  std::string text;
  text.reserve(bytes.size() + bytes.size() / 8);
  for (char c : bytes) {
    std::uint32_t code = static_cast<unsigned char>(c);
    if (code >= 0x80 && code < 0xA0) code = high[code - 0x80] ? high[code - 0x80] : 0xFFFD;
    if (code < 0x80) {
      text += static_cast<char>(code);
    } else if (code < 0x800) {
      text += static_cast<char>(0xC0 | (code >> 6));
      text += static_cast<char>(0x80 | (code & 0x3F));
    } else {
      text += static_cast<char>(0xE0 | (code >> 12));
      text += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
      text += static_cast<char>(0x80 | (code & 0x3F));
    }
  }
  return text;
}

namespace {

constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr auto base64_values = [] {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < base64_alphabet.size(); ++i)
    values[static_cast<unsigned char>(base64_alphabet[i])] = static_cast<std::int8_t>(i);
  return values;
}();

std::string encode(std::span<const std::byte> bytes, int variant) {
  std::string text(sodium_base64_encoded_len(bytes.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), variant);
  text.resize(text.size() - 1);  // the terminating zero
  return text;
}

Result<std::vector<std::byte>> decode(std::string_view text, int variant) {
  std::vector<std::byte> bytes(text.size() / 4 * 3 + 3);
  std::size_t length = 0;
  const char* end = nullptr;
  int failed = sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(),
                                 text.data(), text.size(), nullptr, &length, &end, variant);
  if (failed != 0 || end != text.data() + text.size()) return fail(Errc::invalid, "not base64");
  bytes.resize(length);
  return bytes;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string to_hex(std::span<const std::byte> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (auto byte : bytes) {
    text += digits[std::to_integer<std::size_t>(byte) >> 4];
    text += digits[std::to_integer<std::size_t>(byte) & 15];
  }
  return text;
}

// Ordinary base64 carries audio, 50 times a second and call: libsodium takes the same time for all
// contents, as secrets need it, and five times as long.
void append_base64(std::string& text, std::span<const std::byte> bytes) {
  auto before = text.size();
  text.resize(before + (bytes.size() + 2) / 3 * 4, '=');
  auto* out = text.data() + before;
  auto at = [&](std::size_t i) { return static_cast<unsigned>(bytes[i]); };
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3, out += 4) {
    auto word = at(i) << 16U | at(i + 1) << 8U | at(i + 2);
    for (unsigned k = 0; k < 4; ++k) out[k] = base64_alphabet[word >> (18U - 6U * k) & 63U];
  }
  if (i == bytes.size()) return;
  bool two = i + 2 == bytes.size();
  auto word = at(i) << 16U | (two ? at(i + 1) << 8U : 0U);
  out[0] = base64_alphabet[word >> 18U & 63U];
  out[1] = base64_alphabet[word >> 12U & 63U];
  if (two) out[2] = base64_alphabet[word >> 6U & 63U];
}

std::string base64_encode(std::span<const std::byte> bytes) {
  std::string text;
  append_base64(text, bytes);
  return text;
}

Result<std::vector<std::byte>> base64_decode(std::string_view text) {
  std::vector<std::byte> bytes;
  auto decoded = base64_decode(text, bytes);
  if (!decoded) return std::unexpected(decoded.error());
  return bytes;
}

Result<void> base64_decode(std::string_view text, std::vector<std::byte>& bytes) {
  auto invalid = [] { return fail(Errc::invalid, "not base64"); };
  if (text.size() % 4 != 0) return invalid();
  bytes.resize(text.size() / 4 * 3);
  if (text.empty()) return {};
  std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  int bad = 0;
  std::uint32_t word = 0;
  for (std::size_t i = 0, out = 0; i < text.size(); i += 4, out += 3) {
    word = 0;
    auto digits = i + 4 == text.size() ? 4 - padding : 4;
    for (std::size_t k = 0; k < 4; ++k) {
      int value = k < digits ? base64_values[static_cast<unsigned char>(text[i + k])] : 0;
      bad |= value;
      word = word << 6U | static_cast<std::uint32_t>(value & 63);
    }
    bytes[out] = static_cast<std::byte>(word >> 16U);
    bytes[out + 1] = static_cast<std::byte>(word >> 8U);
    bytes[out + 2] = static_cast<std::byte>(word);
  }
  // Bits behind the last byte must be zero: one text for each value.
  bool spilled = padding > 0 && (word & ((1U << (8U * static_cast<unsigned>(padding))) - 1)) != 0;
  if (bad < 0 || spilled) return invalid();
  bytes.resize(bytes.size() - padding);
  return {};
}
std::string base64url_encode(std::span<const std::byte> bytes) {
  return encode(bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}
Result<std::vector<std::byte>> base64url_decode(std::string_view text) {
  return decode(text, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

std::string url_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

Result<std::string> url_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] == '%') {
      int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return fail(Errc::invalid, "bad percent-encoding");
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

Result<std::string> normalize_e164(std::string_view text) {
  std::string digits;
  bool plus = false;
  for (char c : trim(text)) {
    if (c >= '0' && c <= '9') {
      digits += c;
    } else if (c == '+' && digits.empty() && !plus) {
      plus = true;
    } else if (std::string_view(" -.()/").find(c) == std::string_view::npos) {
      return fail(Errc::invalid, "not a phone number");
    }
  }
  if (!plus && digits.size() == 10) digits = "1" + digits;
  if (digits.size() < 7 || digits.size() > 15 || digits[0] == '0')
    return fail(Errc::invalid, "not a phone number in E.164 form, such as +12125550100");
  return "+" + digits;
}

}  // namespace parley
