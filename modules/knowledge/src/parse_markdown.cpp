#include <algorithm>

#include "outline.hpp"
#include "parley/base/strings.hpp"
#include "parsers.hpp"

namespace parley::knowledge {

namespace {

constexpr std::string_view markers = "*_`~";

/// The end of "(...)" or "[...]" opened at `open`, or npos; looks ahead a bounded way.
std::size_t closing(std::string_view text, std::size_t open, char opens, char closes) {
  int depth = 0;
  auto limit = std::min(text.size(), open + 2000);
  for (auto i = open; i < limit; ++i) {
    if (text[i] == opens) ++depth;
    if (text[i] == closes && --depth == 0) return i;
  }
  return std::string_view::npos;
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || (c & 0x80); }

/// Emphasis, code marks, link targets and tags removed; their words stay.
std::string without_markup(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '\\' && i + 1 < text.size() && std::ispunct(static_cast<unsigned char>(text[i + 1]))) {
      out += text[++i];
    } else if (c == '!' && i + 1 < text.size() && text[i + 1] == '[') {
      continue;
    } else if (c == '[') {
      auto end = closing(text, i, '[', ']');
      if (end != std::string_view::npos && end + 1 < text.size() && text[end + 1] == '(') {
        auto target = closing(text, end + 1, '(', ')');
        if (target != std::string_view::npos) {
          for (char inner : text.substr(i + 1, end - i - 1))
            if (markers.find(inner) == std::string_view::npos) out += inner;
          i = target;
          continue;
        }
      }
      out += c;
    } else if (c == '<') {
      auto end = text.substr(0, i + 500).find('>', i);
      bool tag = end != std::string_view::npos && i + 1 < text.size() &&
                 (std::isalpha(static_cast<unsigned char>(text[i + 1])) || text[i + 1] == '/' ||
                  text[i + 1] == '!');
      if (!tag) {
        out += c;
        continue;
      }
      auto inside = text.substr(i + 1, end - i - 1);
      bool address = inside.find("://") != std::string_view::npos ||
                     inside.find('@') != std::string_view::npos;
      out += address ? std::string(inside) : " ";
      i = end;
    } else if (markers.find(c) != std::string_view::npos) {
      // snake_case and 2 * 3 keep theirs.
      bool inside_word =
          i > 0 && i + 1 < text.size() && is_word(text[i - 1]) && is_word(text[i + 1]);
      bool alone = i > 0 && i + 1 < text.size() && text[i - 1] == ' ' && text[i + 1] == ' ';
      if ((c == '_' && inside_word) || alone) out += c;
    } else {
      out += c;
    }
  }
  return out;
}

bool is_rule(std::string_view line, std::string_view of) {
  return line.size() >= 2 && line.find_first_not_of(of) == std::string_view::npos;
}

std::vector<std::string> table_cells(std::string_view line) {
  if (line.starts_with('|')) line.remove_prefix(1);
  if (line.ends_with('|')) line.remove_suffix(1);
  auto cells = split(line, '|');
  for (auto& cell : cells) cell = without_markup(cell);
  return cells;
}

std::string_view without_list_mark(std::string_view line) {
  if (line.starts_with("- ") || line.starts_with("* ") || line.starts_with("+ "))
    return line.substr(2);
  auto digits = line.find_first_not_of("0123456789");
  if (digits != 0 && digits != std::string_view::npos && digits <= 3 &&
      (line.substr(digits).starts_with(". ") || line.substr(digits).starts_with(") ")))
    return line.substr(digits + 2);
  return line;
}

class MarkdownReader {
 public:
  std::vector<Block> read(std::string_view text) {
    auto lines = split(text, '\n');
    for (std::size_t i = front_matter_end(lines); i < lines.size(); ++i) line(lines[i]);
    end_table();
    end_paragraph();
    return outline_.take();
  }

 private:
  static std::size_t front_matter_end(const std::vector<std::string>& lines) {
    if (lines.empty() || trim(lines[0]) != "---") return 0;
    for (std::size_t i = 1; i < std::min<std::size_t>(lines.size(), 100); ++i)
      if (trim(lines[i]) == "---") return i + 1;
    return 0;
  }

  void line(std::string_view raw) {
    auto text = trim(raw);
    if (text.starts_with("```") || text.starts_with("~~~")) {
      end_paragraph();
      in_code_ = !in_code_;
      return;
    }
    if (in_code_) return outline_.text(text);
    while (text.starts_with('>')) text = trim(text.substr(1));
    if (text.starts_with('|') || (in_table_ && text.find('|') != std::string_view::npos))
      return table_line(text);
    end_table();
    if (text.empty()) return end_paragraph();
    if (heading(text)) return;
    if (is_rule(text, "-*_ ")) return end_paragraph();
    auto item = without_list_mark(text);
    if (item.size() != text.size()) end_paragraph();
    if (!paragraph_.empty()) paragraph_ += ' ';
    paragraph_ += item;
  }

  bool heading(std::string_view text) {
    auto hashes = text.find_first_not_of('#');
    if (hashes != std::string_view::npos && hashes >= 1 && hashes <= 6 && text[hashes] == ' ') {
      end_paragraph();
      auto title = trim(text.substr(hashes));
      while (title.ends_with('#')) title.remove_suffix(1);
      outline_.heading(static_cast<int>(hashes), without_markup(title));
      return true;
    }
    bool double_rule = is_rule(text, "=");
    if (!paragraph_.empty() && (double_rule || is_rule(text, "-"))) {
      outline_.heading(double_rule ? 1 : 2, without_markup(std::exchange(paragraph_, {})));
      return true;
    }
    return false;
  }

  void table_line(std::string_view text) {
    end_paragraph();
    in_table_ = true;
    if (is_rule(text, "|-: ")) {
      header_ = Table::Header::first_row;
      return;
    }
    table_.add(table_cells(text));
  }
  void end_table() {
    if (!in_table_) return;
    table_.write(outline_, header_);
    table_ = {};
    header_ = Table::Header::unknown;
    in_table_ = false;
  }
  void end_paragraph() {
    if (!paragraph_.empty()) outline_.text(without_markup(std::exchange(paragraph_, {})));
  }

  Outline outline_;
  Table table_;
  Table::Header header_ = Table::Header::unknown;
  std::string paragraph_;
  bool in_table_ = false;
  bool in_code_ = false;
};

}  // namespace

std::vector<Block> parse_markdown(std::string_view utf8) { return MarkdownReader().read(utf8); }

}  // namespace parley::knowledge
