#pragma once
#include <string>
#include <vector>

#include "parley/audio/frame.hpp"
#include "parley/base/clock.hpp"
#include "parley/base/worker_pool.hpp"
#include "parley/speech/recognizer.hpp"

/// Callers of a dental practice, for tests and for the accuracy table: what may be expected of
/// them, what nobody expects, and their voices.
namespace parley::corpus {

/// Whole sentences that no expectation covers.
const std::vector<std::string>& foreign_sentences();
/// "open", "when", "confirm", "name", "phone", or throws std::out_of_range.
std::shared_ptr<const speech::Expectation> expectation(const std::string& state);

/// Names for speak(): flite's and espeak-ng's. The first four are flite's.
const std::vector<std::string>& voices();

/// A voice without a telephone. Runs the synthesizer to its end.
audio::Frame speak(const std::string& voice, const std::string& words);

}  // namespace parley::corpus
