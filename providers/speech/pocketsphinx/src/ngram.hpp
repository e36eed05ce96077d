#pragma once
#include <string>
#include <vector>

namespace parley::providers::pocketsphinx {

/// A sentence as words, and how much it weighs.
struct WeightedSentence {
  std::vector<std::string> words;
  double weight = 1.0;
};

/// A trigram language model in the ARPA text format, smoothed after Witten and Bell: whatever was
/// seen in few different surroundings leaves little for the unseen. Every word of `vocabulary` can
/// be said, seen or not. Empty when there is no word at all.
std::string make_arpa(const std::vector<WeightedSentence>& sentences,
                      const std::vector<std::string>& vocabulary);

}  // namespace parley::providers::pocketsphinx
