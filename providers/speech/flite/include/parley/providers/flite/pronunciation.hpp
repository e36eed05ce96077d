#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace parley::providers::flite {

/// How an English word is said, by Flite's lexicon and its letter-to-sound rules: CMU phone names
/// in upper case without stress ("HH", "AH", "L", "OW"). `word` is lower-case ASCII letters and
/// apostrophes; empty when nothing can be said. Thread-safe.
std::vector<std::string> pronounce(std::string_view word);

}  // namespace parley::providers::flite
