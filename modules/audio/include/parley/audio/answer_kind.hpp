#pragma once
#include <string_view>

namespace parley::audio {

/// Who, or what, picked up a call that we made.
enum class AnswerKind {
  undecided,
  human,
  machine,    ///< a mailbox's greeting, or what is left of one
  screening,  ///< a person's assistant that asks who is calling
  fax,
  unknown  ///< nobody spoke, or the network did
};
std::string_view to_string(AnswerKind kind) noexcept;
/// undecided for any other word.
AnswerKind answer_kind(std::string_view word) noexcept;

}  // namespace parley::audio
