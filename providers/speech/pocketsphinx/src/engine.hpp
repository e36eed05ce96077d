#pragma once
#include <list>
#include <mutex>
#include <string>

#include "decoder_pool.hpp"
#include "language.hpp"
#include "parley/providers/pocketsphinx/pocketsphinx_recognizer.hpp"

namespace parley::providers::pocketsphinx {

/// What all sessions share. Thread-safe.
struct PocketsphinxRecognizer::Engine {
  Engine(WorkerPool& workers, PocketsphinxOptions settings, std::unique_ptr<Lexicon> words)
      : pool(workers),
        options(std::move(settings)),
        lexicon(std::move(words)),
        decoders(options.max_decoders, options.idle_decoders) {}

  /// Compiled once for each fingerprint. Errors: invalid; then do with the n-gram model alone.
  Result<std::shared_ptr<const Language>> language(const speech::Expectation& expectation);
  /// The same, but a broken grammar only costs the grammar.
  std::shared_ptr<const Language> usable_language(const speech::Expectation* expectation);

  WorkerPool& pool;
  const PocketsphinxOptions options;
  const std::unique_ptr<Lexicon> lexicon;
  DecoderPool decoders;

  mutable std::mutex mutex;
  /// Most recently used first.
  std::list<std::pair<std::string, std::shared_ptr<const Language>>> languages;
};

}  // namespace parley::providers::pocketsphinx
