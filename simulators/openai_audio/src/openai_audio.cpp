#include "parley/simulators/openai_audio.hpp"

#include <algorithm>

#include "multipart.hpp"
#include "parley/audio/wav.hpp"
#include "parley/base/json.hpp"
#include "parley/base/strings.hpp"
#include "parley/simulators/spoken_audio.hpp"

namespace parley::simulators {

namespace {

using net::HttpRequest;
using net::HttpResponse;
constexpr int speech_rate_hz = 24'000;

std::optional<HttpResponse> stranger(const OpenAiAudio& audio, const HttpRequest& request) {
  if (request.headers.get("Authorization") == "Bearer " + audio.options.api_key)
    return std::nullopt;
  return openai_refusal(401, "invalid_api_key", "Incorrect API key provided.");
}

/// The n-th upload that holds sound is the n-th phrase.
std::string hear(OpenAiAudio& audio, const audio::Wav& wav) {
  ++audio.uploads;
  auto samples = wav.mono();
  audio.audio += audio::Frame{samples, wav.rate_hz}.duration();
  if (std::ranges::none_of(samples, [](int one) { return std::abs(one) > 500; })) return "";
  auto phrases = audio.script.phrases();
  return phrases[audio.utterance++ % phrases.size()];
}

HttpResponse transcribe(OpenAiAudio& audio, const HttpRequest& request) {
  auto fields = multipart_fields(request.headers.get("Content-Type").value_or(""), request.body);
  if (!fields || !fields->contains("file") || !fields->contains("model"))
    return openai_refusal(400, "missing_required_parameter", "file and model are needed");
  auto wav = audio::read_wav(as_bytes(fields->at("file")));
  if (!wav) return openai_refusal(400, "invalid_file_format", "this stand-in hears WAV");
  audio.last_prompt = (*fields)["prompt"];
  auto text = hear(audio, *wav);
  auto format = (*fields)["response_format"];
  if (format == "text") return net::text_response(200, text + "\n");
  json::object body{{"text", text}};
  if (format == "verbose_json") {
    body["task"] = "transcribe";
    body["language"] = "english";
    body["duration"] = static_cast<double>(wav->samples.size()) / wav->rate_hz / wav->channels;
    body["segments"] = json::array();
  }
  return net::text_response(200, json::serialize(body), "application/json");
}

HttpResponse speak(Clock& clock, OpenAiAudio& audio, const HttpRequest& request) {
  auto body = parse_json(request.body);
  auto text = body ? text_at(*body, "/input") : "";
  if (text.empty() || text_at(*body, "/voice").empty())
    return openai_refusal(400, "missing_required_parameter", "input and voice are needed");
  if (text.size() > 4096)
    return openai_refusal(400, "string_above_max_length", "input is too long");
  double speed = 1;
  boost::system::error_code ec;
  if (auto* given = value_at(*body, "/speed")) speed = given->to_number<double>(ec);
  if (ec || speed < 0.25 || speed > 4)
    return openai_refusal(400, "invalid_value", "speed is from 0.25 to 4");
  audio.last_speed = speed;
  auto format = text_at(*body, "/response_format");
  if (format != "pcm" && format != "wav")
    return openai_refusal(400, "invalid_value", "this stand-in speaks pcm and wav");
  auto samples = tone_speech(text, speech_rate_hz, speed);
  auto bytes = encode_sound(samples, SoundCoding::pcm);
  if (format == "wav")
    bytes = std::string(as_text(audio::streamed_wav_header({.rate_hz = speech_rate_hz}))) + bytes;
  return stream_sound(clock, std::move(bytes), format == "wav" ? "audio/wav" : "audio/pcm",
                      audio.options.first_audio_delay);
}

HttpResponse fault_answer(const Fault& fault, const HttpRequest&) {
  auto code = fault.code;
  if (code.empty())
    code = fault.status == 401   ? "invalid_api_key"
           : fault.status == 402 ? "insufficient_quota"
           : fault.status == 429 ? "rate_limit_exceeded"
                                 : "server_error";
  return openai_refusal(fault.status, code, "as the plan of faults wants it");
}

}  // namespace

HttpResponse openai_refusal(int status, std::string_view code, std::string_view message) {
  json::object body{{"error",
                     {{"message", message},
                      {"type", "invalid_request_error"},
                      {"param", nullptr},
                      {"code", code}}}};
  return net::text_response(status, json::serialize(body), "application/json");
}

void add_openai_audio(StandInServer& server, Clock& clock, OpenAiAudio& audio) {
  server.add(net::Method::post, "/v1/audio/transcriptions",
             [&clock, &audio](HttpRequest request) -> asio::awaitable<HttpResponse> {
               if (auto refused = stranger(audio, request)) co_return std::move(*refused);
               co_await clock.sleep_for(audio.options.recognition_delay);
               co_return transcribe(audio, request);
             },
             {.max_body_bytes = 25u << 20});
  server.add(net::Method::post, "/v1/audio/speech",
             [&clock, &audio](HttpRequest request) -> asio::awaitable<HttpResponse> {
               if (auto refused = stranger(audio, request)) co_return std::move(*refused);
               co_return speak(clock, audio, request);
             });
  server.add(net::Method::put, "/_simulator/phrases",
             [&audio](HttpRequest request) -> asio::awaitable<HttpResponse> {
               std::vector<std::string> phrases;
               for (auto& line : split(request.body, '\n'))
                 if (auto phrase = trim(line); !phrase.empty()) phrases.emplace_back(phrase);
               audio.script.set_phrases(std::move(phrases));
               audio.utterance = 0;
               co_return net::text_response(200, join(audio.script.phrases(), "\n") + "\n");
             });
}

struct OpenAiAudioSimulator::Impl {
  Impl(asio::any_io_executor executor, Clock& clock, Random& random, StandInOptions where,
       OpenAiAudioOptions options)
      : server(std::move(executor), clock, random, std::move(where), fault_answer) {
    audio.options = std::move(options);
    add_openai_audio(server, clock, audio);
    server.add(net::Method::get, "/v1/models",
               [this](HttpRequest request) -> asio::awaitable<HttpResponse> {
                 if (auto refused = stranger(audio, request)) co_return std::move(*refused);
                 json::object body{
                     {"object", "list"},
                     {"data", json::array{{{"id", "whisper-1"}, {"object", "model"}}}}};
                 co_return net::text_response(200, json::serialize(body), "application/json");
               });
  }
  OpenAiAudio audio;
  StandInServer server;
};

OpenAiAudioSimulator::OpenAiAudioSimulator(asio::any_io_executor executor, Clock& clock,
                                           Random& random, StandInOptions where,
                                           OpenAiAudioOptions options)
    : impl_(std::make_unique<Impl>(std::move(executor), clock, random, std::move(where),
                                   std::move(options))) {}
OpenAiAudioSimulator::~OpenAiAudioSimulator() = default;
Result<void> OpenAiAudioSimulator::start() { return impl_->server.start(); }
asio::awaitable<void> OpenAiAudioSimulator::stop(TimePoint deadline) {
  return impl_->server.stop(deadline);
}
std::uint16_t OpenAiAudioSimulator::port() const noexcept { return impl_->server.port(); }
StandInServer& OpenAiAudioSimulator::server() noexcept { return impl_->server; }
OpenAiAudio& OpenAiAudioSimulator::audio() noexcept { return impl_->audio; }

}  // namespace parley::simulators
