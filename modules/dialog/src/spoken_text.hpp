#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "parley/business/agent.hpp"

namespace parley::dialog {

/// How written text is said: markup goes, the agent's own pronunciations are put in, and in English
/// numbers, dates, times, prices, telephone numbers, units and abbreviations become words. Other
/// languages pass through, since their voices read them better than rules of ours. Immutable.
class SpokenText {
 public:
  SpokenText(std::string language, std::vector<business::Pronunciation> pronunciations);
  /// Empty when nothing of it can be said.
  std::string of(std::string_view piece) const;

 private:
  std::string with_pronunciations(std::string_view text) const;

  bool english_ = false;
  std::vector<business::Pronunciation> pronunciations_;
};

/// The English forms alone. Text between the bytes 1 and 2 is said as it stands.
std::string english_forms(std::string_view text);

}  // namespace parley::dialog
