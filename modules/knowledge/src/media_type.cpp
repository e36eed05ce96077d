#include "media_type.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "parley/base/strings.hpp"

namespace parley::knowledge {

namespace {

constexpr std::size_t sample_size = 64u << 10;

enum class Encoding { utf8, utf16_little, utf16_big, windows_1252 };

struct Signature {
  std::string_view magic;
  std::string_view name;
};
// What people upload by mistake; named in the refusal so that they know what to do.
constexpr std::array signatures{
    Signature{"\xD0\xCF\x11\xE0", "an old Word, Excel or PowerPoint file; save it as DOCX or PDF"},
    Signature{"{\\rtf", "an RTF file; save it as DOCX or PDF"},
    Signature{"\x89PNG", "a PNG picture"},
    Signature{"\xFF\xD8\xFF", "a JPEG picture"},
    Signature{"GIF8", "a GIF picture"},
    Signature{"\x7F"
              "ELF",
              "a program"},
    Signature{"MZ", "a program"},
    Signature{"\x1F\x8B", "a compressed file"},
    Signature{"RIFF", "an audio or video file"}};

bool is_control(unsigned char c) {
  return (c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f') || c == 0x7F;
}

std::optional<Encoding> utf16_by_zeros(std::string_view bytes) {
  auto sample = bytes.substr(0, sample_size);
  std::array<std::size_t, 2> zeros{};
  for (std::size_t i = 0; i < sample.size(); ++i)
    if (sample[i] == '\0') ++zeros[i % 2];
  // Latin text in UTF-16 has a zero in nearly every second place, and nowhere else.
  auto half = sample.size() / 2;
  if (half < 4) return std::nullopt;
  if (zeros[1] * 10 >= half * 7 && zeros[0] * 50 <= half) return Encoding::utf16_little;
  if (zeros[0] * 10 >= half * 7 && zeros[1] * 50 <= half) return Encoding::utf16_big;
  return std::nullopt;
}

Encoding encoding_of(std::string_view bytes) {
  if (bytes.starts_with("\xFF\xFE")) return Encoding::utf16_little;
  if (bytes.starts_with("\xFE\xFF")) return Encoding::utf16_big;
  if (auto wide = utf16_by_zeros(bytes)) return *wide;
  return is_valid_utf8(bytes) ? Encoding::utf8 : Encoding::windows_1252;
}

void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

std::string from_utf16(std::string_view bytes, Encoding encoding) {
  auto unit = [&](std::size_t at) -> char32_t {
    auto a = static_cast<unsigned char>(bytes[at]);
    auto b = static_cast<unsigned char>(bytes[at + 1]);
    return encoding == Encoding::utf16_little ? static_cast<char32_t>(a | (b << 8))
                                              : static_cast<char32_t>(b | (a << 8));
  };
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    auto c = unit(i);
    if (c >= 0xD800 && c < 0xDC00 && i + 3 < bytes.size()) {
      auto low = unit(i + 2);
      if (low >= 0xDC00 && low < 0xE000) {
        append_utf8(out, 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00));
        i += 2;
        continue;
      }
    }
    append_utf8(out, c >= 0xD800 && c < 0xE000 ? U'\uFFFD' : c);
  }
  return out;
}

bool looks_like_text(std::string_view utf8, Encoding encoding, std::string_view raw) {
  auto sample = utf8.substr(0, sample_size);
  auto controls = std::ranges::count_if(
      sample, [](char c) { return is_control(static_cast<unsigned char>(c)); });
  if (controls * 500 > static_cast<std::ptrdiff_t>(sample.size())) return false;
  if (encoding != Encoding::windows_1252) return true;
  // Any bytes at all decode as Windows-1252: prose has mostly ASCII in it and no undefined codes.
  auto head = raw.substr(0, sample_size);
  auto high = std::ranges::count_if(head, [](char c) { return (c & 0x80) != 0; });
  auto undefined = std::ranges::count_if(head, [](char c) {
    return std::string_view("\x81\x8D\x8F\x90\x9D").find(c) != std::string_view::npos;
  });
  return high * 3 <= static_cast<std::ptrdiff_t>(head.size()) && undefined == 0;
}

std::string extension_of(std::string_view file_name) {
  auto dot = file_name.rfind('.');
  return dot == std::string_view::npos ? "" : to_lower(file_name.substr(dot + 1));
}

bool looks_like_html(std::string_view text, std::string_view extension) {
  auto head = to_lower(trim(text.substr(0, 4096)));
  if (head.starts_with("<!doctype html") || head.starts_with("<html")) return true;
  bool page = head.find("<html") != std::string::npos || head.find("<body") != std::string::npos;
  if (head.starts_with("<") && page) return true;
  bool named = extension == "html" || extension == "htm" || extension == "xhtml";
  return named && head.find('<') != std::string::npos && head.find('>') != std::string::npos;
}

/// The same number of separators, at least one, on each of the first lines.
bool looks_like_csv(std::string_view text) {
  for (char separator : {',', ';', '\t'}) {
    std::ptrdiff_t expected = -1;
    std::size_t lines = 0;
    bool regular = true;
    for (auto& line : split(text.substr(0, 8192), '\n')) {
      auto row = trim(line);
      if (row.empty()) continue;
      if (++lines > 12) break;
      auto count = std::ranges::count(row, separator);
      if (expected < 0) expected = count;
      if (count == 0 || count != expected || row.ends_with('.') || row.size() > 1000)
        regular = false;
    }
    if (regular && lines >= 3) return true;
  }
  return false;
}

bool looks_like_markdown(std::string_view text) {
  std::size_t marks = 0;
  for (auto& line : split(text.substr(0, 8192), '\n')) {
    std::string_view row(line);
    auto hashes = row.find_first_not_of('#');
    if (hashes != std::string_view::npos && hashes >= 1 && hashes <= 6 && row[hashes] == ' ')
      ++marks;
  }
  return marks >= 1;
}

std::string text_kind(std::string_view text, std::string_view extension) {
  if (looks_like_html(text, extension)) return std::string(media::html);
  if (extension == "csv" || extension == "tsv") return std::string(media::csv);
  if (extension == "md" || extension == "markdown") return std::string(media::markdown);
  if (looks_like_csv(text)) return std::string(media::csv);
  if (extension != "txt" && looks_like_markdown(text)) return std::string(media::markdown);
  return std::string(media::text);
}

}  // namespace

