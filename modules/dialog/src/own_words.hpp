#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "parley/business/business.hpp"

namespace parley::dialog {

/// What the agent says by itself beside a language model, in the agent's language: English, German,
/// Spanish and French; others hear English.
struct OwnWords {
  std::string_view thanks_for_calling;  ///< before the business's name
  std::string_view i_am;                ///< before the agent's name
  std::string_view assistant;           ///< after it, and a sentence of its own
  std::string_view recorded;
  std::string_view how_can_i_help;
  std::string_view not_understood;
  std::string_view filler;
  std::string_view lost_thread;
  std::string_view nothing_done;
  std::string_view anything_else;
  std::string_view still_there;
  std::string_view goodbye;
};
const OwnWords& own_words(std::string_view language);

/// An agent's own greeting in two: what it says, and the question it ends with, which is asked when
/// the caller has been told what they have the right to know. Without such a question, or when it
/// is all there is, the second is empty.
struct OwnGreeting {
  std::string said;
  std::string question;
};
OwnGreeting own_greeting_of(const business::Agent& agent);

/// The greeting where the built-in dialogue's English does not serve. An own greeting of the agent
/// is followed by what a caller has the right to know.
std::vector<std::string> own_greeting(const business::Profile& profile, bool recording);

}  // namespace parley::dialog
