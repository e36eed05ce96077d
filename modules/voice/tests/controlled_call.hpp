#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "fakes.hpp"
#include "parley/base/task_group.hpp"
#include "parley/testkit/sim_world.hpp"
#include "parley/voice/call_session.hpp"

namespace parley::voice::testing {

using dialog::Speaker;
using dialog::TurnEnd;
using dialog::UserTurn;

/// The caller's ear: a line that keeps what is sent to it.
class RecordedLine final : public telephony::MediaStream {
 public:
  RecordedLine(std::shared_ptr<FakeLine::Shared> shared, audio::Samples& sound)
      : line_(std::move(shared)), sound_(sound) {}
  telephony::Codec codec() const noexcept override { return line_.codec(); }
  int rate_hz() const noexcept override { return line_.rate_hz(); }
  Task<void> receive_all(telephony::MediaTaker taker) override {
    return line_.receive_all(std::move(taker));
  }
  Result<void> send_audio(std::span<const std::byte> payload) override {
    std::span codes(reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size());
    auto samples = audio::mulaw_decode(codes);
    sound_.insert(sound_.end(), samples.begin(), samples.end());
    return line_.send_audio(payload);
  }
  Result<void> send_mark(std::string name) override { return line_.send_mark(std::move(name)); }
  Result<void> clear() override { return line_.clear(); }
  asio::awaitable<void> close() override { return line_.close(); }
  Counters counters() const noexcept override { return line_.counters(); }

 private:
  FakeLine line_;
  audio::Samples& sound_;
};

/// Greets, and heeds instructions when it shall.
class AdvisedDialogue final : public dialog::Dialogue {
 public:
  struct Log {
    std::vector<std::string> advice, turns, interruptions;
    std::vector<int> silences;
    bool understands = true;
    Duration thinks{};
    Clock* clock = nullptr;
  };
  explicit AdvisedDialogue(Log& log) : log_(log) {}
  Task<TurnEnd> open(Context, Speaker& speaker) override {
    speaker.say("Hello, this is the dentist.");
    co_return FakeDialogue::listening("open");
  }
  Task<TurnEnd> reply(Context, UserTurn turn, Speaker& speaker) override {
    log_.turns.push_back(turn.text);
    if (log_.thinks > Duration{}) co_await log_.clock->sleep_for(log_.thinks);
    speaker.say("We are open from nine to five.");
    speaker.say("Shall I book an appointment for you?");
    co_return FakeDialogue::listening("next");
  }
  Task<TurnEnd> silence(Context, int times, Speaker& speaker) override {
    log_.silences.push_back(times);
    speaker.say("Are you still there?");
    co_return FakeDialogue::listening("open");
  }
  void interrupted(std::string_view heard) override { log_.interruptions.emplace_back(heard); }
  Advice advise(std::string instruction) override {
    log_.advice.push_back(std::move(instruction));
    return log_.understands ? Advice::heeded : Advice::not_understood;
  }
  dialog::Outcome outcome() const override { return {"answered", "", {}}; }

 private:
  Log& log_;
};

struct Ears final : Listener {
  audio::Samples sound;
  bool over = false;
  void heard(std::span<const std::int16_t> interleaved) override {
    sound.insert(sound.end(), interleaved.begin(), interleaved.end());
  }
  void ended() override { over = true; }
  /// How loud a side was from a second on to another.
  double loudness(std::size_t side, double from, double to) const {
    double sum = 0;
    auto begin = static_cast<std::size_t>(from * 8000), end = static_cast<std::size_t>(to * 8000);
    for (auto i = begin; i < end && 2 * i + side < sound.size(); ++i)
      sum += std::abs(static_cast<double>(sound[2 * i + side]));
    return sum / static_cast<double>(end - begin);
  }
};

inline audio::Samples voice_like(Duration length) {
  audio::Samples samples(static_cast<std::size_t>(length / std::chrono::microseconds(125)));
  for (std::size_t i = 0; i < samples.size(); ++i) {
    double t = static_cast<double>(i) / 8000.0, sum = 0;
    for (int k = 2; k < 24; ++k) sum += std::sin(2 * std::numbers::pi * 130 * k * t) / k;
    samples[i] = static_cast<std::int16_t>(4000 * sum *
                                           (0.6 + 0.4 * std::sin(2 * std::numbers::pi * 4 * t)));
  }
  return samples;
}

struct ControlledCall : ::testing::Test {
  testkit::SimWorld world{};
  std::shared_ptr<FakeLine::Shared> line = std::make_shared<FakeLine::Shared>(world.clock());
  FakeRecognizer recognizer{world.clock()};
  FakeSynthesizer synthesizer{world.clock()};
  MemoryJournal journal;
  AdvisedDialogue::Log log;
  SessionSettings settings;
  audio::Samples sound;  ///< all that was sent to the caller
  std::vector<std::pair<Duration, audio::Samples>> caller;
  std::vector<std::pair<Duration, std::function<void()>>> moments;
  Duration hang_up_after = 20s;
  CallSession* session = nullptr;

  void says(Duration at, Duration length) { caller.emplace_back(at, voice_like(length)); }
  void orders(Duration at, Order order) {
    moments.emplace_back(at, [this, order] { EXPECT_TRUE(session->give(order)); });
  }
  void at(Duration when, std::function<void()> what) { moments.emplace_back(when, what); }

  asio::awaitable<void> carry() {
    auto start = world.clock().now();
    for (std::int64_t n = 0;; ++n) {
      auto at = n * Duration(audio::frame_length);
      co_await world.clock().sleep_until(start + at);
      for (auto& [when, what] : moments)
        if (when >= at && when < at + audio::frame_length) what();
      if (at >= hang_up_after) line->ending = Error{Errc::end_of_stream, "stop"};
      audio::Samples frame(audio::telephone_frame_samples, 0);
      for (auto& [when, samples] : caller) {
        auto offset = (at - when) / std::chrono::microseconds(125);
        if (offset >= 0 && offset + 160 <= static_cast<std::int64_t>(samples.size()))
          std::copy_n(samples.begin() + offset, 160, frame.begin());
      }
      auto codes = audio::mulaw_encode(frame);
      auto bytes = std::as_bytes(std::span(codes));
      line->events.push_back(
          telephony::MediaAudio{{bytes.begin(), bytes.end()}, std::chrono::milliseconds(20 * n)});
      line->wake.notify();
    }
  }
  SessionReport run() {
    log.clock = &world.clock();
    return world
        .run([this]() -> Task<SessionReport> {
          SessionParts parts{world.clock(),
                             recognizer,
                             synthesizer,
                             std::make_unique<RecordedLine>(line, sound),
                             std::make_unique<AdvisedDialogue>(log),
                             journal,
                             nullptr};
          CallSession running(std::move(parts), settings);
          session = &running;
          TaskGroup group(world.executor());
          group.spawn("line", [this] { return carry(); });
          auto talking = running.run(world.context());
          auto report = co_await std::move(talking);
          co_await group.stop();
          after(running);
          co_return report;
        })
        .value();
  }
  std::function<void(CallSession&)> after = [](CallSession&) {};
};

}  // namespace parley::voice::testing
