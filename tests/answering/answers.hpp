#pragma once
#include <optional>
#include <string>
#include <vector>

#include "parley/audio/answer_detector.hpp"

/// Who picks up, as sound over a telephone: people, mailboxes with their beeps, assistants that
/// screen, fax machines, the network. Every answer is labelled with what it is.
namespace parley::answering {

struct Line {
  double snr_db = 25;
  double level_dbfs = -22;
  bool alaw = false;
};
struct Answer {
  audio::AnswerKind kind = audio::AnswerKind::human;
  std::string name;   ///< what is said, by whom, over which line
  std::string words;  ///< empty when nothing is said
  audio::Samples samples;
  Duration words_begin{};
  Duration words_end{};
  std::optional<Duration> beep_end;
};

/// The sentences of `known` were there when the detector was made; nobody looked at those of
/// `unseen` before it was measured with them, and its voices are others.
enum class Set { known, unseen };
std::vector<Answer> answers(Set set);

}  // namespace parley::answering