Result<std::string> detect_media_type(std::string_view bytes, std::string_view file_name) {
  if (bytes.substr(0, 1024).find("%PDF-") != std::string_view::npos) return std::string(media::pdf);
  if (bytes.starts_with("PK\x03\x04")) {
    // Names stand uncompressed in a zip's directory; the archive itself is opened in the sandbox.
    if (bytes.find("word/document.xml") != std::string_view::npos) return std::string(media::docx);
    return fail(Errc::unsupported, "The file is a zip archive or an Office file other than DOCX");
  }
  for (const auto& known : signatures)
    if (bytes.starts_with(known.magic))
      return fail(Errc::unsupported, "The file is " + std::string(known.name));
  auto encoding = encoding_of(bytes);
  auto text =
      decode_text(bytes.substr(0, encoding == Encoding::utf8 ? bytes.size() : 2 * sample_size));
  if (!looks_like_text(text, encoding, bytes))
    return fail(Errc::unsupported,
                "The file is not PDF, DOCX, text, Markdown, HTML or CSV: it holds binary data");
  return text_kind(text, extension_of(file_name));
}

std::string decode_text(std::string_view bytes) {
  auto encoding = encoding_of(bytes);
  std::string text;
  if (encoding == Encoding::utf8) {
    text = bytes.starts_with("\xEF\xBB\xBF") ? bytes.substr(3) : bytes;
  } else if (encoding == Encoding::windows_1252) {
    text = latin1_to_utf8(bytes);
  } else {
    bool marked = bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF");
    text = from_utf16(marked ? bytes.substr(2) : bytes, encoding);
  }
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r') {
      if (i + 1 >= text.size() || text[i + 1] != '\n') out += '\n';
    } else {
      out += text[i];
    }
  }
  return out;
}

Result<std::string> clean_file_name(std::string_view name) {
  auto slash = name.find_last_of("/\\");
  if (slash != std::string_view::npos) name = name.substr(slash + 1);
  std::string valid = is_valid_utf8(name) ? std::string(name) : latin1_to_utf8(name);
  std::erase_if(valid, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  std::string clean(trim(valid));
  constexpr std::size_t longest = 200;
  if (clean.size() > longest) {
    auto dot = clean.rfind('.');
    auto ending = dot != std::string::npos && clean.size() - dot <= 10 ? clean.substr(dot) : "";
    auto keep = longest - ending.size();
    while (keep > 0 && (clean[keep] & 0xC0) == 0x80) --keep;
    clean = clean.substr(0, keep) + ending;
  }
  if (clean.find_first_not_of('.') == std::string::npos)
    return fail(Errc::invalid, "The file has no usable name");
  return clean;
}

}  // namespace parley::knowledge
