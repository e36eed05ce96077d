#pragma once
#include <array>
#include <string_view>

#include "parley/audio/frame.hpp"

namespace parley::audio {

/// The two frequencies of a key as telephones send it (ITU-T Q.23), in Hz; zeros for what is none
/// of 0-9, *, #, A-D.
std::array<double, 2> key_frequencies_hz(char key) noexcept;

struct KeyTiming {
  Duration on = std::chrono::milliseconds(120);
  Duration off = std::chrono::milliseconds(100);
  Duration wait = std::chrono::milliseconds(500);  ///< what a 'w' between the keys means
};
/// Keys as sound at telephone rate, -7 dBFS together, with soft edges. 'w' is a pause; anything
/// else that is no key is left out.
Samples key_tones(std::string_view keys, KeyTiming timing = {});

/// What a caller on hold hears: a quiet, slow arpeggio that goes on without end. Made here, so
/// there is nothing to license and nothing to load. One stream, one thread at a time.
class HoldMusic {
 public:
  /// The next piece, at telephone rate.
  Samples next(Duration length);

 private:
  std::size_t at_ = 0;  ///< samples since the beginning
};

}  // namespace parley::audio
