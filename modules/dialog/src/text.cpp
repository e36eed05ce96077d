#include "text.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <set>

#include "parley/base/strings.hpp"

namespace parley::dialog {
namespace {

constexpr std::size_t max_words = 200;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80; }

/// A typographic apostrophe is an apostrophe, other typographic punctuation is a blank.
std::string plain(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("\xE2\x80\x99") || text.substr(i).starts_with("\xE2\x80\x98")) {
      out += '\'';
      i += 2;
    } else if (text.substr(i).starts_with("\xE2\x80")) {
      out += ' ';
      i += 2;
    } else {
      out += text[i];
    }
  }
  return to_lower(out);
}

/// Whether a punctuation mark stays, given what stands before and after it.
bool keeps(char mark, char before, char after) {
  if (mark == '\'') return is_letter(before) && is_letter(after);
  if (mark == ':' || mark == '/' || mark == '-') return is_digit(before) && is_digit(after);
  return false;
}

void add_word(Words& words, std::string word) {
  if (word.empty() || words.size() >= max_words) return;
  // "2pm" and "2:30pm" are two words, as spoken.
  if (word.size() > 2 && (word.ends_with("am") || word.ends_with("pm")) &&
      is_digit(word[word.size() - 3])) {
    words.push_back(word.substr(0, word.size() - 2));
    words.push_back(word.substr(word.size() - 2));
    return;
  }
  words.push_back(std::move(word));
}

void add_chunk(Words& words, std::string_view chunk) {
  std::string bare(chunk);
  std::erase_if(bare, [](char c) { return c == '.' || c == ','; });
  if (bare.ends_with("am") || bare.ends_with("pm")) {
    auto head = std::string_view(bare).substr(0, bare.size() - 2);
    if (std::ranges::all_of(head, [](char c) { return is_digit(c) || c == ':'; }))
      return add_word(words, bare);
  }
  std::string word;
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    char before = i > 0 ? chunk[i - 1] : ' ';
    char after = i + 1 < chunk.size() ? chunk[i + 1] : ' ';
    char c = chunk[i];
    if (is_digit(c) || is_letter(c) || keeps(c, before, after)) {
      word += c;
    } else {
      add_word(words, std::exchange(word, {}));
      if (c == '&') add_word(words, "and");
    }
  }
  add_word(words, word);
}

struct PatternWord {
  std::string_view choices;
  bool optional = false;
  bool fits(std::string_view word) const {
    if (choices == "*") return true;
    for (std::size_t at = 0; at <= choices.size();) {
      auto bar = std::min(choices.find('|', at), choices.size());
      if (choices.substr(at, bar - at) == word) return true;
      at = bar + 1;
    }
    return false;
  }
};

struct Pattern {
  std::vector<PatternWord> words;
  bool from_start = false;
  bool to_end = false;
};

Pattern parse_pattern(std::string_view text) {
  Pattern pattern;
  if (text.starts_with('^')) {
    pattern.from_start = true;
    text.remove_prefix(1);
  }
  if (text.ends_with('$')) {
    pattern.to_end = true;
    text.remove_suffix(1);
  }
  for (std::size_t at = 0; at < text.size();) {
    auto blank = std::min(text.find(' ', at), text.size());
    auto word = text.substr(at, blank - at);
    at = blank + 1;
    if (word.empty()) continue;
    bool optional = word.ends_with('?');
    if (optional) word.remove_suffix(1);
    pattern.words.push_back({word, optional});
  }
  return pattern;
}

/// The end of the match of pattern words from `next` on at word `at`, if there is one.
std::optional<std::size_t> match_at(const Pattern& pattern, std::size_t next, const Words& words,
                                    std::size_t at) {
  if (next == pattern.words.size()) {
    if (pattern.to_end && at != words.size()) return std::nullopt;
    return at;
  }
  const auto& word = pattern.words[next];
  if (at < words.size() && word.fits(words[at]))
    if (auto end = match_at(pattern, next + 1, words, at + 1)) return end;
  if (word.optional) return match_at(pattern, next + 1, words, at);
  return std::nullopt;
}

}  // namespace

Words words_of(std::string_view text) {
  auto lower = plain(text.substr(0, 8000));
  Words words;
  std::size_t at = 0;
  while (at < lower.size() && words.size() < max_words) {
    auto end = std::min(lower.find_first_of(" \t\r\n", at), lower.size());
    add_chunk(words, std::string_view(lower).substr(at, end - at));
    at = end + 1;
  }
  return words;
}

std::string join(const Words& words, Span part) {
  std::string out;
  for (auto i = part.begin; i < part.end && i < words.size(); ++i)
    out += (out.empty() ? "" : " ") + words[i];
  return out;
}
std::string join(const Words& words) { return join(words, {0, words.size()}); }

