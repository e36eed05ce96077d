#include <fmt/format.h>

#include <charconv>

#include "parley/base/race.hpp"
#include "parley/base/strings.hpp"
#include "parley/base/task_group.hpp"
#include "parley/simulators/outbox.hpp"
#include "parley/simulators/spoken_audio.hpp"
#include "sessions.hpp"

namespace parley::simulators::deepgram {

namespace {

double seconds(Duration length) { return std::chrono::duration<double>(length).count(); }

class Listening {
 public:
  Listening(House house, const net::HttpRequest& upgrade, net::WebSocket& socket)
      : house_(house),
        socket_(socket),
        outbox_(house.clock, socket),
        hearing_(house.script.take()),
        model_(net::find_field(upgrade.query, "model").value_or("base")),
        wants_interim_(net::find_field(upgrade.query, "interim_results") == "true") {
    auto encoding = net::find_field(upgrade.query, "encoding").value_or("");
    is_understood_ = encoding == "mulaw" || encoding == "alaw" || encoding == "linear16";
    if (encoding == "linear16") coding_ = SoundCoding::pcm;
    if (encoding == "alaw") coding_ = SoundCoding::alaw;
    auto rate = net::find_field(upgrade.query, "sample_rate").value_or("");
    std::from_chars(rate.data(), rate.data() + rate.size(), rate_hz_);
    if (rate_hz_ < 4000 || rate_hz_ > 192'000) is_understood_ = false;
  }

  asio::awaitable<void> run() {
    auto hearing = hear();
    auto saying = outbox_.run();
    co_await race(std::move(hearing), std::move(saying));
  }

 private:
  asio::awaitable<void> hear() {
    while (true) {
      auto limit = house_.clock.now() + house_.options.silence_limit;
      auto receiving = socket_.receive();
      auto message = co_await with_deadline(house_.clock, limit, std::move(receiving));
      if (!message && message.error().code == Errc::timeout) {
        outbox_.close(1011, "NET-0001: Deepgram did not receive audio data or a text message");
        co_await house_.clock.sleep_for(std::chrono::seconds(5));
        co_return;
      }
      if (!message) co_return;
      if (ending_) continue;
      if (message->binary && message->payload.empty())
        end();
      else if (message->binary)
        on_audio(message->payload);
      else
        on_text(message->payload);
    }
  }

  void on_audio(std::string_view bytes) {
    if (!is_understood_) return;  // no usable transcripts, and no word about it
    odd_.append(bytes);
    auto whole = coding_ == SoundCoding::pcm ? odd_.size() / 2 * 2 : odd_.size();
    auto samples = decode_sound(std::string_view(odd_).substr(0, whole), coding_);
    odd_.erase(0, whole);
    house_.counts.audio += std::chrono::nanoseconds(
        1'000'000'000 * static_cast<std::int64_t>(samples.size()) / rate_hz_);
    auto from = hearing_.settled();
    for (auto& result : hearing_.on_audio(samples, rate_hz_)) {
      if (!result.is_final && !wants_interim_) continue;
      say(result, from, false);
      from = hearing_.settled();
    }
    if (hearing_.utterance_end_due())
      outbox_.say({{"type", "UtteranceEnd"},
                   {"channel", {0, 1}},
                   {"last_word_end", seconds(hearing_.heard())}},
                  house_.options.recognition_delay);
  }

  void on_text(std::string_view text) {
    auto parsed = parse_json(text);
    auto type = parsed ? text_at(*parsed, "/type") : "";
    if (type == "KeepAlive") {
      ++house_.counts.keep_alives;
    } else if (type == "Finalize") {
      ++house_.counts.finalizes;
      auto from = hearing_.settled();
      auto rest = hearing_.finalize();
      say(rest, from, true);
    } else if (type == "CloseStream") {
      ++house_.counts.closed_in_order;
      end();
    } else {
      outbox_.close(1008, "DATA-0000: the text is no message of this protocol");
    }
  }

  void end() {
    ending_ = true;
    auto from = hearing_.settled();
    if (auto rest = hearing_.finalize(); !rest.text.empty()) say(rest, from, false);
    outbox_.say({{"type", "Metadata"},
                 {"transaction_key", "deprecated"},
                 {"request_id", request_id_},
                 {"sha256", std::string(64, '0')},
                 {"created", to_rfc3339(house_.clock.wall())},
                 {"duration", seconds(hearing_.heard())},
                 {"channels", 1}},
                house_.options.recognition_delay);
    outbox_.close(1000, "");
  }

  json::array words(const std::string& text, double from, double length, double confidence) {
    json::array all;
    if (text.empty()) return all;
    auto list = split(text, ' ');
    auto each = length / static_cast<double>(list.size());
    for (std::size_t i = 0; i < list.size(); ++i)
      all.push_back({{"word", list[i]},
                     {"start", from + each * static_cast<double>(i)},
                     {"end", from + each * static_cast<double>(i + 1)},
                     {"confidence", confidence},
                     {"punctuated_word", list[i]}});
    return all;
  }

  void say(const HeardResult& result, Duration from, bool from_finalize) {
    auto& utterance = hearing_.utterance();
    auto start = seconds(from);
    auto length = seconds(hearing_.heard() - from);
    json::object best{
        {"transcript", result.text},
        {"confidence", result.text.empty() ? 0.0 : utterance.confidence},
        {"languages", json::array{utterance.language}},
        {"words", words(result.text, start, length, utterance.confidence)},
    };
    json::object message{
        {"type", "Results"},
        {"channel_index", {0, 1}},
        {"duration", length},
        {"start", start},
        {"is_final", result.is_final},
        {"speech_final", result.speech_final},
        {"from_finalize", from_finalize},
        {"channel", {{"alternatives", json::array{std::move(best)}}}},
        {"metadata",
         {{"request_id", request_id_},
          {"model_uuid", request_id_},
          {"model_info", {{"name", model_}, {"version", "simulated"}, {"arch", model_}}}}},
    };
    outbox_.say(std::move(message), house_.options.recognition_delay);
  }

  House house_;
  net::WebSocket& socket_;
  Outbox outbox_;
  Hearing hearing_;
  std::string model_;
  bool wants_interim_;
  bool is_understood_ = false;
  SoundCoding coding_ = SoundCoding::mulaw;
  int rate_hz_ = 0;
  std::string odd_;
  std::string request_id_ = "00000000-0000-4000-8000-000000000000";
  bool ending_ = false;
};

}  // namespace

asio::awaitable<void> listen(House house, net::HttpRequest upgrade,
                             std::unique_ptr<net::WebSocket> socket) {
  ++house.counts.sessions;
  Listening session(house, upgrade, *socket);
  auto running = session.run();
  co_await std::move(running);
}

}  // namespace parley::simulators::deepgram
