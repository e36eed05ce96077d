#pragma once
#include "parley/base/worker_pool.hpp"
#include "parley/speech/synthesizer.hpp"

namespace parley::providers::flite {

/// English speech synthesis inside the process, with CMU Flite and its packaged voices. Voices:
/// "slt" (default, female), "rms" (male), "awb" (male, Scottish), "kal16" (male, small and fast).
///
/// The library's voices share state without locks, so one sentence is made at a time in the whole
/// process; each sentence is a job of its own and its audio leaves in pieces, so that several calls
/// take turns sentence by sentence. The pool must outlive every stream.
///
/// Errors besides the port's: unsupported for a language other than English, invalid for an unknown
/// voice, a speed outside 0.5..2.0 or a rate that cannot be converted to.
class FliteSynthesizer final : public speech::Synthesizer {
 public:
  explicit FliteSynthesizer(WorkerPool& pool);
  std::string name() const override { return "flite"; }
  Task<std::unique_ptr<speech::SynthesisStream>> synthesize(Context ctx, std::string text,
                                                            speech::VoiceOptions options) override;

 private:
  WorkerPool& pool_;
};

}  // namespace parley::providers::flite
