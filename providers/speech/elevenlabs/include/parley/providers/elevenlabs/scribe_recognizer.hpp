#pragma once
#include "parley/resilience/policy.hpp"
#include "parley/speech/recognizer.hpp"

namespace parley::providers::elevenlabs {

struct RecognizerAccount {
  std::string api_key;
  std::string api_url = "https://api.elevenlabs.io";
  std::string model = "scribe_v2_realtime";
};

/// ElevenLabs' Scribe in real time: audio in pieces of 100 ms, an utterance is committed by
/// finalize(). The vendor tells no confidence; its words have 0.85. Thread-safe; clock and policy
/// outlive it and its sessions.
class ScribeRecognizer final : public speech::Recognizer {
 public:
  ScribeRecognizer(Clock& clock, resilience::Policy& policy, RecognizerAccount account);
  std::string name() const override { return "elevenlabs"; }
  /// Errors: as DeepgramRecognizer's.
  Task<std::unique_ptr<speech::RecognizerSession>> open(Context ctx,
                                                        speech::RecognizerOptions options) override;

 private:
  Clock& clock_;
  resilience::Policy& policy_;
  const RecognizerAccount account_;
};

}  // namespace parley::providers::elevenlabs
