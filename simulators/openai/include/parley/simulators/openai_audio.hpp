#pragma once
#include "parley/simulators/heard_speech.hpp"

namespace parley::simulators {

/// What the audio endpoints hear and have heard. Its script is used from any thread, the rest from
/// the simulator's strand.
struct OpenAiAudio {
  SpeechScript script;
  std::size_t uploads = 0;
  std::size_t utterance = 0;  ///< of the script, the next upload's
  Duration audio{};           ///< of all uploads
  std::string last_prompt;
  double last_speed = 0;
};

}  // namespace parley::simulators
