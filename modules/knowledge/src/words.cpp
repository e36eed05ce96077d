#include "words.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <unordered_set>

#include "parley/base/strings.hpp"

namespace parley::knowledge {

namespace {

/// U+00C0..U+00FF without their accents; ' ' where it is not a letter.
constexpr std::string_view latin_1_letters =
    "aaaaaaaceeeeiiiidnooooo ouuuuytsaaaaaaaceeeeiiiidnooooo ouuuuyty";

struct Decoded {
  char32_t code;
  std::size_t size;
};
Decoded decode(std::string_view text, std::size_t at) {
  auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
  };
  auto first = byte(0);
  if (first < 0x80) return {first, 1};
  if (first < 0xE0) return {((first & 0x1Fu) << 6) | (byte(1) & 0x3Fu), 2};
  if (first < 0xF0)
    return {((first & 0x0Fu) << 12) | ((byte(1) & 0x3Fu) << 6) | (byte(2) & 0x3Fu), 3};
  return {0x10000, 4};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

enum class Kind { letters, number };
struct Token {
  std::string text;
  Kind kind = Kind::letters;
  bool joined = false;  ///< by a hyphen to the token before
};

/// Splits into runs of letters and numbers, folding case and accents.
class Tokenizer {
 public:
  explicit Tokenizer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    while (at_ < text_.size()) step();
    end();
    return std::move(tokens_);
  }

 private:
  void step() {
    char c = text_[at_];
    if (is_digit(c)) return number();
    if (c == '-' && !current_.empty()) {
      end();
      hyphen_ = true;
      ++at_;
      return;
    }
    if (c == '\'' && !current_.empty()) return apostrophe(1);
    auto [code, size] = decode(text_, at_);
    if (code == 0x2019 && !current_.empty()) return apostrophe(size);
    if (code < 0x80) {
      ascii(c);
    } else if (code >= 0xC0 && code < 0x100) {
      latin(code);
    } else if (code >= 0x100 && !(code >= 0x2000 && code < 0x2C00) && code != 0xFFFD) {
      // Letters of other scripts stay as they are; U+2000..U+2BFF is punctuation and signs.
      current_ += text_.substr(at_, size);
    } else {
      end();
      if (code == 0xA3) currency_ = "pounds";
      if (code == 0x20AC) currency_ = "euros";
    }
    at_ += size;
  }

  void ascii(char c) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c >= 'a' && c <= 'z') {
      current_ += c;
      return;
    }
    end();
    hyphen_ = false;
    if (c == '$') currency_ = "dollars";
    if (c == '&') tokens_.push_back({"and"});
    if (c == '%') tokens_.push_back({"percent"});
  }

  void latin(char32_t code) {
    char letter = latin_1_letters[code - 0xC0];
    if (letter == ' ') return end();
    current_ += letter;
    if (code == 0xDF) current_ += 's';
    if (code == 0xC6 || code == 0xE6) current_ += 'e';
  }

  /// "children's" loses its s, "don't" its apostrophe.
  void apostrophe(std::size_t size) {
    at_ += size;
    if (at_ < text_.size() && (text_[at_] == 's' || text_[at_] == 'S')) {
      bool ends =
          at_ + 1 >= text_.size() || !std::isalpha(static_cast<unsigned char>(text_[at_ + 1]));
      if (ends) {
        ++at_;
        end();
      }
    }
  }

  void number() {
    end();
    std::string digits;
    while (at_ < text_.size()) {
      if (is_digit(text_[at_])) {
        digits += text_[at_++];
      } else if (text_[at_] == ',' && groups_of_three(at_ + 1)) {
        ++at_;
      } else {
        break;
      }
    }
    if (auto cents = text_.substr(at_, 3); cents.starts_with(".00") && !is_digit(peek(3))) at_ += 3;
    if (digits.size() > 1 && digits[0] == '0' && digits.size() < 4)
      digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
    push({std::move(digits), Kind::number});
    for (std::string_view suffix : {"st", "nd", "rd", "th"})
      if (to_lower(text_.substr(at_, 2)) == suffix &&
          !std::isalpha(static_cast<unsigned char>(peek(2))))
        return void(at_ += 2);
    if (!currency_.empty()) tokens_.push_back({std::exchange(currency_, {})});
  }
  char peek(std::size_t ahead) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool groups_of_three(std::size_t from) const {
    for (std::size_t i = 0; i < 3; ++i)
      if (from + i >= text_.size() || !is_digit(text_[from + i])) return false;
    return from + 3 >= text_.size() || !is_digit(text_[from + 3]);
  }

  void end() {
    if (!current_.empty()) push({std::exchange(current_, {})});
  }
  void push(Token token) {
    token.joined = std::exchange(hyphen_, false) && !tokens_.empty();
    // Nothing that long is a word: a key, a hash, a line of dashes.
    if (token.text.size() <= 40) tokens_.push_back(std::move(token));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string current_;
  std::string currency_;
  bool hyphen_ = false;
  std::vector<Token> tokens_;
};

