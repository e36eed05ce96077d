#include "outline.hpp"

#include <algorithm>
#include <set>

#include "parley/base/strings.hpp"

namespace parley::knowledge {

namespace {

bool has_digit(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

void append(std::string& line, std::string_view separator, std::string_view text) {
  if (text.empty()) return;
  if (!line.empty()) line += separator;
  line += text;
}

}  // namespace

std::string squeeze(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool space = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<unsigned char>(text[i]);
    // U+00A0, the space that does not break.
    bool wide_space = c == 0xC2 && i + 1 < text.size() && text[i + 1] == '\xA0';
    if (wide_space) ++i;
    if (wide_space || c <= 0x20 || c == 0x7F) {
      space = true;
      continue;
    }
    if (space && !out.empty()) out += ' ';
    space = false;
    out += static_cast<char>(c);
  }
  return out;
}

void Outline::heading(int level, std::string_view title) {
  auto clean = squeeze(title);
  if (clean.empty()) return;
  keep_bare_heading(level);
  for (auto& above : open_) above.used = true;
  open_.push_back({level, std::move(clean), false});
}

void Outline::keep_bare_heading(int level) {
  // A heading with nothing below it may be all that is said: "Closed on Mondays".
  if (!open_.empty() && !open_.back().used && open_.back().level >= level) {
    auto title = std::move(open_.back().title);
    open_.pop_back();
    text(title);
  }
  std::erase_if(open_, [&](const Open& open) { return open.level >= level; });
}

void Outline::text(std::string_view text) {
  auto clean = squeeze(text);
  if (clean.empty()) return;
  Block block;
  block.page = page_;
  block.text = std::move(clean);
  for (auto& open : open_) {
    open.used = true;
    block.headings.push_back(open.title);
  }
  blocks_.push_back(std::move(block));
}

std::vector<Block> Outline::take() {
  keep_bare_heading(0);
  return std::move(blocks_);
}

void Table::add(std::vector<std::string> cells) {
  for (auto& cell : cells) cell = squeeze(cell);
  while (!cells.empty() && cells.back().empty()) cells.pop_back();
  if (!cells.empty()) rows_.push_back(std::move(cells));
}

bool Table::first_row_names_columns() const {
  if (rows_.size() < 2) return false;
  const auto& first = rows_.front();
  if (first.size() < 2) return false;
  std::set<std::string> names;
  for (const auto& cell : first) {
    if (cell.empty() || has_digit(cell) || cell.size() > 60) return false;
    if (!names.insert(to_lower(cell)).second) return false;
  }
  return true;
}

void Table::write(Outline& outline, Header header) const {
  bool named = header == Header::first_row ? rows_.size() > 1 : first_row_names_columns();
  for (std::size_t r = named ? 1 : 0; r < rows_.size(); ++r) {
    const auto& row = rows_[r];
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (row[c].empty()) continue;
      std::string cell;
      if (named && c < rows_[0].size()) append(cell, "", rows_[0][c]);
      append(cell, ": ", row[c]);
      append(line, !named && row.size() == 2 ? ": " : "; ", cell);
    }
    outline.text(line);
  }
}

}  // namespace parley::knowledge
