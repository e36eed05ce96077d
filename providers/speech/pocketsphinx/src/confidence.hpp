#pragma once
#include "decoder.hpp"
#include "parley/speech/recognizer.hpp"

namespace parley::providers::pocketsphinx {

/// What the two readings of one utterance tell about each other; the measures that the calibration
/// was made of (data/README.md).
struct Evidence {
  double score = 0.0;      ///< path score for each frame
  double acoustic = 0.0;   ///< acoustic score for each frame of words; the grammar's reading only
  double agreement = 0.0;  ///< 1 when both readings are the same words, 0 when no word is
  double advantage = 0.0;  ///< by how much its score lies above the other's, at most 30
  double posterior = 0.0;  ///< of the n-gram reading, as the logarithm to base 10, -6 to 0
  double length = 0.0;     ///< natural logarithm of the frames in words
};

Evidence weigh(const Reading& reading, const Reading& other);

/// Chance that the grammar's reading, or the n-gram's, is right word for word.
double grammar_confidence(const Evidence& evidence);
double ngram_confidence(const Evidence& evidence);

/// The better of both readings as a final transcript; the other one becomes an alternative.
speech::Transcript judge(const Reading& grammar, const Reading& ngram);

/// Share of words that two texts have in common, in order, from 0 to 1.
double word_agreement(std::string_view left, std::string_view right);

}  // namespace parley::providers::pocketsphinx
