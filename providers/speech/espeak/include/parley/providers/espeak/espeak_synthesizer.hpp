#pragma once
#include <filesystem>

#include "parley/base/worker_pool.hpp"
#include "parley/speech/synthesizer.hpp"

namespace parley::providers::espeak {

struct EspeakOptions {
  std::filesystem::path program = "/usr/bin/espeak-ng";
  /// One text may take this long, whatever the caller's deadline says; then the program is killed.
  Duration max_run = std::chrono::seconds(20);
  /// More audio than this is a fault of the program.
  std::size_t max_audio_bytes = 32U << 20U;
};

/// Speech synthesis in some hundred languages by the espeak-ng program, run as a child for each
/// text (its licence forbids linking it). The text goes in by standard input only and can become
/// neither an option nor markup nor phoneme codes. VoiceOptions::voice is one of the program's
/// voices
/// ("en-us+f3"); empty takes the language ("es-ES" is tried as "es-es", then by the program as
/// "es").
///
/// A child occupies one thread of the pool while it runs; it is killed when its stream is
/// destroyed, at the deadline, and when it writes too much. The pool must outlive every stream.
///
/// Errors besides the port's: invalid for a voice or language with other characters than letters,
/// digits, '-', '_' and '+'; unavailable when the program is missing or fails; unsupported when it
/// does not know the voice or language.
class EspeakSynthesizer final : public speech::Synthesizer {
 public:
  EspeakSynthesizer(Clock& clock, WorkerPool& pool, EspeakOptions options = {});
  std::string name() const override { return "espeak"; }
  Task<std::unique_ptr<speech::SynthesisStream>> synthesize(Context ctx, std::string text,
                                                            speech::VoiceOptions options) override;

 private:
  Clock& clock_;
  WorkerPool& pool_;
  EspeakOptions options_;
};

}  // namespace parley::providers::espeak
