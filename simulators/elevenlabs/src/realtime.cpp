#include <charconv>

#include "parley/base/race.hpp"
#include "parley/base/strings.hpp"
#include "parley/simulators/outbox.hpp"
#include "parley/simulators/spoken_audio.hpp"
#include "sessions.hpp"

namespace parley::simulators::elevenlabs {

namespace {

class Transcribing {
 public:
  Transcribing(House house, const net::HttpRequest& upgrade, net::WebSocket& socket)
      : house_(house),
        socket_(socket),
        outbox_(house.clock, socket),
        hearing_(house.script.take()),
        wants_times_(net::find_field(upgrade.query, "include_timestamps") == "true") {
    auto format = net::find_field(upgrade.query, "audio_format").value_or("pcm_16000");
    coding_ = format.starts_with("ulaw_") ? SoundCoding::mulaw : SoundCoding::pcm;
    auto rate = format.substr(format.find('_') + 1);
    std::from_chars(rate.data(), rate.data() + rate.size(), rate_hz_);
    outbox_.say({{"message_type", "session_started"},
                 {"session_id", "simulated"},
                 {"config",
                  {{"sample_rate", rate_hz_},
                   {"audio_format", format},
                   {"model_id", net::find_field(upgrade.query, "model_id").value_or("")},
                   {"commit_strategy", "manual"}}}});
  }

  asio::awaitable<void> run() {
    auto hearing = hear();
    auto saying = outbox_.run();
    co_await race(std::move(hearing), std::move(saying));
  }

 private:
  asio::awaitable<void> hear() {
    while (true) {
      auto receiving = socket_.receive();
      auto message = co_await std::move(receiving);
      if (!message) co_return;
      auto parsed = parse_json(message->payload);
      bool is_known = parsed && text_at(*parsed, "/message_type") == "input_audio_chunk";
      auto bytes = is_known ? base64_decode(text_at(*parsed, "/audio_base_64"))
                            : Result<std::vector<std::byte>>(fail(Errc::invalid, ""));
      if (!bytes) {
        refuse("input_error");
        continue;
      }
      if (!bytes->empty()) on_audio(as_text(*bytes));
      auto* commit = value_at(*parsed, "/commit");
      if (commit && commit->is_bool() && commit->get_bool()) on_commit();
    }
  }

  void refuse(std::string_view word) {
    outbox_.say({{"message_type", word}, {"error", "refused by the stand-in"}});
    outbox_.close(1008, std::string(word));
  }

  void on_audio(std::string_view bytes) {
    auto samples = decode_sound(bytes, coding_);
    house_.counts.audio += std::chrono::nanoseconds(
        1'000'000'000 * static_cast<std::int64_t>(samples.size()) / rate_hz_);
    uncommitted_ += samples.size();
    for (auto& result : hearing_.on_audio(samples, rate_hz_))
      if (!result.text.empty())
        outbox_.say({{"message_type", "partial_transcript"}, {"text", result.text}},
                    house_.options.recognition_delay);
  }

  /// Less than 300 ms is not enough to commit.
  void on_commit() {
    ++house_.counts.commits;
    auto delay = house_.options.recognition_delay;
    bool is_enough = uncommitted_ * 10 >= static_cast<std::size_t>(rate_hz_) * 3;
    uncommitted_ = 0;
    auto rest = hearing_.finalize();
    if (!is_enough) {
      outbox_.say({{"message_type", "commit_throttled"}, {"error", "too little audio"}}, delay);
      return;
    }
    outbox_.say({{"message_type", "committed_transcript"}, {"text", rest.text}}, delay);
    if (!wants_times_) return;
    json::array words;
    double at = 0;
    for (auto& word : split(rest.text, ' ')) {
      if (word.empty()) continue;
      words.push_back(
          {{"text", word}, {"start", at}, {"end", at + 0.3}, {"type", "word"}, {"logprob", -0.1}});
      at += 0.3;
    }
    outbox_.say({{"message_type", "committed_transcript_with_timestamps"},
                 {"text", rest.text},
                 {"language_code", hearing_.utterance().language},
                 {"words", std::move(words)}},
                delay);
  }

  House house_;
  net::WebSocket& socket_;
  Outbox outbox_;
  Hearing hearing_;
  bool wants_times_;
  SoundCoding coding_ = SoundCoding::pcm;
  int rate_hz_ = 16'000;
  std::size_t uncommitted_ = 0;
};

}  // namespace

asio::awaitable<void> transcribe(House house, net::HttpRequest upgrade,
                                 std::unique_ptr<net::WebSocket> socket) {
  ++house.counts.sessions;
  Transcribing session(house, upgrade, *socket);
  auto running = session.run();
  co_await std::move(running);
}

}  // namespace parley::simulators::elevenlabs
