#pragma once
#include "parley/net/upstream.hpp"
#include "parley/resilience/policy.hpp"
#include "parley/speech/synthesizer.hpp"

namespace parley::providers::elevenlabs {

struct VoiceAccount {
  std::string api_key;
  std::string api_url = "https://api.elevenlabs.io";
  std::string model = "eleven_flash_v2_5";
  std::string voice = "21m00Tcm4TlvDq8ikWAM";  ///< an id; used when an agent names none
  /// One request a sentence over kept connections, or a WebSocket of its own for each.
  enum class Transport { http, websocket } transport = Transport::http;
};

/// ElevenLabs' voices: telephone audio comes as mu-law and is passed on as it is. Speeds outside
/// the vendor's 0.7..1.2 are the nearest of them. Thread-safe; clock and policy outlive it and its
/// streams, which go before the io_contexts of those who asked.
class ElevenLabsSynthesizer final : public speech::Synthesizer {
 public:
  /// Errors: invalid (the address).
  static Result<std::unique_ptr<ElevenLabsSynthesizer>> create(Clock& clock,
                                                               resilience::Policy& policy,
                                                               VoiceAccount account);
  std::string name() const override { return "elevenlabs"; }
  /// Errors besides the port's: unauthenticated, forbidden, rate_limited (with Retry-After),
  /// not_found (no such voice), corrupt.
  Task<std::unique_ptr<speech::SynthesisStream>> synthesize(Context ctx, std::string text,
                                                            speech::VoiceOptions options) override;

 private:
  ElevenLabsSynthesizer(Clock& clock, resilience::Policy& policy, VoiceAccount account,
                        std::shared_ptr<net::Upstream> api);
  Task<std::unique_ptr<speech::SynthesisStream>> over_http(Context ctx, std::string text,
                                                           speech::VoiceOptions options);
  Task<std::unique_ptr<speech::SynthesisStream>> over_websocket(Context ctx, std::string text,
                                                                speech::VoiceOptions options);
  Clock& clock_;
  resilience::Policy& policy_;
  const VoiceAccount account_;
  std::shared_ptr<net::Upstream> api_;
};

}  // namespace parley::providers::elevenlabs
