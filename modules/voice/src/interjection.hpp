#pragma once
#include <string_view>

namespace parley::voice {

/// What a caller's sound during the agent's speech is worth.
enum class Interjection {
  nothing,      ///< no words: a cough, a door, or not yet known
  backchannel,  ///< "uh-huh", "okay": go on, I am listening
  agreement,    ///< "yes", "right": the same, but an answer where a question stands
  words         ///< the caller wants to speak
};

/// Of the words so far, in whatever spelling the engine gives. English; words of other languages
/// are words. A pure function.
Interjection classify_interjection(std::string_view words);

}  // namespace parley::voice
