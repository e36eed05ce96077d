#pragma once
#include "parley/net/upstream.hpp"
#include "parley/providers/streaming/sound_bytes.hpp"
#include "parley/resilience/policy.hpp"
#include "parley/speech/synthesizer.hpp"

namespace parley::providers::streaming {

/// Where a vendor's API is: "https://host:port" and the path under which its own begin.
struct ApiAddress {
  std::string origin;
  std::string path;  ///< without a slash at its end
};
ApiAddress split_address(std::string_view url);

/// What is checked of a text before anybody is asked. Errors: too_large (the port's 2,000 bytes),
/// invalid (not UTF-8). Empty when there is nothing in it to say.
Result<std::string> speakable(std::string text);
/// Within the vendor's range; what is no number is 1.
double speed_within(double speed, double least, double most);
/// A stream of no audio.
std::unique_ptr<speech::SynthesisStream> nothing_to_say();
/// So much audio a text may make at most: what goes on for longer than its words can is cut.
Duration longest_audio(std::size_t text_bytes);

struct SpeechRequest {
  std::string operation;  ///< of the policy's call
  net::UpstreamRequest request;
  SoundBytes::Options sound;
  std::size_t text_bytes = 0;
};

/// Asks, and streams the answer's sound; dropping the stream ends the request. The policy's call
/// ends with the answer's head. Errors: those of refusal(), unavailable, timeout; corrupt when a
/// success is no audio. Of the stream: unavailable when it breaks, gives nothing, or never ends.
Task<std::unique_ptr<speech::SynthesisStream>> speak_over_http(Context ctx, Clock& clock,
                                                               resilience::Policy& policy,
                                                               std::shared_ptr<net::Upstream> api,
                                                               SpeechRequest speech);

/// The first bytes of an answer's body, to read a refusal from.
Task<std::string> beginning_of(net::BodyStream body, std::size_t most_bytes);

}  // namespace parley::providers::streaming
