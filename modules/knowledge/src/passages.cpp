#include "passages.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "parley/base/strings.hpp"

namespace parley::knowledge {

namespace {

struct Word {
  std::string_view text;
  std::uint32_t block;
  bool ends_block;
  bool ends_sentence;
};

bool ends_sentence(std::string_view word) {
  while (!word.empty() && (word.ends_with('"') || word.ends_with(')') || word.ends_with('\'')))
    word.remove_suffix(1);
  return word.ends_with('.') || word.ends_with('!') || word.ends_with('?');
}

/// What stands before a full stop that ends no sentence.
bool is_abbreviation(std::string_view word) {
  constexpr std::array known{std::string_view("dr"),   std::string_view("mr"),
                             std::string_view("mrs"),  std::string_view("ms"),
                             std::string_view("prof"), std::string_view("st"),
                             std::string_view("ave"),  std::string_view("mt"),
                             std::string_view("jr"),   std::string_view("sr")};
  auto lower = to_lower(word);
  return lower.size() == 1 || std::ranges::find(known, lower) != known.end();
}

std::vector<Word> words_of(const std::vector<Block>& blocks, std::size_t from, std::size_t to) {
  std::vector<Word> words;
  for (std::size_t b = from; b < to; ++b) {
    std::string_view text(blocks[b].text);
    while (true) {
      auto start = text.find_first_not_of(' ');
      if (start == std::string_view::npos) break;
      text.remove_prefix(start);
      auto word = text.substr(0, text.find(' '));
      text.remove_prefix(word.size());
      words.push_back({word, static_cast<std::uint32_t>(b), false, ends_sentence(word)});
    }
    if (!words.empty() && words.back().block == b)
      words.back().ends_block = words.back().ends_sentence = true;
  }
  return words;
}

/// The depth at which the document first has several headings: a single title is not a section.
std::size_t section_depth(const std::vector<Block>& blocks) {
  for (std::size_t depth = 0; depth < 6; ++depth) {
    std::set<std::string_view> titles;
    for (const auto& block : blocks) {
      if (block.headings.size() > depth) titles.insert(block.headings[depth]);
      if (titles.size() > 1) return depth;
    }
  }
  return 0;
}

bool same_section(const Block& a, const Block& b, std::size_t depth) {
  auto path = [&](const Block& block) {
    return std::span(block.headings).first(std::min(block.headings.size(), depth + 1));
  };
  return std::ranges::equal(path(a), path(b));
}

class Cutter {
 public:
  Cutter(const std::vector<Block>& blocks, const PassageOptions& options, std::vector<Cut>& out)
      : blocks_(blocks), options_(options), out_(out) {}

  void section(std::size_t from, std::size_t to) {
    words_ = words_of(blocks_, from, to);
    std::size_t start = 0;  // where the passage's text starts
    std::size_t fresh = 0;  // the first word that no passage holds yet
    while (fresh < words_.size()) {
      auto end = end_of(start, fresh);
      write(start, fresh, end);
      if (end >= words_.size()) break;
      fresh = end;
      start = overlap_start(start, end);
    }
  }

 private:
  /// A passage of so few words that a page break alone does not make it.
  std::size_t least() const { return options_.words / 5; }

  std::size_t end_of(std::size_t start, std::size_t fresh) const {
    auto limit = std::min(words_.size(), start + options_.words);
    for (auto i = fresh + 1; i < limit; ++i) {
      bool page_turns = blocks_[words_[i].block].page != blocks_[words_[i - 1].block].page;
      if (page_turns && i - fresh >= least()) return i;
    }
    if (limit == words_.size()) return limit;
    // The last fifth is given up for an end at a sentence.
    for (auto i = limit; i > std::max(fresh + 1, limit - least()); --i)
      if (words_[i - 1].ends_sentence) return i;
    return limit;
  }

  std::size_t overlap_start(std::size_t start, std::size_t end) const {
    auto earliest = end - std::min({options_.overlap, end - start - 1, options_.words / 2});
    for (auto i = earliest; i < end; ++i)
      if (i == 0 || words_[i - 1].ends_sentence) return i;
    return earliest;
  }

  void write(std::size_t start, std::size_t fresh, std::size_t end) {
    Cut cut;
    for (auto i = start; i < end; ++i) {
      cut.text += words_[i].text;
      if (i + 1 < end) cut.text += words_[i].ends_block ? '\n' : ' ';
    }
    const auto& first = blocks_[words_[fresh].block];
    cut.heading = join(first.headings, " > ");
    cut.page = first.page;
    out_.push_back(std::move(cut));
  }

  const std::vector<Block>& blocks_;
  const PassageOptions& options_;
  std::vector<Cut>& out_;
  std::vector<Word> words_;
};

}  // namespace

std::vector<Cut> cut_passages(const std::vector<Block>& blocks, const PassageOptions& options) {
  std::vector<Cut> out;
  auto depth = section_depth(blocks);
  Cutter cutter(blocks, options, out);
  for (std::size_t from = 0; from < blocks.size();) {
    auto to = from + 1;
    while (to < blocks.size() && same_section(blocks[from], blocks[to], depth)) ++to;
    cutter.section(from, to);
    from = to;
  }
  return out;
}

std::vector<std::string> split_sentences(std::string_view text) {
  std::vector<std::string> sentences;
  std::string current;
  auto end = [&] {
    if (auto clean = trim(current); !clean.empty()) sentences.emplace_back(clean);
    current.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      end();
      continue;
    }
    current += text[i];
    bool stop = text[i] == '.' || text[i] == '!' || text[i] == '?';
    // "$1.50", "Dr. Lee" and "a.m. to" go on; a sentence starts with a capital after a space.
    if (!stop || i + 2 >= text.size() || text[i + 1] != ' ') continue;
    auto next = static_cast<unsigned char>(text[i + 2]);
    bool capital = (next >= 'A' && next <= 'Z') || (next & 0x80) || (next >= '0' && next <= '9');
    std::string_view before(current);
    before.remove_suffix(1);
    auto space = before.rfind(' ');
    if (space != std::string_view::npos) before.remove_prefix(space + 1);
    if (capital && !is_abbreviation(before)) end();
  }
  end();
  return sentences;
}

}  // namespace parley::knowledge
