#include <algorithm>

#include "endpoints.hpp"
#include "multipart.hpp"
#include "parley/audio/wav.hpp"
#include "parley/base/strings.hpp"
#include "parley/simulators/speech_stand_in.hpp"
#include "parley/simulators/spoken_audio.hpp"

namespace parley::simulators {

namespace {

using net::HttpRequest;
using net::HttpResponse;

constexpr int speech_rate_hz = 24'000;
constexpr std::size_t most_characters = 4096;
constexpr std::size_t event_piece_bytes = 37;
constexpr net::Router::Limits upload_limits{25u << 20};

HttpResponse wrong(std::string param, std::string code, std::string message,
                   const HttpRequest& request) {
  return openai_error(
      {.message = std::move(message), .code = std::move(code), .param = std::move(param)}, request);
}

HttpResponse unknown_model(const std::string& name, const HttpRequest& request) {
  return openai_error({.status = 404,
                       .message = "The model '" + name + "' does not exist",
                       .code = "model_not_found",
                       .param = "model"},
                      request);
}

/// An event as the wire has it.
std::string event_of(const json::object& body) { return "data: " + json::serialize(body) + "\n\n"; }

/// Server-sent events, in pieces that end anywhere.
HttpResponse event_stream(std::string events, const HttpRequest& request) {
  auto answer = openai_answer(200, {}, request);
  answer.headers.set("Content-Type", "text/event-stream; charset=utf-8");
  answer.body.clear();
  auto rest = std::make_shared<std::string>(std::move(events));
  answer.stream = [rest]() -> Task<std::string> {
    auto piece = rest->substr(0, event_piece_bytes);
    rest->erase(0, piece.size());
    co_return piece;
  };
  return answer;
}

class Audio {
 public:
  Audio(const OpenAiAccount& account, Clock& clock, OpenAiAudio& heard)
      : account_(account), clock_(clock), heard_(heard) {}

  HttpResponse transcribe(const HttpRequest& request) {
    auto fields = multipart_fields(request.headers.get("Content-Type").value_or(""), request.body);
    if (!fields || !fields->contains("file"))
      return wrong("file", "missing_required_parameter", "file is needed", request);
    auto model = (*fields)["model"];
    if (model.empty())
      return wrong("model", "missing_required_parameter", "model is needed", request);
    if (!account_.has_audio_model(model)) return unknown_model(model, request);
    auto wav = audio::read_wav(as_bytes(fields->at("file")));
    if (!wav) return wrong("file", "invalid_file_format", "this stand-in hears WAV", request);
    heard_.last_prompt = (*fields)["prompt"];
    auto text = hear(*wav);
    auto format = (*fields)["response_format"];
    if (format == "text") return net::text_response(200, text + "\n");
    // The oldest model gives what it heard in one piece all the same.
    if ((*fields)["stream"] == "true" && model != "whisper-1") return told_in_words(text, request);
    json::object body{{"text", text}};
    if (format == "verbose_json") {
      body["task"] = "transcribe";
      body["language"] = "english";
      body["duration"] = static_cast<double>(wav->samples.size()) / wav->rate_hz / wav->channels;
      body["segments"] = json::array();
    }
    return openai_answer(200, body, request);
  }

  HttpResponse speak(const HttpRequest& request) {
    auto body = parse_json(request.body);
    auto text = body ? text_at(*body, "/input") : "";
    if (text.empty() || text_at(*body, "/voice").empty())
      return wrong("input", "missing_required_parameter", "input and voice are needed", request);
    auto model = text_at(*body, "/model");
    if (!account_.has_audio_model(model)) return unknown_model(model, request);
    if (text.size() > most_characters)
      return wrong("input", "string_above_max_length", "input is too long", request);
    double speed = 1;
    boost::system::error_code ec;
    if (auto* given = value_at(*body, "/speed")) speed = given->to_number<double>(ec);
    if (ec || speed < 0.25 || speed > 4)
      return wrong("speed", "invalid_value", "speed is from 0.25 to 4", request);
    heard_.last_speed = speed;
    auto format = text_at(*body, "/response_format");
    if (format != "pcm" && format != "wav")
      return wrong("response_format", "invalid_value", "this stand-in speaks pcm and wav", request);
    auto bytes = encode_sound(tone_speech(text, speech_rate_hz, speed), SoundCoding::pcm);
    if (format == "wav")
      bytes = std::string(as_text(audio::streamed_wav_header({.rate_hz = speech_rate_hz}))) + bytes;
    if (text_at(*body, "/stream_format") == "sse") return told_in_sound(bytes, request);
    return stream_sound(clock_, std::move(bytes), format == "wav" ? "audio/wav" : "audio/pcm",
                        account_.options().first_audio_delay);
  }

 private:
  /// The n-th upload that holds sound is the n-th phrase.
  std::string hear(const audio::Wav& wav) {
    ++heard_.uploads;
    auto samples = wav.mono();
    heard_.audio += audio::Frame{samples, wav.rate_hz}.duration();
    if (std::ranges::none_of(samples, [](int one) { return std::abs(one) > 500; })) return "";
    auto phrases = heard_.script.phrases();
    return phrases[heard_.utterance++ % phrases.size()];
  }

  static HttpResponse told_in_words(const std::string& text, const HttpRequest& request) {
    std::string events;
    for (std::size_t from = 0; from < text.size();) {
      auto to = std::min(text.find(' ', from + 1), text.size());
      events +=
          event_of({{"type", "transcript.text.delta"}, {"delta", text.substr(from, to - from)}});
      from = to;
    }
    events += event_of({{"type", "transcript.text.done"}, {"text", text}});
    return event_stream(std::move(events), request);
  }

  static HttpResponse told_in_sound(const std::string& bytes, const HttpRequest& request) {
    std::string events;
    for (auto& piece : pieces_of(bytes))
      events +=
          event_of({{"type", "speech.audio.delta"}, {"audio", base64_encode(as_bytes(piece))}});
    events += event_of({{"type", "speech.audio.done"}, {"usage", {{"output_tokens", 1}}}});
    return event_stream(std::move(events), request);
  }

  const OpenAiAccount& account_;
  Clock& clock_;
  OpenAiAudio& heard_;
};

}  // namespace

void add_audio(StandInServer& server, const OpenAiAccount& account, Clock& clock,
               OpenAiAudio& heard) {
  auto audio = std::make_shared<Audio>(account, clock, heard);
  auto transcribing =
      account.admitting([audio](const HttpRequest& request) { return audio->transcribe(request); });
  server.add(
      net::Method::post, "/v1/audio/transcriptions",
      [transcribing, &clock, &account](HttpRequest request) -> asio::awaitable<HttpResponse> {
        co_await clock.sleep_for(account.options().recognition_delay);
        auto answering = transcribing(std::move(request));
        co_return co_await std::move(answering);
      },
      upload_limits);
  server.add(
      net::Method::post, "/v1/audio/speech",
      account.admitting([audio](const HttpRequest& request) { return audio->speak(request); }));
  add_phrases(server, heard.script, [&heard] { heard.utterance = 0; });
}

}  // namespace parley::simulators
