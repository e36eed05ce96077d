#include "parley/providers/elevenlabs/elevenlabs_synthesizer.hpp"

#include <fmt/format.h>

#include "input_stream.hpp"
#include "output_format.hpp"
#include "parley/base/json.hpp"
#include "parley/base/strings.hpp"
#include "parley/providers/streaming/connecting.hpp"
#include "parley/providers/streaming/refusal.hpp"
#include "parley/providers/streaming/spoken_stream.hpp"

namespace parley::providers::elevenlabs {

namespace {

using Stream = std::unique_ptr<speech::SynthesisStream>;
constexpr double slowest = 0.7;
constexpr double fastest = 1.2;

}  // namespace

ElevenLabsSynthesizer::ElevenLabsSynthesizer(Clock& clock, resilience::Policy& policy,
                                             VoiceAccount account,
                                             std::shared_ptr<net::Upstream> api)
    : clock_(clock), policy_(policy), account_(std::move(account)), api_(std::move(api)) {}

Result<std::unique_ptr<ElevenLabsSynthesizer>> ElevenLabsSynthesizer::create(
    Clock& clock, resilience::Policy& policy, VoiceAccount account) {
  auto api = net::make_upstream({.url = streaming::split_address(account.api_url).origin});
  if (!api) return std::unexpected(api.error());
  return std::unique_ptr<ElevenLabsSynthesizer>(
      new ElevenLabsSynthesizer(clock, policy, std::move(account), std::move(*api)));
}

Task<Stream> ElevenLabsSynthesizer::synthesize(Context ctx, std::string text,
                                               speech::VoiceOptions options) {
  auto words = streaming::speakable(std::move(text));
  if (!words) co_return std::unexpected(words.error());
  if (words->empty()) co_return streaming::nothing_to_say();
  if (options.voice.empty()) options.voice = account_.voice;
  options.speed = streaming::speed_within(options.speed, slowest, fastest);
  auto speaking = account_.transport == VoiceAccount::Transport::websocket
                      ? over_websocket(std::move(ctx), std::move(*words), std::move(options))
                      : over_http(std::move(ctx), std::move(*words), std::move(options));
  co_return co_await std::move(speaking);
}

Task<Stream> ElevenLabsSynthesizer::over_http(Context ctx, std::string text,
                                              speech::VoiceOptions options) {
  auto format = output_format(options.rate_hz);
  streaming::SpeechRequest speech;
  speech.operation = "speech.stream";
  speech.sound = format.sound;
  speech.text_bytes = text.size();
  speech.request.target = fmt::format("{}/v1/text-to-speech/{}/stream?output_format={}",
                                      streaming::split_address(account_.api_url).path,
                                      url_encode(options.voice), format.name);
  speech.request.headers.set("xi-api-key", account_.api_key);
  speech.request.headers.set("Content-Type", "application/json");
  json::object body{
      {"text", text}, {"model_id", account_.model}, {"voice_settings", {{"speed", options.speed}}}};
  if (auto language = language_code(account_.model, options.language); !language.empty())
    body["language_code"] = language;
  speech.request.body = json::serialize(body);
  auto speaking =
      streaming::speak_over_http(std::move(ctx), clock_, policy_, api_, std::move(speech));
  co_return co_await std::move(speaking);
}

Task<Stream> ElevenLabsSynthesizer::over_websocket(Context ctx, std::string text,
                                                   speech::VoiceOptions options) {
  auto format = output_format(options.rate_hz);
  auto path = fmt::format("/v1/text-to-speech/{}/stream-input?model_id={}&output_format={}",
                          url_encode(options.voice), url_encode(account_.model), format.name);
  if (auto language = language_code(account_.model, options.language); !language.empty())
    path += "&language_code=" + language;
  net::WebSocketTarget target;
  target.url = streaming::socket_address_under(account_.api_url, path);
  target.headers.set("xi-api-key", account_.api_key);
  auto opening =
      streaming::connect(std::move(ctx), clock_, policy_, "speech.open", std::move(target));
  auto socket = co_await std::move(opening);
  if (!socket) co_return std::unexpected(socket.error());
  InputStream::Request request{std::move(text), options.speed, format.sound};
  co_return std::make_unique<InputStream>(std::move(*socket), std::move(request));
}

}  // namespace parley::providers::elevenlabs
