#pragma once
#include <string>

#include "parley/audio/telephone_line.hpp"

namespace parley::testkit {

using audio::add_noise;
using audio::Noise;
using audio::over_the_telephone;
using audio::speech_level_dbfs;
using audio::telephone_band;
using LineOptions = audio::TelephoneLine;

/// A recording of a human reader over the telephone (8 kHz) and its words; `name` is "human_0870",
/// "human_0880" or "human_0890". Throws std::runtime_error when the file is missing.
struct HumanVoice {
  audio::Samples samples;
  std::string words;
};
HumanVoice human_voice(const std::string& name);

}  // namespace parley::testkit
