#include "lexicon.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>

#include "parley/base/strings.hpp"
#include "parley/providers/flite/pronunciation.hpp"

namespace parley::providers::pocketsphinx {

namespace {
/// Guesses kept; more words than that in one process start over.
constexpr std::size_t max_guessed = 20000;
}  // namespace

Result<std::unique_ptr<Lexicon>> Lexicon::load(const std::filesystem::path& dictionary) {
  std::ifstream file(dictionary, std::ios::binary);
  if (!file)
    return fail(Errc::unavailable, "speech dictionary missing: " + dictionary.string() +
                                       " (package pocketsphinx-en-us)");
  std::unique_ptr<Lexicon> lexicon(new Lexicon);
  lexicon->text_.assign(std::istreambuf_iterator<char>(file), {});
  const std::string_view text = lexicon->text_;
  for (std::size_t at = 0; at < text.size();) {
    auto end = text.find('\n', at);
    if (end == std::string_view::npos) end = text.size();
    const auto line = trim(text.substr(at, end - at));
    at = end + 1;
    const auto space = line.find_first_of(" \t");
    if (space == std::string_view::npos) continue;
    auto word = line.substr(0, space);
    word = word.substr(0, word.find('('));  // "tomato(2)" is another way to say "tomato"
    lexicon->entries_.push_back({word, trim(line.substr(space))});
  }
  if (lexicon->entries_.empty())
    return fail(Errc::unavailable, "speech dictionary empty: " + dictionary.string());
  // Equal words stay in file order: they lie in one text.
  std::ranges::sort(lexicon->entries_, [](const Entry& a, const Entry& b) {
    return a.word != b.word ? a.word < b.word : a.phones.data() < b.phones.data();
  });
  return lexicon;
}

bool Lexicon::contains(std::string_view word) const {
  return std::ranges::binary_search(entries_, word, {}, &Entry::word);
}

std::vector<std::string> Lexicon::pronunciations(std::string_view word) const {
  std::vector<std::string> result;
  for (const auto& entry : std::ranges::equal_range(entries_, word, {}, &Entry::word))
    result.emplace_back(entry.phones);
  if (!result.empty()) return result;
  {
    std::lock_guard lock(mutex_);
    if (auto known = guessed_.find(word); known != guessed_.end()) {
      if (!known->second.empty()) result.push_back(known->second);
      return result;
    }
  }
  const auto guess = join(flite::pronounce(word), " ");
  std::lock_guard lock(mutex_);
  if (guessed_.size() >= max_guessed) guessed_.clear();
  guessed_.emplace(word, guess);
  if (!guess.empty()) result.push_back(guess);
  return result;
}

}  // namespace parley::providers::pocketsphinx
