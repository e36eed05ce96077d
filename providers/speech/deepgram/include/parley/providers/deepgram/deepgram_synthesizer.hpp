#pragma once
#include "parley/net/upstream.hpp"
#include "parley/resilience/policy.hpp"
#include "parley/speech/synthesizer.hpp"

namespace parley::providers::deepgram {

struct VoiceAccount {
  std::string api_key;
  std::string api_url = "https://api.deepgram.com";
  std::string voice = "aura-2-thalia-en";  ///< used when an agent names none
};

/// Deepgram's Aura voices over HTTP (/v1/speak), one request a sentence. They have no speed of
/// their own: any is spoken at 1. Thread-safe; clock and policy outlive it and its streams, which
/// go before the io_contexts of those who asked.
class DeepgramSynthesizer final : public speech::Synthesizer {
 public:
  /// Errors: invalid (the address).
  static Result<std::unique_ptr<DeepgramSynthesizer>> create(Clock& clock,
                                                             resilience::Policy& policy,
                                                             VoiceAccount account);
  std::string name() const override { return "deepgram"; }
  /// Errors besides the port's: unauthenticated, forbidden, rate_limited (with Retry-After),
  /// corrupt.
  Task<std::unique_ptr<speech::SynthesisStream>> synthesize(Context ctx, std::string text,
                                                            speech::VoiceOptions options) override;

 private:
  DeepgramSynthesizer(Clock& clock, resilience::Policy& policy, VoiceAccount account,
                      std::shared_ptr<net::Upstream> api);
  Clock& clock_;
  resilience::Policy& policy_;
  const VoiceAccount account_;
  std::shared_ptr<net::Upstream> api_;
};

}  // namespace parley::providers::deepgram
