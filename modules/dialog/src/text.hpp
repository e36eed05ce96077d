#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::dialog {

using Words = std::vector<std::string>;

/// Part of a sentence, in words, half open.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t size() const { return end - begin; }
  bool overlaps(const Span& other) const { return begin < other.end && other.begin < end; }
};

/// Lower-case words without punctuation: "At 2:30 p.m., O'Brien's check-up" is
/// {at, 2:30, pm, o'brien's, check, up}. Digits keep ':', '/' and '-' between them. At most 200
/// words are taken: nobody says more in a turn.
Words words_of(std::string_view text);
std::string join(const Words& words, Span part);
std::string join(const Words& words);

/// The first place where `pattern` stands. A pattern is words separated by spaces; "a|b" is either,
/// a last '?' makes a word optional, a first "^" and a last "$" tie it to the ends of the sentence,
/// "*" is any one word.
std::optional<Span> find(const Words& words, std::string_view pattern);
/// The end of the match of `pattern` that starts at word `at`, if there is one.
std::optional<std::size_t> find_at(const Words& words, std::size_t at, std::string_view pattern);
inline bool has(const Words& words, std::string_view pattern) {
  return find(words, pattern).has_value();
}
bool has_any(const Words& words, std::initializer_list<std::string_view> patterns);

/// `words` with a comma in place of the part: what stood around it does not belong together.
Words without(const Words& words, Span part);
/// 1 for equal words, 0 for nothing in common; blanks do not count.
double similarity(std::string_view a, std::string_view b);
/// Words that carry no subject: "the", "please", "do", "you".
bool is_stopword(std::string_view word);
/// "cleanings", "cleaned" and "cleaning" have one stem.
std::string stem_of(std::string_view word);
/// Subject words of a text, as stems, each once, in order.
Words content_stems(const Words& words);
/// "anna o'brien" is "Anna O'Brien".
std::string as_name(const Words& words);
std::string capitalized(std::string text);
/// 32 hex digits that distinguish contents.
std::string content_hash(std::string_view text);

}  // namespace parley::dialog
