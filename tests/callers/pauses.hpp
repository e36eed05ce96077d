#pragma once
#include <string>
#include <vector>

#include "parley/audio/frame.hpp"

/// Turns of callers with the pauses people make, and where each turn is really over: what turn
/// taking is measured and tuned with.
namespace parley::callers {

/// One turn as a script: words, and "|600" where the caller is silent for 600 ms and goes on. At
/// its end the turn is over.
struct PausedTurn {
  std::string asked;   ///< the state of the dialogue, as Expectation::name tells it
  std::string script;  ///< "my name is |700 john smith"
};

/// Two sets of the same kind of turns: weights are chosen with one, figures come from the other.
const std::vector<PausedTurn>& turns_to_tune();
const std::vector<PausedTurn>& turns_to_judge();

/// A turn as it comes over the telephone, 8 kHz, with 3 s of the line's noise behind its end.
struct RecordedTurn {
  struct Word {
    std::string text;
    Duration known;  ///< when it has been spoken, from the start of `samples`
  };
  std::string asked;
  std::string script;
  audio::Samples samples;
  std::vector<Word> words;
  Duration ends{};  ///< when the last word has been spoken
};

/// `voice` and `noise_db` as those of CallerSound; the seed gives the noise.
struct Recording {
  std::string voice = "flite:slt";
  double noise_db = 20;
  std::uint64_t seed = 1;
};
RecordedTurn record(const PausedTurn& turn, const Recording& how);

/// The human reader of testkit: a sentence with the pauses of its own.
std::vector<RecordedTurn> human_turns();

}  // namespace parley::callers