constexpr std::array<std::string_view, 20> units{
    "zero",     "one",     "two",     "three",     "four",     "five",    "six",
    "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
constexpr std::array<std::string_view, 10> tens{"",      "",      "twenty",  "thirty", "forty",
                                                "fifty", "sixty", "seventy", "eighty", "ninety"};

std::optional<int> unit_value(std::string_view word) {
  auto found = std::ranges::find(units, word);
  if (found == units.end()) return std::nullopt;
  return static_cast<int>(found - units.begin());
}
std::optional<int> tens_value(std::string_view word) {
  if (word.empty()) return std::nullopt;
  auto found = std::ranges::find(tens, word);
  if (found == tens.end()) return std::nullopt;
  return static_cast<int>(found - tens.begin()) * 10;
}

/// "one hundred and eighty" at `at` -> 180, moving `at` past it.
std::optional<std::int64_t> number_at(const std::vector<Token>& tokens, std::size_t& at) {
  std::int64_t total = 0;
  std::int64_t group = 0;
  std::int64_t last = 1000;  // the smallest magnitude said in this group: the next must be smaller
  bool any = false;
  auto i = at;
  for (; i < tokens.size(); ++i) {
    const auto& word = tokens[i].text;
    if (auto unit = unit_value(word); unit && last > (*unit >= 10 ? 10 : 9) && last != 1) {
      if (last == 10 && *unit >= 10) break;
      group += *unit;
      last = 1;
    } else if (auto ten = tens_value(word); ten && last > 10) {
      group += *ten;
      last = 10;
    } else if (word == "hundred" && any && group > 0 && group < 10) {
      group *= 100;
      last = 100;
    } else if (word == "thousand" && any && group > 0 && total == 0) {
      total = group * 1000;
      group = 0;
      last = 1000;
    } else {
      bool goes_on = word == "and" && last == 100 && i + 1 < tokens.size() &&
                     (unit_value(tokens[i + 1].text) || tens_value(tokens[i + 1].text));
      if (!goes_on) break;
      continue;
    }
    any = true;
  }
  if (!any) return std::nullopt;
  at = i;
  return total + group;
}

std::vector<Token> tokenize(std::string_view utf8) {
  auto raw = Tokenizer(utf8).run();
  std::vector<Token> out;
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size();) {
    auto at = i;
    if (auto number = number_at(raw, at)) {
      out.push_back({std::to_string(*number), Kind::number});
      // "one eighty", "two fifty": a price or a time as it is spoken.
      auto after = at;
      if (*number >= 1 && *number <= 12 && at == i + 1)
        if (auto rest = number_at(raw, after); rest && *rest >= 20 && *rest <= 99)
          out.push_back({std::to_string(*number * 100 + *rest), Kind::number});
      i = at;
      continue;
    }
    out.push_back(std::move(raw[i++]));
  }
  return out;
}

