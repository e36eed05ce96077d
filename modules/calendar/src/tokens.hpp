#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace parley::calendar {

/// One word of what was said, with numbers read: "twenty first" is one ordinal of value 21, "2:30"
/// one clock, "3/14" one date.
struct Token {
  enum class Kind { word, number, ordinal, clock, date };
  Kind kind = Kind::word;
  std::string text;     ///< lower case, as heard
  int value = 0;        ///< number and ordinal; clock: minutes since midnight
  int digits = 0;       ///< how many digits it was written with; 0 when spelled
  bool padded = false;  ///< "05", "oh five"
  bool dotted = false;  ///< clock written "2.30", which may be an amount of money
  bool breaks = false;  ///< punctuation follows
  int year = 0;         ///< date only; 0 when not said
  int month = 0;
  int day = 0;
};

/// The tokens of an utterance with forgiving access: past the end is an empty word.
class Words {
 public:
  /// Reads at most the first 2,000 bytes: nobody says more about a day in one breath.
  explicit Words(std::string_view text);

  std::size_t size() const { return tokens_.size(); }
  const Token& operator[](std::size_t i) const { return i < tokens_.size() ? tokens_[i] : none_; }
  bool is(std::size_t i, std::string_view word) const { return (*this)[i].text == word; }
  bool is(std::size_t i, std::initializer_list<std::string_view> any) const;
  /// All of these words in a row from i on.
  bool are(std::size_t i, std::initializer_list<std::string_view> row) const;
  bool number(std::size_t i, int low, int high) const;
  bool ordinal(std::size_t i) const { return (*this)[i].kind == Token::Kind::ordinal; }
  bool breaks_before(std::size_t i) const { return i == 0 || (*this)[i - 1].breaks; }
  /// "february thirtieth": what was said from `from` up to `to`.
  std::string text(std::size_t from, std::size_t to) const;

 private:
  std::vector<Token> tokens_;
  Token none_;
};

}  // namespace parley::calendar
