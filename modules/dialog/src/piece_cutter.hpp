#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace parley::dialog {

/// Cuts a language model's tokens into pieces that can be spoken: whole sentences, the first one
/// also at a clause when it grows long, so that the caller hears something soon. Code blocks and
/// what stands between <think> tags never come out; other markup does (see speakable()).
class PieceCutter {
 public:
  /// What can be spoken now that `token` came.
  std::vector<std::string> add(std::string_view token);
  /// The text is over: what is left.
  std::vector<std::string> finish();
  /// Something was already said in this turn: no more hurry.
  void not_first() { first_ = false; }

 private:
  void take(char c);
  void end_backticks();
  void end_tag();
  std::size_t next_cut(bool complete) const;
  std::size_t sentence_end(std::size_t at, bool complete) const;
  std::size_t clause_end(std::size_t least) const;
  std::vector<std::string> cut(bool complete);

  std::string buffer_;
  std::string tag_;    ///< begun with '<' and not closed yet
  int backticks_ = 0;  ///< in a row, at the end of what came
  bool in_code_ = false;
  bool in_thought_ = false;
  bool first_ = true;
};

}  // namespace parley::dialog
