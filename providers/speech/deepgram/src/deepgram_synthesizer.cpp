#include "parley/providers/deepgram/deepgram_synthesizer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "parley/base/json.hpp"
#include "parley/base/strings.hpp"
#include "parley/providers/streaming/spoken_stream.hpp"

namespace parley::providers::deepgram {

DeepgramSynthesizer::DeepgramSynthesizer(Clock& clock, resilience::Policy& policy,
                                         VoiceAccount account, std::shared_ptr<net::Upstream> api)
    : clock_(clock), policy_(policy), account_(std::move(account)), api_(std::move(api)) {}

Result<std::unique_ptr<DeepgramSynthesizer>> DeepgramSynthesizer::create(Clock& clock,
                                                                         resilience::Policy& policy,
                                                                         VoiceAccount account) {
  auto api = net::make_upstream({.url = streaming::split_address(account.api_url).origin});
  if (!api) return std::unexpected(api.error());
  return std::unique_ptr<DeepgramSynthesizer>(
      new DeepgramSynthesizer(clock, policy, std::move(account), std::move(*api)));
}

Task<std::unique_ptr<speech::SynthesisStream>> DeepgramSynthesizer::synthesize(
    Context ctx, std::string text, speech::VoiceOptions options) {
  constexpr std::array rates{16'000, 24'000, 32'000, 48'000};
  auto words = streaming::speakable(std::move(text));
  if (!words) co_return std::unexpected(words.error());
  if (words->empty()) co_return streaming::nothing_to_say();
  bool is_telephone = options.rate_hz == audio::telephone_rate_hz;
  bool has_rate = std::ranges::find(rates, options.rate_hz) != rates.end();
  streaming::SpeechRequest speech;
  speech.operation = "speak";
  speech.text_bytes = words->size();
  speech.sound.coding = is_telephone ? streaming::Coding::mulaw : streaming::Coding::pcm;
  speech.sound.rate_hz = is_telephone || has_rate ? options.rate_hz : 24'000;
  speech.sound.wanted_hz = options.rate_hz;
  speech.request.target =
      fmt::format("{}/v1/speak?model={}&encoding={}&sample_rate={}&container=none",
                  streaming::split_address(account_.api_url).path,
                  url_encode(options.voice.empty() ? account_.voice : options.voice),
                  is_telephone ? "mulaw" : "linear16", speech.sound.rate_hz);
  speech.request.headers.set("Authorization", "Token " + account_.api_key);
  speech.request.headers.set("Content-Type", "application/json");
  speech.request.body = json::serialize(json::object{{"text", *words}});
  auto speaking =
      streaming::speak_over_http(std::move(ctx), clock_, policy_, api_, std::move(speech));
  co_return co_await std::move(speaking);
}

}  // namespace parley::providers::deepgram
