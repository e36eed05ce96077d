#include <algorithm>

#include "media_type.hpp"
#include "outline.hpp"
#include "parley/base/strings.hpp"
#include "parsers.hpp"

namespace parley::knowledge {

namespace {

/// Splits at runs of three or more spaces (or tabs): how tables look in plain text.
std::vector<std::string> columns_of(std::string_view line) {
  std::vector<std::string> columns;
  std::string current;
  std::size_t spaces = 0;
  for (char c : line) {
    if (c == ' ' || c == '\t') {
      spaces += c == '\t' ? 3 : 1;
      continue;
    }
    if (spaces >= 3 && !current.empty()) columns.push_back(std::exchange(current, {}));
    if (spaces > 0 && spaces < 3 && !current.empty()) current += ' ';
    spaces = 0;
    current += c;
  }
  if (!current.empty()) columns.push_back(std::move(current));
  return columns;
}

std::string_view separator_of(const std::vector<std::string>& columns) {
  if (columns.size() > 2) return "; ";
  return columns[0].ends_with(':') ? " " : ": ";
}

/// Dotted leaders between a name and its price: "Filling ........ $180".
std::string without_leaders(std::string_view line) {
  std::string out;
  for (std::size_t i = 0; i < line.size();) {
    auto end = line.find_first_not_of('.', i);
    if (end == std::string_view::npos) end = line.size();
    if (end - i >= 4) {
      out += "   ";
    } else {
      out += line.substr(i, std::max<std::size_t>(end - i, 1));
      end = std::max(end, i + 1);
    }
    i = end;
  }
  return out;
}

/// A short line that stands alone and does not end like a sentence.
bool looks_like_title(std::string_view line) {
  auto clean = squeeze(line);
  if (clean.size() < 3 || clean.size() > 70) return false;
  if (std::string_view(".,;:!?").find(clean.back()) != std::string_view::npos) return false;
  if (std::ranges::count(clean, ' ') > 8) return false;
  auto first = static_cast<unsigned char>(clean.front());
  if ((first >= 'a' && first <= 'z') || std::ispunct(first)) return false;
  if (clean.starts_with("\u2022")) return false;
  return std::ranges::none_of(clean, [](char c) { return c == '$' || (c >= '0' && c <= '9'); });
}

/// Paragraphs of lines; a blank line, a row of columns or a bullet ends one.
class LineReader {
 public:
  enum class Titles { none, lone_lines };
  LineReader(Outline& outline, Titles titles) : outline_(outline), titles_(titles) {}

  void line(std::string_view raw) {
    auto text = without_leaders(raw);
    auto clean = trim(text);
    if (clean.empty()) return end_paragraph();
    auto columns = columns_of(clean);
    if (columns.size() > 1) {
      end_paragraph();
      std::string row;
      for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i > 0) row += separator_of(columns);
        row += columns[i];
      }
      outline_.text(row);
      return;
    }
    bool bullet = clean.starts_with("- ") || clean.starts_with("* ") || clean.starts_with("\u2022");
    if (bullet) end_paragraph();
    if (!paragraph_.empty()) paragraph_ += ' ';
    paragraph_ += clean;
    ++lines_;
  }
  void end_paragraph() {
    if (paragraph_.empty()) return;
    if (titles_ == Titles::lone_lines && lines_ == 1 && looks_like_title(paragraph_))
      outline_.heading(1, paragraph_);
    else
      outline_.text(paragraph_);
    paragraph_.clear();
    lines_ = 0;
  }

 private:
  Outline& outline_;
  Titles titles_;
  std::string paragraph_;
  int lines_ = 0;
};

template <class Visit>
void each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    auto end = text.find('\n');
    visit(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

std::vector<Block> parse_plain(std::string_view utf8) {
  Outline outline;
  LineReader reader(outline, LineReader::Titles::lone_lines);
  each_line(utf8, [&](std::string_view line) {
    // A form feed in a text file is a page break, so the end of a paragraph.
    if (line.starts_with('\f')) reader.end_paragraph();
    reader.line(line);
  });
  reader.end_paragraph();
  return outline.take();
}

Extracted parse_pdf_text(std::string_view utf8) {
  Outline outline;
  LineReader reader(outline, LineReader::Titles::lone_lines);
  Extracted out;
  while (!utf8.empty()) {
    auto end = utf8.find('\f');
    outline.page(++out.pages);
    each_line(utf8.substr(0, end), [&](std::string_view line) { reader.line(line); });
    reader.end_paragraph();
    if (end == std::string_view::npos) break;
    utf8.remove_prefix(end + 1);
  }
  out.blocks = outline.take();
  return out;
}

Result<Extracted> parse_document(std::string_view media_type, std::string_view bytes,
                                 const ParseLimits& limits) {
  Extracted out;
  if (media_type == media::docx) {
    auto blocks = parse_docx(bytes, limits);
    if (!blocks) return std::unexpected(blocks.error());
    out.blocks = std::move(*blocks);
    return out;
  }
  auto text = decode_text(bytes);
  if (media_type == media::html)
    out.blocks = parse_html(text);
  else if (media_type == media::markdown)
    out.blocks = parse_markdown(text);
  else if (media_type == media::csv)
    out.blocks = parse_csv(text);
  else if (media_type == media::text)
    out.blocks = parse_plain(text);
  else
    return fail(Errc::unsupported, "No reader for " + std::string(media_type));
  return out;
}

}  // namespace parley::knowledge
