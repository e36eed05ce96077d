#pragma once
#include <cmath>
#include <numbers>

#include "fakes.hpp"
#include "parley/base/task_group.hpp"
#include "parley/testkit/sim_world.hpp"

namespace parley::voice::testing {

/// A buzz with the harmonics and the rhythm of a voice.
inline audio::Samples voice_like(Duration length) {
  auto count = static_cast<std::size_t>(length / std::chrono::microseconds(125));
  audio::Samples samples(count);
  for (std::size_t i = 0; i < count; ++i) {
    double t = static_cast<double>(i) / 8000.0;
    double sum = 0;
    for (int k = 2; k < 24; ++k) sum += std::sin(2 * std::numbers::pi * 130 * k * t) / k;
    double syllable = 0.6 + 0.4 * std::sin(2 * std::numbers::pi * 4 * t);
    samples[i] = static_cast<std::int16_t>(4000 * sum * syllable);
  }
  return samples;
}

/// One call in virtual time.
struct Call {
  testkit::SimWorld world{};
  std::shared_ptr<FakeLine::Shared> line = std::make_shared<FakeLine::Shared>(world.clock());
  FakeRecognizer recognizer{world.clock()};
  FakeSynthesizer synthesizer{world.clock()};
  MemoryJournal journal;
  MemoryRecording recording;
  FakeDialogue::Log log;
  std::string greeting = "Hello, this is the dentist.";
  FakeDialogue::Reply reply = [](dialog::UserTurn turn,
                                 dialog::Speaker& speaker) -> Task<dialog::TurnEnd> {
    speaker.say("You said " + turn.text + ".");
    co_return FakeDialogue::listening("next");
  };
  SessionSettings settings;
  std::vector<std::pair<Duration, audio::Samples>> caller;  ///< what the caller says, and when
  std::vector<std::pair<Duration, std::function<void()>>> moments;
  Duration hang_up_after = std::chrono::seconds(10);
  /// The agent's voice comes back on the caller's channel.
  struct Echo {
    double gain_db = 0;
    Duration delay{};
  };
  std::optional<Echo> echo;
  bool frames_stop = false;  ///< no silence frames: the carrier sends speech only

  void says(Duration at, Duration length) { caller.emplace_back(at, voice_like(length)); }
  /// Hiss as loud as a quiet voice.
  void hisses(Duration at, Duration length) {
    audio::Samples samples(static_cast<std::size_t>(length / std::chrono::microseconds(125)));
    std::uint32_t state = 1;
    for (auto& sample : samples)
      sample = static_cast<std::int16_t>(
          static_cast<int>((state = state * 1664525 + 1013904223) >> 16) % 1600 - 800);
    caller.emplace_back(at, std::move(samples));
  }
  void at(Duration when, std::function<void()> what) {
    moments.emplace_back(when, std::move(what));
  }

  /// 20 ms frames from the script, silence between.
  asio::awaitable<void> talk() {
    auto start = world.clock().now();
    for (std::int64_t n = 0;; ++n) {
      auto at = n * Duration(audio::frame_length);
      co_await world.clock().sleep_until(start + at);
      for (auto& [when, what] : moments)
        if (when >= at && when < at + audio::frame_length) what();
      if (at >= hang_up_after && !line->ending) {
        line->ending = Error{Errc::end_of_stream, "stop"};
        line->wake.notify();
      }
      if (line->ending) continue;
      audio::Samples frame(audio::telephone_frame_samples, 0);
      bool spoken = false;
      for (auto& [when, samples] : caller) {
        auto offset = (at - when) / std::chrono::microseconds(125);
        if (offset < 0 || offset + 160 > static_cast<std::int64_t>(samples.size())) continue;
        std::copy_n(samples.begin() + offset, 160, frame.begin());
        spoken = true;
      }
      if (frames_stop && !spoken) continue;
      if (echo) add_echo(frame, at);
      auto codes = audio::mulaw_encode(frame);
      auto bytes = std::as_bytes(std::span(codes));
      line->events.push_back(
          telephony::MediaAudio{{bytes.begin(), bytes.end()}, std::chrono::milliseconds(20 * n)});
      line->wake.notify();
    }
  }

  /// The frame is of the 20 ms that end now.
  void add_echo(audio::Samples& frame, Duration now) const {
    auto gain = std::pow(10.0, echo->gain_db / 20);
    auto first = (now - echo->delay) / std::chrono::microseconds(125) -
                 static_cast<std::int64_t>(frame.size());
    for (std::size_t i = 0; i < frame.size(); ++i) {
      auto at = first + static_cast<std::int64_t>(i);
      if (at < 0 || at >= static_cast<std::int64_t>(line->air.size())) continue;
      auto sum = frame[i] + gain * line->air[static_cast<std::size_t>(at)];
      frame[i] = static_cast<std::int16_t>(std::clamp(sum, -32768.0, 32767.0));
    }
  }

  SessionReport run() {
    return world
        .run([this]() -> Task<SessionReport> {
          auto dialogue = std::make_unique<FakeDialogue>(log, greeting, reply);
          SessionParts parts{
              world.clock(),       recognizer, synthesizer, std::make_unique<FakeLine>(line),
              std::move(dialogue), journal,    &recording};
          CallSession session(std::move(parts), settings);
          this->session = &session;
          TaskGroup group(world.executor());
          group.spawn("caller", [this] { return talk(); });
          auto running = session.run(world.context());
          auto report = co_await std::move(running);
          co_await group.stop();
          this->session = nullptr;
          co_return report;
        })
        .value();
  }
  CallSession* session = nullptr;
};

}  // namespace parley::voice::testing
