#include "parley/providers/streaming/spoken_stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "parley/base/strings.hpp"
#include "parley/providers/streaming/refusal.hpp"

namespace parley::providers::streaming {

namespace {

constexpr std::size_t most_text_bytes = 2000;
constexpr std::size_t most_refusal_bytes = 4096;
/// Between two pieces of audio; a caller hears silence long before.
constexpr Duration longest_gap = std::chrono::seconds(5);

class SpokenStream final : public speech::SynthesisStream {
 public:
  SpokenStream(std::shared_ptr<net::Upstream> api, net::BodyStream body, SpeechRequest& speech)
      : api_(std::move(api)),
        body_(std::move(body)),
        sound_(speech.sound),
        rate_hz_(speech.sound.wanted_hz),
        left_(longest_audio(speech.text_bytes)) {}

  Task<audio::Frame> next() override {
    while (true) {
      if (end_) co_return std::unexpected(*end_);
      auto waiting = body_();
      auto piece = co_await std::move(waiting);
      if (!piece) {
        body_ = {};
        end_ = Error{Errc::unavailable, "the voice broke off: " + piece.error().detail};
        continue;
      }
      auto samples = piece->empty() ? sound_.flush() : sound_.take(*piece);
      if (samples && !samples->empty()) has_spoken_ = true;
      if (piece->empty()) finish();
      if (!samples) {
        end_ = samples.error();
        continue;
      }
      if (samples->empty()) continue;
      audio::Frame frame{std::move(*samples), rate_hz_};
      left_ -= frame.duration();
      if (left_ < Duration{} && !end_) {
        body_ = {};
        end_ = Error{Errc::unavailable, "the voice goes on for longer than its text"};
      }
      co_return frame;
    }
  }

 private:
  void finish() {
    body_ = {};
    end_ = has_spoken_ ? Error{Errc::end_of_stream, "the text is spoken"}
                       : Error{Errc::unavailable, "the answer holds no audio"};
  }

  std::shared_ptr<net::Upstream> api_;
  net::BodyStream body_;
  SoundBytes sound_;
  int rate_hz_;
  Duration left_;
  bool has_spoken_ = false;
  std::optional<Error> end_;
};

bool is_audio(const net::Headers& headers) {
  auto type = to_lower(headers.get("Content-Type").value_or("audio/basic"));
  return !type.starts_with("application/json") && !type.starts_with("text/");
}

}  // namespace

ApiAddress split_address(std::string_view url) {
  while (url.ends_with('/')) url.remove_suffix(1);
  auto scheme = url.find("://");
  auto slash = url.find('/', scheme == std::string_view::npos ? 0 : scheme + 3);
  ApiAddress address{std::string(url.substr(0, slash)), ""};
  if (slash != std::string_view::npos) address.path = url.substr(slash);
  return address;
}

Result<std::string> speakable(std::string text) {
  if (text.size() > most_text_bytes) return fail(Errc::too_large, "a text has at most 2,000 bytes");
  if (!is_valid_utf8(text)) return fail(Errc::invalid, "the text is not UTF-8");
  return std::string(trim(text));
}

double speed_within(double speed, double least, double most) {
  return std::isfinite(speed) ? std::clamp(speed, least, most) : 1.0;
}

Duration longest_audio(std::size_t text_bytes) {
  return std::chrono::seconds(10) + std::chrono::milliseconds(300) * static_cast<int>(text_bytes);
}

std::unique_ptr<speech::SynthesisStream> nothing_to_say() {
  class Nothing final : public speech::SynthesisStream {
   public:
    Task<audio::Frame> next() override {
      co_return fail(Errc::end_of_stream, "there was nothing to say");
    }
  };
  return std::make_unique<Nothing>();
}

Task<std::string> beginning_of(net::BodyStream body, std::size_t most_bytes) {
  std::string all;
  while (all.size() < most_bytes) {
    auto waiting = body();
    auto piece = co_await std::move(waiting);
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) break;
    all += *piece;
  }
  co_return all.substr(0, most_bytes);
}

Task<std::unique_ptr<speech::SynthesisStream>> speak_over_http(Context ctx, Clock& clock,
                                                               resilience::Policy& policy,
                                                               std::shared_ptr<net::Upstream> api,
                                                               SpeechRequest speech) {
  using Stream = std::unique_ptr<speech::SynthesisStream>;
  speech.request.method = net::Method::post;
  speech.request.idle_timeout = longest_gap;
  auto call = [&clock, &api, &speech](Context limited) -> Task<Stream> {
    auto request = speech.request;
    request.head_deadline = limited.deadline;
    auto sending = api->send(std::move(limited), std::move(request));
    auto answer = co_await std::move(sending);
    // What was not heard has no effect, whether or not it was made.
    if (!answer && answer.error().code == Errc::outcome_unknown)
      co_return fail(Errc::unavailable, answer.error().detail);
    if (!answer) co_return std::unexpected(answer.error());
    if (answer->status / 100 != 2) {
      auto reading = beginning_of(std::move(answer->body), most_refusal_bytes);
      auto said = co_await std::move(reading);
      co_return std::unexpected(
          refusal(answer->status, answer->headers, said.value_or(""), clock.wall()));
    }
    if (!is_audio(answer->headers)) co_return fail(Errc::corrupt, "the answer is no audio");
    co_return std::make_unique<SpokenStream>(api, std::move(answer->body), speech);
  };
  resilience::Operation what{speech.operation, resilience::Repeat::safe};
  auto running = policy.run(std::move(ctx), std::move(what), call);
  co_return co_await std::move(running);
}

}  // namespace parley::providers::streaming
