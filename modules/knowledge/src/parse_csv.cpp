#include <algorithm>

#include "outline.hpp"
#include "parsers.hpp"

namespace parley::knowledge {

namespace {

constexpr std::size_t max_quoted_field = 64u << 10;

char separator_of(std::string_view text) {
  auto first = text.substr(0, text.find('\n'));
  char best = ',';
  std::ptrdiff_t most = 0;
  for (char candidate : {',', ';', '\t', '|'}) {
    auto count = std::ranges::count(first, candidate);
    if (count > most) {
      most = count;
      best = candidate;
    }
  }
  return best;
}

/// RFC 4180, and what people make of it: a quote that is never closed is an ordinary character.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : text_(text), separator_(separator_of(text)) {}

  bool done() const { return at_ >= text_.size(); }
  std::vector<std::string> row() {
    std::vector<std::string> cells;
    while (true) {
      cells.push_back(cell());
      if (done()) break;
      char ended_by = text_[at_++];
      if (ended_by == '\n') break;
    }
    return cells;
  }

 private:
  std::string cell() {
    auto start = std::min(text_.find_first_not_of(' ', at_), text_.size());
    if (start < text_.size() && text_[start] == '"') {
      std::string quoted;
      if (read_quoted(start + 1, quoted)) return quoted;
    }
    auto end = at_;
    while (end < text_.size() && text_[end] != separator_ && text_[end] != '\n') ++end;
    std::string plain(text_.substr(at_, end - at_));
    at_ = end;
    return plain;
  }

  bool read_quoted(std::size_t from, std::string& out) {
    // Once a quote was left open, the rest is not searched to its end again for each further one.
    auto limit = quotes_unbalanced_ ? std::min(text_.find('\n', from), text_.size())
                                    : std::min(from + max_quoted_field, text_.size());
    for (auto i = from; i < limit; ++i) {
      if (text_[i] != '"') {
        out += text_[i];
      } else if (i + 1 < limit && text_[i + 1] == '"') {
        out += '"';
        ++i;
      } else if (auto end = std::min(text_.find_first_not_of(' ', i + 1), text_.size());
                 end == text_.size() || text_[end] == separator_ || text_[end] == '\n') {
        at_ = end;
        return true;
      } else {
        out += '"';
      }
    }
    quotes_unbalanced_ = true;
    return false;
  }

  std::string_view text_;
  char separator_;
  std::size_t at_ = 0;
  bool quotes_unbalanced_ = false;
};

}  // namespace

std::vector<Block> parse_csv(std::string_view utf8) {
  CsvReader reader(utf8);
  Table table;
  while (!reader.done()) table.add(reader.row());
  Outline outline;
  table.write(outline, Table::Header::unknown);
  return outline.take();
}

}  // namespace parley::knowledge