const std::unordered_set<std::string_view>& stop_words() {
  static const std::unordered_set<std::string_view> words{
      "a",        "an",    "the",    "and",    "or",     "but",    "if",        "of",
      "at",       "by",    "for",    "with",   "about",  "to",     "from",      "in",
      "on",       "off",   "out",    "over",   "under",  "then",   "than",      "too",
      "very",     "can",   "will",   "just",   "should", "could",  "would",     "may",
      "might",    "must",  "shall",  "i",      "me",     "my",     "we",        "our",
      "ours",     "you",   "your",   "yours",  "he",     "him",    "his",       "she",
      "her",      "it",    "its",    "they",   "them",   "their",  "what",      "which",
      "who",      "whom",  "this",   "that",   "these",  "those",  "am",        "is",
      "are",      "was",   "were",   "be",     "been",   "being",  "have",      "has",
      "had",      "do",    "does",   "did",    "doing",  "as",     "until",     "while",
      "so",       "such",  "there",  "here",   "how",    "when",   "where",     "why",
      "all",      "any",   "some",   "no",     "not",    "only",   "own",       "same",
      "um",       "uh",    "er",     "ah",     "oh",     "hmm",    "like",      "please",
      "hello",    "hi",    "hey",    "thanks", "thank",  "okay",   "ok",        "yes",
      "yeah",     "well",  "know",   "tell",   "want",   "wanted", "wondering", "wonder",
      "need",     "get",   "got",    "let",    "us",     "im",     "ive",       "id",
      "ill",      "dont",  "doesnt", "cant",   "whats",  "theres", "youre",     "were",
      "isnt",     "arent", "also",   "into",   "say",    "ask",    "question",  "calling",
      "call",     "going", "gonna",  "much",   "many",   "kind",   "sort",      "really",
      "actually", "one",   "1",      "up",     "s",      "t",      "because",   "something"};
  return words;
}

/// Words for the same thing in what callers ask of businesses. A question with one of a row also
/// looks, less keenly, for the others.
const std::vector<std::vector<std::string_view>>& synonym_rows() {
  static const std::vector<std::vector<std::string_view>> rows{
      {"price", "cost", "fee", "charge", "rate", "dollars", "expensive"},
      {"hours", "open", "close", "closed", "opening"},
      {"address", "located", "location", "street", "directions"},
      {"parking", "park", "garage", "car"},
      {"insurance", "insurer", "coverage", "plan", "covered"},
      {"pay", "payment", "card", "cash", "billing"},
      {"installments", "financing", "monthly", "finance"},
      {"appointment", "visit", "booking", "schedule"},
      {"cancel", "cancellation", "reschedule", "missed", "miss"},
      {"emergency", "urgent", "pain", "hurts", "ache", "toothache"},
      {"child", "children", "kid", "kids", "pediatric", "son", "daughter"},
      {"wheelchair", "accessible", "disabled", "ramp", "elevator"},
      {"doctor", "dentist", "dr", "staff", "team"},
      {"new", "first"},
      {"discount", "special", "offer", "coupon"},
      {"refund", "money", "guarantee", "warranty"},
      {"phone", "telephone", "number"},
      {"email", "mail"},
      {"long", "duration", "takes", "minutes"},
      {"saturday", "sunday", "weekend"},
      {"laptop", "computer"},
      {"allergy", "allergic", "allergies"},
      {"afraid", "scared", "nervous", "anxious", "fear", "anxiety"}};
  return rows;
}

struct Phrase {
  std::string_view first;
  std::string_view second;
  std::string_view means;
};
/// Two small words that together ask for something.
constexpr std::array phrases{Phrase{"how", "much", "price"},   Phrase{"how", "long", "minutes"},
                             Phrase{"what", "time", "hours"},  Phrase{"how", "late", "hours"},
                             Phrase{"how", "early", "hours"},  Phrase{"you", "located", "address"},
                             Phrase{"find", "you", "address"}, Phrase{"get", "there", "directions"},
                             Phrase{"set", "back", "price"},   Phrase{"cannot", "come", "cancel"},
                             Phrase{"cant", "come", "cancel"}, Phrase{"cant", "make", "cancel"}};

const std::unordered_map<std::string, std::vector<std::string>>& synonyms() {
  static const auto built = [] {
    std::unordered_map<std::string, std::vector<std::string>> map;
    for (const auto& row : synonym_rows())
      for (auto word : row)
        for (auto other : row)
          if (stem(word) != stem(other)) map[stem(word)].push_back(stem(other));
    return map;
  }();
  return built;
}

bool is_consonant(char c) {
  return c >= 'a' && c <= 'z' && std::string_view("aeiou").find(c) == std::string_view::npos;
}
bool has_vowel(std::string_view text) {
  return text.find_first_of("aeiouy") != std::string_view::npos;
}

