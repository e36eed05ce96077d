#pragma once
#include <string>
#include <string_view>

namespace parley::providers::openai {

/// Leaves out reasoning between <think> and </think> at the very beginning of a text that comes in
/// pieces, and the white space around it.
class ThoughtFilter {
 public:
  /// What of the text so far may be given now.
  std::string take(std::string_view piece);
  /// What was held back because it might have become a mark.
  std::string rest();

 private:
  enum class At { beginning, thought, text } at_ = At::beginning;
  bool had_thought_ = false;
  std::string held_;
};

}  // namespace parley::providers::openai