std::optional<Span> find(const Words& words, std::string_view text) {
  auto pattern = parse_pattern(text);
  auto last = pattern.from_start ? std::size_t{0} : words.size();
  for (std::size_t at = 0; at <= last; ++at)
    if (auto end = match_at(pattern, 0, words, at)) return Span{at, *end};
  return std::nullopt;
}

std::optional<std::size_t> find_at(const Words& words, std::size_t at, std::string_view text) {
  return match_at(parse_pattern(text), 0, words, at);
}

bool has_any(const Words& words, std::initializer_list<std::string_view> patterns) {
  return std::ranges::any_of(patterns, [&](auto pattern) { return has(words, pattern); });
}

Words without(const Words& words, Span part) {
  Words rest(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(part.begin));
  rest.emplace_back(",");
  rest.insert(rest.end(), words.begin() + static_cast<std::ptrdiff_t>(part.end), words.end());
  return rest;
}

double similarity(std::string_view a, std::string_view b) {
  std::string left(a), right(b);
  std::erase(left, ' ');
  std::erase(right, ' ');
  auto longest = std::max(left.size(), right.size());
  if (longest == 0) return 0;
  return 1.0 - static_cast<double>(edit_distance(left, right)) / static_cast<double>(longest);
}

bool is_stopword(std::string_view word) {
  static const std::set<std::string_view> words{
      "a",      "an",       "the",       "and",    "or",      "but",      "of",    "to",
      "in",     "on",       "at",        "for",    "with",    "from",     "by",    "is",
      "are",    "was",      "were",      "be",     "been",    "am",       "do",    "does",
      "did",    "have",     "has",       "had",    "i",       "you",      "he",    "she",
      "it",     "we",       "they",      "me",     "my",      "your",     "our",   "their",
      "his",    "her",      "its",       "us",     "them",    "this",     "that",  "these",
      "those",  "there",    "here",      "what",   "which",   "who",      "whom",  "when",
      "where",  "why",      "how",       "if",     "can",     "could",    "will",  "would",
      "should", "shall",    "may",       "might",  "must",    "please",   "uh",    "um",
      "er",     "hm",       "hmm",       "mm",     "oh",      "ah",       "well",  "so",
      "just",   "some",     "any",       "about",  "like",    "want",     "need",  "know",
      "tell",   "get",      "got",       "yes",    "no",      "not",      "yeah",  "okay",
      "ok",     "hi",       "hello",     "hey",    "i'd",     "i'm",      "i'll",  "i've",
      "it's",   "that's",   "what's",    "don't",  "doesn't", "you're",   "too",   "also",
      "then",   "than",     "as",        "up",     "out",     "much",     "many",  "long",
      "kind",   "thing",    "things",    "sort",   "really",  "actually", "maybe", "guess",
      "think",  "question", "wondering", "happen", "happens", "huh",      "guys",  "give",
      "let",    "let's",    "go",        "make",   "take",    "offer"};
  return words.contains(word);
}

std::string stem_of(std::string_view word) {
  std::string stem(word);
  auto strip = [&](std::string_view ending, std::size_t keep) {
    if (!stem.ends_with(ending) || stem.size() < ending.size() + keep) return false;
    stem.resize(stem.size() - ending.size());
    return true;
  };
  strip("'s", 2);
  if (strip("ies", 3)) return stem + "y";
  if (!stem.ends_with("ss") && !stem.ends_with("us")) strip("s", 3);
  if (strip("ing", 3) || strip("ed", 3)) {
    if (stem.size() > 3 && stem[stem.size() - 1] == stem[stem.size() - 2]) stem.pop_back();
  }
  strip("e", 3);
  return stem;
}

Words content_stems(const Words& words) {
  Words stems;
  for (const auto& word : words) {
    if (is_stopword(word) || (word.size() < 2 && !is_digit(word[0]))) continue;
    auto stem = stem_of(word);
    if (std::ranges::find(stems, stem) == stems.end()) stems.push_back(stem);
  }
  return stems;
}

std::string as_name(const Words& words) {
  Words parts;
  for (auto word : words) {
    if (word.empty()) continue;
    word = capitalized(word);
    if (word.size() > 2 && word[1] == '\'') word[2] = capitalized(word.substr(2, 1))[0];
    parts.push_back(word);
  }
  return join(parts);
}

std::string capitalized(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z')
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

std::string content_hash(std::string_view text) {
  std::array<std::byte, 16> hash{};
  crypto_generichash(reinterpret_cast<unsigned char*>(hash.data()), hash.size(),
                     reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
  return to_hex(hash);
}

}  // namespace parley::dialog
