#pragma once
#include <string>
#include <string_view>

namespace parley::dialog {

/// The text of one answer that several engines may have to finish: gives it in whole words, and
/// makes one text of the words so far and what the next engine says.
class Seam {
 public:
  /// What of it may be given now; may be empty.
  std::string take(std::string_view piece);
  /// What is still held back: the answer is complete, or something else comes between.
  std::string rest();
  /// Another engine goes on from given(); half a word that was held back is forgotten.
  void take_over();
  bool holds_something() const noexcept { return !word_.empty() || !repetition_.empty(); }
  const std::string& given() const noexcept { return given_; }

 private:
  std::string without_repetition(std::string_view piece, bool is_end);
  std::string without_second_space(std::string text);
  std::string give(std::string text);

  std::string given_;
  std::string word_;        ///< its end has not come
  std::string repetition_;  ///< may be a repetition of given_'s end
  bool is_after_take_over_ = false;
  bool follows_space_ = false;
};

}  // namespace parley::dialog
