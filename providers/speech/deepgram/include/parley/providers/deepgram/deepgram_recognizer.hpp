#pragma once
#include "parley/resilience/policy.hpp"
#include "parley/speech/recognizer.hpp"

namespace parley::providers::deepgram {

struct RecognizerAccount {
  std::string api_key;
  std::string api_url = "https://api.deepgram.com";
  std::string model = "nova-3";
  /// Deepgram closes a session that is silent for ten seconds.
  Duration keep_alive = std::chrono::seconds(4);
};

/// Deepgram's streaming recognition (/v1/listen): telephone audio goes as mu-law, other rates as
/// PCM. Keywords of an expectation are its key terms. A session is one WebSocket and one call of
/// the policy to open it. Thread-safe; clock and policy outlive it and its sessions.
class DeepgramRecognizer final : public speech::Recognizer {
 public:
  DeepgramRecognizer(Clock& clock, resilience::Policy& policy, RecognizerAccount account);
  std::string name() const override { return "deepgram"; }
  /// Errors: unauthenticated, forbidden (no credit), rate_limited (with Retry-After), unavailable,
  /// timeout, invalid (a rate outside 8..48 kHz).
  Task<std::unique_ptr<speech::RecognizerSession>> open(Context ctx,
                                                        speech::RecognizerOptions options) override;

 private:
  Clock& clock_;
  resilience::Policy& policy_;
  const RecognizerAccount account_;
};

}  // namespace parley::providers::deepgram
