#include "parley/providers/elevenlabs/scribe_recognizer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "error_words.hpp"
#include "parley/audio/g711.hpp"
#include "parley/base/json.hpp"
#include "parley/base/strings.hpp"
#include "parley/providers/streaming/connecting.hpp"
#include "parley/providers/streaming/refusal.hpp"
#include "parley/providers/streaming/streamed_session.hpp"

namespace parley::providers::elevenlabs {

namespace {

using streaming::Heard;
constexpr double usual_confidence = 0.85;

/// The messages of /v1/speech-to-text/realtime.
class ScribeDialect final : public streaming::Dialect {
 public:
  ScribeDialect(std::string language, int rate_hz)
      : language_(std::move(language)), rate_hz_(rate_hz) {}

  net::WebSocketMessage audio(std::span<const std::int16_t> samples) override {
    return chunk(samples, false);
  }
  net::WebSocketMessage finalize() override { return chunk({}, true); }
  std::optional<net::WebSocketMessage> keep_alive() override { return std::nullopt; }
  std::optional<net::WebSocketMessage> farewell() override { return std::nullopt; }

  Result<Heard> read(const net::WebSocketMessage& message) override {
    auto parsed = parse_json(message.payload);
    if (!parsed || !parsed->is_object())
      return fail(Errc::corrupt, "ElevenLabs sent what is no JSON object");
    auto type = text_at(*parsed, "/message_type");
    Heard heard;
    heard.text = std::string(trim(text_at(*parsed, "/text")));
    heard.confidence = heard.text.empty() ? 0 : usual_confidence;
    // The plain one is followed by the same words with times and language.
    if (type == "partial_transcript") heard.kind = Heard::Kind::partial;
    if (type == "committed_transcript_with_timestamps") {
      heard.kind = Heard::Kind::finalized;
      auto language = text_at(*parsed, "/language_code");
      if (!language.empty() && !is_ours(language))
        heard.confidence = std::min(heard.confidence, streaming::foreign_confidence);
    }
    if (type == "commit_throttled" || type == "insufficient_audio_activity")
      heard.kind = Heard::Kind::deaf;
    bool is_error = heard.kind == Heard::Kind::nothing && type != "warning" &&
                    parsed->get_object().contains("error");
    if (is_error) return std::unexpected(error_of_word(type));
    return heard;
  }

 private:
  net::WebSocketMessage chunk(std::span<const std::int16_t> samples, bool commit) const {
    std::vector<std::uint8_t> bytes;
    if (rate_hz_ == audio::telephone_rate_hz) {
      bytes = audio::mulaw_encode(samples);
    } else {
      for (auto sample : samples) {
        bytes.push_back(static_cast<std::uint8_t>(sample & 0xFF));
        bytes.push_back(static_cast<std::uint8_t>((sample >> 8) & 0xFF));
      }
    }
    json::object message{{"message_type", "input_audio_chunk"},
                         {"audio_base_64", base64_encode(std::as_bytes(std::span(bytes)))},
                         {"commit", commit},
                         {"sample_rate", rate_hz_}};
    return {false, json::serialize(message)};
  }
  /// "eng" and "en" are both told for English.
  bool is_ours(std::string_view language) const {
    auto primary = std::string_view(language_).substr(0, language_.find('-'));
    return language.substr(0, 2) == primary.substr(0, 2);
  }

  const std::string language_;
  const int rate_hz_;
};

std::string realtime_query(const std::string& model, const std::string& language, int rate_hz,
                           const std::vector<std::string>& keyterms) {
  auto format = rate_hz == audio::telephone_rate_hz ? std::string("ulaw_8000")
                                                    : fmt::format("pcm_{}", rate_hz);
  auto query = fmt::format(
      "?model_id={}&audio_format={}&commit_strategy=manual&include_timestamps=true"
      "&include_language_detection=true&language_code={}",
      url_encode(model), format, url_encode(language.substr(0, language.find('-'))));
  for (auto& term : keyterms) query += "&keyterms=" + url_encode(term);
  return query;
}

}  // namespace

ScribeRecognizer::ScribeRecognizer(Clock& clock, resilience::Policy& policy,
                                   RecognizerAccount account)
    : clock_(clock), policy_(policy), account_(std::move(account)) {}

Task<std::unique_ptr<speech::RecognizerSession>> ScribeRecognizer::open(
    Context ctx, speech::RecognizerOptions options) {
  constexpr std::array rates{8000, 16'000, 22'050, 24'000, 44'100, 48'000};
  if (std::ranges::find(rates, options.rate_hz) == rates.end())
    co_return fail(Errc::invalid, "Scribe does not hear this rate");
  streaming::StreamedSessionOptions how;
  how.rate_hz = options.rate_hz;
  how.piece = std::chrono::milliseconds(100);
  how.keep_alive = std::chrono::hours(1);  // it needs no words to stay
  how.grace = Duration{};                  // each commit is answered
  auto language = options.language;
  auto rate_hz = options.rate_hz;
  auto connect = [&clock = clock_, &policy = policy_, account = account_, language, rate_hz](
                     Context within, std::vector<std::string> keyterms) {
    net::WebSocketTarget target;
    target.url = streaming::socket_address_under(account.api_url, "/v1/speech-to-text/realtime") +
                 realtime_query(account.model, language, rate_hz, keyterms);
    target.headers.set("xi-api-key", account.api_key);
    return streaming::connect(std::move(within), clock, policy, "listen.open", std::move(target));
  };
  auto keyterms = streaming::keyterms_of(options.expectation, how.max_keyterms);
  auto opening = connect(ctx, keyterms);
  auto socket = co_await std::move(opening);
  if (!socket) co_return std::unexpected(socket.error());
  ctx.deadline = TimePoint::max();  // that of the opening; the call goes on
  auto again = [connect, ctx](std::vector<std::string> terms) { return connect(ctx, terms); };
  auto dialect = std::make_unique<ScribeDialect>(std::move(language), rate_hz);
  co_return std::make_unique<streaming::StreamedSession>(
      clock_, how, std::move(dialect), std::move(*socket), std::move(keyterms), std::move(again));
}

}  // namespace parley::providers::elevenlabs
