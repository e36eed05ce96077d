#pragma once
#include <string>

#include "parley/providers/streaming/sound_bytes.hpp"

namespace parley::providers::elevenlabs {

/// What is asked for so that `wanted_hz` comes of it, and its name there: telephone audio as
/// mu-law, a rate they have as it is, any other from 24 kHz.
struct OutputFormat {
  std::string name;
  streaming::SoundBytes::Options sound;
};
OutputFormat output_format(int wanted_hz);

/// "en" for "en-US", for models that take a language; else empty.
std::string language_code(const std::string& model, const std::string& language);

}  // namespace parley::providers::elevenlabs
