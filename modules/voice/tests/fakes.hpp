#pragma once
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "parley/audio/g711.hpp"
#include "parley/base/signal.hpp"
#include "parley/voice/call_session.hpp"

namespace parley::voice::testing {

/// A telephone line in virtual time: brings the caller's frames every 20 ms, plays what the agent
/// sends at the speed of sound, returns marks when their audio was played, or at once on clear.
class FakeLine final : public telephony::MediaStream {
 public:
  struct Shared {
    explicit Shared(Clock& c) : clock(c), start(c.now()) {}
    Clock& clock;
    TimePoint start;
    audio::Samples air;  ///< what the caller hears, from the start on
    Signal wake;
    std::deque<telephony::MediaEvent> events;
    std::optional<Error> ending;
    TimePoint plays_until{};
    std::vector<std::pair<TimePoint, std::string>> marks;  ///< due times
    std::vector<std::pair<TimePoint, std::size_t>> sent;   ///< when, how many samples
    int clears = 0;
    std::vector<TimePoint> clear_times;
    bool closed = false;
    bool refuse_audio = false;
    bool lose_marks = false;
    telephony::Companion* screen = nullptr;  ///< of a caller who also reads

    std::size_t index_of(TimePoint when) const {
      return static_cast<std::size_t>((when - start) / std::chrono::microseconds(125));
    }
    Duration ahead() const {
      return plays_until > clock.now() ? plays_until - clock.now() : Duration::zero();
    }
  };

  explicit FakeLine(std::shared_ptr<Shared> shared) : s(std::move(shared)) {}

  telephony::Codec codec() const noexcept override { return telephony::Codec::mulaw; }
  int rate_hz() const noexcept override { return 8000; }

  Task<void> receive_all(telephony::MediaTaker taker) override {
    while (true) {
      auto now = s->clock.now();
      auto due = std::ranges::find_if(s->marks, [&](auto& m) { return m.first <= now; });
      std::optional<telephony::MediaEvent> event;
      if (!s->events.empty()) {
        event = std::move(s->events.front());
        s->events.pop_front();
      } else if (due != s->marks.end()) {
        event = telephony::MediaMark{due->second};
        s->marks.erase(due);
      }
      if (event && !taker(*event)) co_return Result<void>{};
      if (event) continue;
      if (s->ending) co_return std::unexpected(*s->ending);
      auto when = TimePoint::max();
      for (auto& mark : s->marks) when = std::min(when, mark.first);
      co_await s->wake.wait_until(s->clock, when);
    }
  }
  Result<void> send_audio(std::span<const std::byte> payload) override {
    if (s->refuse_audio) return fail(Errc::rate_limited, "full");
    auto now = s->clock.now();
    s->sent.emplace_back(now, payload.size());
    s->air.resize(s->index_of(std::max(now, s->plays_until)), 0);
    auto heard = audio::mulaw_decode(
        std::span(reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()));
    s->air.insert(s->air.end(), heard.begin(), heard.end());
    s->plays_until = std::max(now, s->plays_until) +
                     std::chrono::microseconds(125) * static_cast<std::int64_t>(payload.size());
    return {};
  }
  Result<void> send_mark(std::string name) override {
    if (!s->lose_marks)
      s->marks.emplace_back(std::max(s->clock.now(), s->plays_until), std::move(name));
    s->wake.notify();
    return {};
  }
  Result<void> clear() override {
    ++s->clears;
    s->clear_times.push_back(s->clock.now());
    s->plays_until = s->clock.now();
    s->air.resize(std::min(s->air.size(), s->index_of(s->clock.now())));
    for (auto& mark : s->marks) mark.first = s->clock.now();
    s->wake.notify();
    return {};
  }
  asio::awaitable<void> close() override {
    s->closed = true;
    co_return;
  }
  Counters counters() const noexcept override { return {}; }
  telephony::Companion* companion() noexcept override { return s->screen; }

 private:
  std::shared_ptr<Shared> s;
};

/// Gives the scripted words for each utterance, `delay` after it is finalized.
class FakeRecognizer final : public speech::Recognizer {
 public:
  explicit FakeRecognizer(Clock& clock) : clock_(clock) {}
  std::string name() const override { return "fake"; }
  Task<std::unique_ptr<speech::RecognizerSession>> open(Context,
                                                        speech::RecognizerOptions) override {
    ++opened;
    if (failing_opens > 0) {
      --failing_opens;
      co_return fail(Errc::unavailable, "the engine is away");
    }
    co_return std::make_unique<Session>(*this);
  }

  std::deque<std::string> words;
  /// Told as a partial when this many frames of the utterance came; a streaming engine does that.
  struct Partial {
    int after_frames;
    std::string text;
  };
  std::deque<Partial> partials;
  Duration delay = std::chrono::milliseconds(100);
  int opened = 0;
  int failing_opens = 0;
  int hang_finals = 0;  ///< this many finalize() calls are never answered
  int frames = 0;
  std::vector<std::string> expectations;