void add(std::vector<QueryTerm>& terms, std::string stemmed, double weight, std::size_t limit) {
  for (auto& term : terms)
    if (term.stem == stemmed) return void(term.weight = std::max(term.weight, weight));
  if (terms.size() < limit) terms.push_back({std::move(stemmed), weight});
}

std::string number_in_words(std::int64_t value) {
  if (value < 20) return std::string(units[static_cast<std::size_t>(value)]);
  if (value < 100) {
    std::string out(tens[static_cast<std::size_t>(value / 10)]);
    return value % 10 ? out + " " + number_in_words(value % 10) : out;
  }
  auto [size, name] = value < 1000 ? std::pair{100, " hundred"} : std::pair{1000, " thousand"};
  auto out = number_in_words(value / size) + name;
  return value % size ? out + " " + number_in_words(value % size) : out;
}

}  // namespace

std::vector<std::string> plain_words(std::string_view utf8) {
  std::vector<std::string> words;
  for (auto& token : tokenize(utf8)) words.push_back(std::move(token.text));
  return words;
}

std::string stem(std::string_view word) {
  std::string out(word);
  auto cut = [&](std::string_view ending, std::size_t keep, std::string_view instead = "") {
    if (!out.ends_with(ending) || out.size() < ending.size() + keep) return false;
    if (!has_vowel(std::string_view(out).substr(0, out.size() - ending.size()))) return false;
    out.resize(out.size() - ending.size());
    out += instead;
    return true;
  };
  if (out.size() < 3 || !(out[0] >= 'a' && out[0] <= 'z')) return out;
  if (!cut("sses", 1, "ss") && !cut("ies", 2, "y") && !out.ends_with("ss") &&
      !out.ends_with("us") && !out.ends_with("is"))
    cut("s", 2);
  if (!cut("ingly", 3) && !cut("edly", 3) && !cut("ation", 3) && !cut("ment", 3) &&
      !cut("ness", 3) && !cut("ing", 3) && !cut("ed", 3) && !cut("ly", 4) && !cut("er", 4))
    cut("est", 4);
  if (out.size() > 3 && out.back() == 'e') out.pop_back();
  if (out.size() > 3 && out.back() == 'y') out.back() = 'i';
  if (out.size() > 3 && out.back() == out[out.size() - 2] && is_consonant(out.back()))
    out.pop_back();
  return out;
}

bool is_stop_word(std::string_view word) { return stop_words().contains(word); }

std::vector<std::string> index_terms(std::string_view utf8) {
  std::vector<std::string> terms;
  std::string before;
  for (const auto& token : tokenize(utf8)) {
    if (token.joined && token.kind == Kind::letters && !before.empty())
      terms.push_back(stem(before + token.text));
    before = token.kind == Kind::letters ? token.text : "";
    if (!is_stop_word(token.text)) terms.push_back(stem(token.text));
  }
  return terms;
}

std::vector<QueryTerm> query_terms(std::string_view utf8, std::size_t limit) {
  auto words = plain_words(utf8.substr(0, 2000));
  std::vector<QueryTerm> terms;
  for (const auto& word : words)
    if (!is_stop_word(word)) add(terms, stem(word), 1.0, limit);
  if (terms.empty())
    for (const auto& word : words) add(terms, stem(word), 0.5, limit);
  auto own = terms.size();
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    for (const auto& phrase : phrases)
      if (words[i] == phrase.first && words[i + 1] == phrase.second)
        add(terms, stem(phrase.means), 0.7, limit);
    if (words[i].size() + words[i + 1].size() >= 5)
      add(terms, stem(words[i] + words[i + 1]), 0.8, limit);
  }
  for (std::size_t i = 0; i < own; ++i)
    if (auto found = synonyms().find(terms[i].stem); found != synonyms().end())
      for (const auto& other : found->second) add(terms, other, 0.35, limit);
  return terms;
}

std::string spoken_words(std::string_view utf8) {
  std::vector<std::string> out;
  for (auto& token : tokenize(utf8)) {
    if (token.kind == Kind::letters) {
      out.push_back(std::move(token.text));
    } else if (token.text.size() <= 5) {
      out.push_back(number_in_words(std::stoll(token.text)));
    } else {
      for (char digit : token.text) out.emplace_back(units[static_cast<std::size_t>(digit - '0')]);
    }
  }
  return join(out, " ");
}

}  // namespace parley::knowledge
