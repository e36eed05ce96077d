#pragma once
#include "parley/net/upstream.hpp"
#include "parley/resilience/policy.hpp"
#include "parley/speech/synthesizer.hpp"

namespace parley::providers::openai_audio {

struct VoiceAccount {
  std::string api_key;  ///< empty: a server of one's own that asks for none
  std::string api_url = "https://api.openai.com/v1";
  std::string model = "gpt-4o-mini-tts";
  std::string voice = "alloy";  ///< used when an agent names none
};

/// OpenAI-compatible speech: 24 kHz PCM, changed to the rate that is wanted. Speeds outside
/// 0.25..4 are the nearest of them. Thread-safe; clock and policy outlive it and its streams, which
/// go before the io_contexts of those who asked.
class OpenAiSynthesizer final : public speech::Synthesizer {
 public:
  /// Errors: invalid (the address).
  static Result<std::unique_ptr<OpenAiSynthesizer>> create(Clock& clock, resilience::Policy& policy,
                                                           VoiceAccount account);
  std::string name() const override { return "openai"; }
  /// Errors besides the port's: unauthenticated, forbidden, rate_limited (with Retry-After),
  /// corrupt.
  Task<std::unique_ptr<speech::SynthesisStream>> synthesize(Context ctx, std::string text,
                                                            speech::VoiceOptions options) override;

 private:
  OpenAiSynthesizer(Clock& clock, resilience::Policy& policy, VoiceAccount account,
                    std::shared_ptr<net::Upstream> api);
  Clock& clock_;
  resilience::Policy& policy_;
  const VoiceAccount account_;
  std::shared_ptr<net::Upstream> api_;
};

}  // namespace parley::providers::openai_audio