 private:
  class Session final : public speech::RecognizerSession {
   public:
    explicit Session(FakeRecognizer& owner) : owner_(owner) {}
    void expect(std::shared_ptr<const speech::Expectation> expectation) override {
      owner_.expectations.push_back(expectation->name);
    }
    Task<void> send(audio::Frame) override {
      ++owner_.frames;
      ++frames_;
      while (!owner_.partials.empty() && owner_.partials.front().after_frames <= frames_) {
        partials_.push_back(std::move(owner_.partials.front().text));
        owner_.partials.pop_front();
        wake_.notify();
      }
      co_return Result<void>{};
    }
    Task<void> finalize() override {
      frames_ = 0;
      if (owner_.hang_finals > 0) {
        --owner_.hang_finals;
      } else {
        due_.push_back(owner_.clock_.now() + owner_.delay);
        wake_.notify();
      }
      co_return Result<void>{};
    }
    Task<speech::Transcript> next() override {
      while (due_.empty() && partials_.empty()) co_await wake_.wait();
      if (!partials_.empty()) {
        speech::Transcript partial{.text = std::move(partials_.front()), .confidence = 0.9};
        partials_.pop_front();
        co_return partial;
      }
      auto when = due_.front();
      due_.pop_front();
      co_await owner_.clock_.sleep_until(when);
      speech::Transcript final{.is_final = true};
      if (!owner_.words.empty()) {
        final.text = owner_.words.front();
        owner_.words.pop_front();
        final.confidence = 0.9;
      }
      co_return final;
    }
    Task<void> close() override { co_return Result<void>{}; }

   private:
    FakeRecognizer& owner_;
    Signal wake_;
    std::deque<TimePoint> due_;
    std::deque<std::string> partials_;
    int frames_ = 0;  ///< of the running utterance
  };
  Clock& clock_;
};

/// 300 ms of tone for each word, the first piece after `delay`.
class FakeSynthesizer final : public speech::Synthesizer {
 public:
  explicit FakeSynthesizer(Clock& clock) : clock_(clock) {}
  std::string name() const override { return "fake"; }
  Task<std::unique_ptr<speech::SynthesisStream>> synthesize(Context, std::string text,
                                                            speech::VoiceOptions) override {
    spoken.push_back(text);
    if (failing > 0) {
      --failing;
      co_return fail(Errc::unavailable, "the voice is away");
    }
    co_return std::make_unique<Stream>(*this, 1 + std::ranges::count(text, ' '));
  }
  std::vector<std::string> spoken;
  audio::Samples voice;  ///< said instead of the tone, whatever the text
  Duration delay = std::chrono::milliseconds(50);
  int failing = 0;

 private:
  class Stream final : public speech::SynthesisStream {
   public:
    Stream(FakeSynthesizer& owner, std::ptrdiff_t words) : owner_(owner), left_(words) {}
    Task<audio::Frame> next() override {
      if (first_) co_await owner_.clock_.sleep_for(owner_.delay);
      if (std::exchange(first_, false) && !owner_.voice.empty()) {
        left_ = 0;
        co_return audio::Frame{owner_.voice, 8000};
      }
      if (left_-- <= 0) co_return fail(Errc::end_of_stream, "");
      co_return audio::Frame{audio::Samples(2400, 1000), 8000};
    }

   private:
    FakeSynthesizer& owner_;
    std::ptrdiff_t left_;
    bool first_ = true;
  };
  Clock& clock_;
};

/// Answers every turn with what the test gives.
class FakeDialogue final : public dialog::Dialogue {
 public:
  struct Log {
    std::vector<dialog::UserTurn> turns;
    std::vector<dialog::UserTurn> anticipated;
    std::vector<std::string> interruptions;
    std::vector<int> silences;
    bool cancelled = false;
  };
  using Reply = std::function<Task<dialog::TurnEnd>(dialog::UserTurn, dialog::Speaker&)>;
  FakeDialogue(Log& log, std::string greeting, Reply reply)
      : log_(log), greeting_(std::move(greeting)), reply_(std::move(reply)) {}

  Task<dialog::TurnEnd> open(Context, dialog::Speaker& speaker) override {
    speaker.say(greeting_);
    co_return listening("open");
  }
  Task<dialog::TurnEnd> reply(Context, dialog::UserTurn turn, dialog::Speaker& speaker) override {
    log_.turns.push_back(turn);
    struct Watch {
      Log& log;
      bool done = false;
      ~Watch() { log.cancelled = log.cancelled || !done; }
    } watch{log_};
    auto work = reply_(turn, speaker);
    auto end = co_await std::move(work);
    watch.done = true;
    co_return end;
  }
  Task<dialog::TurnEnd> silence(Context, int times, dialog::Speaker& speaker) override {
    log_.silences.push_back(times);
    speaker.say(times < 3 ? "Are you still there?" : "Goodbye.");
    auto end = listening("open");
    if (times >= 3) end.next = dialog::TurnEnd::Next::hang_up;
    co_return end;
  }
  void anticipate(Context, dialog::UserTurn so_far) override {
    log_.anticipated.push_back(std::move(so_far));
  }
  void interrupted(std::string_view heard) override { log_.interruptions.emplace_back(heard); }
  dialog::Outcome outcome() const override { return {"answered", "A test.", {}}; }
  asio::awaitable<dialog::Outcome> conclude(Context) override {
    auto ended = outcome();
    ended.summary = "A test, concluded.";
    co_return ended;
  }

  static dialog::TurnEnd listening(std::string state) {
    dialog::TurnEnd end;
    auto expectation = std::make_shared<speech::Expectation>();
    expectation->name = std::move(state);
    end.expectation = std::move(expectation);
    return end;
  }

 private:
  Log& log_;
  std::string greeting_;
  Reply reply_;
};

class MemoryJournal final : public Journal {
 public:
  void add(TimelineEntry entry) override { entries.push_back(std::move(entry)); }
  std::vector<const TimelineEntry*> of(std::string_view kind) const {
    std::vector<const TimelineEntry*> found;
    for (auto& entry : entries)
      if (entry.kind == kind) found.push_back(&entry);
    return found;
  }
  std::vector<TimelineEntry> entries;
};

class MemoryRecording final : public RecordingSink {
 public:
  void append(audio::Samples interleaved) override {
    samples.insert(samples.end(), interleaved.begin(), interleaved.end());
  }
  audio::Samples samples;
};

}  // namespace parley::voice::testing
