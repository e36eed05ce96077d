#pragma once
#include <array>
#include <filesystem>
#include <list>
#include <set>
#include <span>
#include <string>

#include "language.hpp"
#include "sphinx.hpp"

namespace parley::providers::pocketsphinx {

using Cepstrum = std::array<float, 13>;

enum class ModelKind { grammar, ngram };

/// What one pass made of an utterance.
struct Reading {
  std::string text;
  bool valid = false;      ///< the pass came to an end that its model allows
  double score = 0.0;      ///< path score for each frame, language included
  double acoustic = 0.0;   ///< acoustic score for each frame of its words
  double posterior = 0.0;  ///< 0..1, from the word lattice; n-gram models only
  int word_frames = 0;     ///< frames inside words
  std::vector<std::string> alternatives;
};

/// One decoder of the library with one kind of model. Heavy (see README), so they are pooled. One
/// thread at a time; never after a call that failed with unavailable.
class Decoder {
 public:
  /// Errors: unavailable.
  static Result<std::unique_ptr<Decoder>> open(const std::filesystem::path& model_directory,
                                               ModelKind kind);

  /// Whether `language` has a model of this decoder's kind.
  bool can_use(const Language& language) const;
  /// Starts an utterance in `language`. Errors: unavailable.
  Result<void> start(const std::shared_ptr<const Language>& language);
  void decode(std::span<const Cepstrum> frames);
  std::string partial();
  Reading finish();
  /// True when so many words were learnt that a fresh decoder is better.
  bool worn() const noexcept { return words_.size() > 20000; }

 private:
  Decoder(Sphinx<ps_decoder_t> decoder, ModelKind kind)
      : decoder_(std::move(decoder)), kind_(kind) {}
  Result<void> learn(const Language& language);
  Result<void> install(const Language& language, const std::string& name);

  struct Installed {
    std::shared_ptr<const Language> language;  ///< also keeps its address from being used again
    std::string name;
  };
  Sphinx<ps_decoder_t> decoder_;
  ModelKind kind_;
  std::set<std::string, std::less<>> words_;
  std::list<Installed> installed_;  ///< most recently used first
  int next_name_ = 0;
  int frames_ = 0;
};

}  // namespace parley::providers::pocketsphinx
