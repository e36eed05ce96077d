#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "parley/audio/resampler.hpp"
#include "sphinx.hpp"

namespace parley::providers::pocketsphinx {

/// PocketSphinx as it comes: its general English language model and its own features. What the
/// recognizer is compared with.
class StockRecognizer {
 public:
  /// Throws std::runtime_error when the model is missing.
  explicit StockRecognizer(const std::filesystem::path& model_directory);
  /// What was said in `line`, at 8 kHz.
  std::string hear(const audio::Samples& line);

 private:
  audio::Resampler to_16_khz_;
  Sphinx<ps_decoder_t> decoder_;
};

}  // namespace parley::providers::pocketsphinx
