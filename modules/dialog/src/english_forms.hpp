#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::dialog {

/// Where a sentence stands while it is put into words: each rule looks at `rest()`, the start of a
/// token, and takes from it what it knows how to say. Rules are tried in order; see
/// english_forms.cpp.
class EnglishReader {
 public:
  explicit EnglishReader(std::string_view text) : text_(text) {}
  std::string read();

 private:
  using Rule = bool (EnglishReader::*)();

  // english_forms.cpp
  bool take_as_is();
  bool take_address();
  bool take_words();
  bool take_symbol();
  bool take_short_form(std::string_view word, std::size_t end);
  bool take_month_day(std::string_view word, std::size_t end);

  // english_numbers.cpp
  bool take_money();
  bool take_iso_date();
  bool take_slashed_date();
  bool take_phone();
  bool take_time();
  bool take_range();
  bool take_ordinal();
  bool take_code();
  bool take_number();
  std::string number_as_said(std::string_view digits, std::size_t end);

  std::string_view rest() const { return text_.substr(at_); }
  char before() const { return at_ == 0 ? ' ' : text_[at_ - 1]; }
  void say(std::string_view words, std::size_t taken);
  std::string meridiem_after(std::size_t& end) const;

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
  std::string last_word_;  ///< as written, before the one being read
};

}  // namespace parley::dialog
