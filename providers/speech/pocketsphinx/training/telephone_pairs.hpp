#pragma once
#include <random>
#include <vector>

#include "decoder.hpp"
#include "telephone_features.hpp"

namespace parley::providers::pocketsphinx::training {

using MapInput = std::array<float, map_inputs>;

/// One moment of speech twice: as it comes over a noisy telephone, and as the acoustic model would
/// like to have it.
struct Pair {
  MapInput telephone;
  Cepstrum wideband;
};

/// Lets the synthesizers read random words, faster and slower, higher and lower, sends them through
/// telephone lines of many kinds, and gathers the pairs. `sentences` for each voice.
std::vector<Pair> make_pairs(int sentences, std::mt19937& random);

}  // namespace parley::providers::pocketsphinx::training
