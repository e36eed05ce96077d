#include "parley/providers/openai_audio/openai_synthesizer.hpp"

#include "parley/base/json.hpp"
#include "parley/providers/streaming/spoken_stream.hpp"

namespace parley::providers::openai_audio {

namespace {
constexpr double slowest = 0.25;
constexpr double fastest = 4.0;
}  // namespace

OpenAiSynthesizer::OpenAiSynthesizer(Clock& clock, resilience::Policy& policy, VoiceAccount account,
                                     std::shared_ptr<net::Upstream> api)
    : clock_(clock), policy_(policy), account_(std::move(account)), api_(std::move(api)) {}

Result<std::unique_ptr<OpenAiSynthesizer>> OpenAiSynthesizer::create(Clock& clock,
                                                                     resilience::Policy& policy,
                                                                     VoiceAccount account) {
  auto api = net::make_upstream({.url = streaming::split_address(account.api_url).origin});
  if (!api) return std::unexpected(api.error());
  return std::unique_ptr<OpenAiSynthesizer>(
      new OpenAiSynthesizer(clock, policy, std::move(account), std::move(*api)));
}

Task<std::unique_ptr<speech::SynthesisStream>> OpenAiSynthesizer::synthesize(
    Context ctx, std::string text, speech::VoiceOptions options) {
  auto words = streaming::speakable(std::move(text));
  if (!words) co_return std::unexpected(words.error());
  if (words->empty()) co_return streaming::nothing_to_say();
  streaming::SpeechRequest speech;
  speech.operation = "speech";
  speech.text_bytes = words->size();
  speech.sound = {streaming::Coding::pcm, 24'000, options.rate_hz};
  speech.request.target = streaming::split_address(account_.api_url).path + "/audio/speech";
  speech.request.headers.set("Content-Type", "application/json");
  if (!account_.api_key.empty())
    speech.request.headers.set("Authorization", "Bearer " + account_.api_key);
  speech.request.body = json::serialize(
      json::object{{"model", account_.model},
                   {"input", *words},
                   {"voice", options.voice.empty() ? account_.voice : options.voice},
                   {"response_format", "pcm"},
                   {"speed", streaming::speed_within(options.speed, slowest, fastest)}});
  auto speaking =
      streaming::speak_over_http(std::move(ctx), clock_, policy_, api_, std::move(speech));
  co_return co_await std::move(speaking);
}

}  // namespace parley::providers::openai_audio
