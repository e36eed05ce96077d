#pragma once
#include <cstdint>

#include "parley/speech/synthesizer.hpp"

namespace parley::speech {

/// Keeps the audio of sentences that were spoken to their end ("How can I help you?"), the least
/// recently used thrown out first. A stream that is cancelled or fails is not kept. Thread-safe;
/// the engine must outlive it and its streams.
class CachingSynthesizer final : public Synthesizer {
 public:
  struct Options {
    std::size_t max_bytes = 32U << 20U;       ///< of audio, all together: half an hour at 8 kHz
    std::size_t max_entry_bytes = 1U << 20U;  ///< longer audio is passed through only
  };
  struct Counts {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::size_t bytes = 0;
    std::size_t entries = 0;
  };
  explicit CachingSynthesizer(Synthesizer& engine);
  CachingSynthesizer(Synthesizer& engine, Options options);
  ~CachingSynthesizer() override;

  std::string name() const override;
  Task<std::unique_ptr<SynthesisStream>> synthesize(Context ctx, std::string text,
                                                    VoiceOptions options) override;
  Counts counts() const;

  struct Store;  ///< shared with the streams that fill it

 private:
  Synthesizer& engine_;
  std::shared_ptr<Store> store_;
};

}  // namespace parley::speech
