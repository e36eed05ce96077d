#include "simulated_engines.hpp"

#include <cmath>
#include <numbers>

#include "parley/base/signal.hpp"

namespace parley::bench {

namespace {

class HeardSession final : public speech::RecognizerSession {
 public:
  HeardSession(Clock& clock, EngineTimes times) : clock_(clock), times_(times) {}
  void expect(std::shared_ptr<const speech::Expectation>) override {}
  Task<void> send(audio::Frame) override { co_return Result<void>{}; }
  Task<void> finalize() override {
    due_.push_back(clock_.now() + times_.recognition);
    changed_.notify();
    co_return Result<void>{};
  }
  Task<speech::Transcript> next() override {
    while (due_.empty() && !closed_) co_await changed_.wait();
    if (closed_) co_return fail(Errc::end_of_stream, "closed");
    auto at = due_.front();
    due_.pop_front();
    co_await clock_.sleep_until(at);
    co_return speech::Transcript{
        .text = "i would like to know more", .confidence = 0.95, .is_final = true};
  }
  Task<void> close() override {
    closed_ = true;
    changed_.notify();
    co_return Result<void>{};
  }

 private:
  Clock& clock_;
  EngineTimes times_;
  std::deque<TimePoint> due_;
  bool closed_ = false;
  Signal changed_;
};

class SpokenSentence final : public speech::SynthesisStream {
 public:
  SpokenSentence(Clock& clock, TimePoint begins, const audio::Samples& samples,
                 std::atomic<std::size_t>& said)
      : clock_(clock), begins_(begins), samples_(samples), said_(said) {}
  Task<audio::Frame> next() override {
    constexpr std::size_t piece = 1600;
    if (at_ == 0) co_await clock_.sleep_until(begins_);
    if (at_ >= samples_.size()) co_return fail(Errc::end_of_stream, "all is said");
    auto size = std::min(piece, samples_.size() - at_);
    auto from = samples_.begin() + static_cast<std::ptrdiff_t>(at_);
    at_ += size;
    said_ += size;
    co_return audio::Frame{audio::Samples(from, from + static_cast<std::ptrdiff_t>(size)),
                           audio::telephone_rate_hz};
  }

 private:
  Clock& clock_;
  TimePoint begins_;
  const audio::Samples& samples_;
  std::atomic<std::size_t>& said_;
  std::size_t at_ = 0;
};

class Answers final : public dialog::Dialogue {
 public:
  Answers(Clock& clock, EngineTimes times)
      : clock_(clock),
        times_(times),
        expectation_(std::make_shared<const speech::Expectation>(
            speech::Expectation{.name = "open", .fingerprint = "open"})) {}
  Task<dialog::TurnEnd> open(Context, dialog::Speaker& speaker) override {
    speaker.say("Thank you for calling, how can I help you today?");
    co_return listen();
  }
  Task<dialog::TurnEnd> reply(Context, dialog::UserTurn, dialog::Speaker& speaker) override {
    co_await clock_.sleep_for(times_.first_token);
    // Never twice the same, so that nothing can keep its audio.
    speaker.say("That is a good question, and this is answer number " + std::to_string(++said_) +
                ".");
    speaker.say("Is there anything else that you would like to know after " +
                std::to_string(said_) + "?");
    co_return listen();
  }
  Task<dialog::TurnEnd> silence(Context, int, dialog::Speaker& speaker) override {
    speaker.say("Are you still there?");
    co_return listen();
  }
  void interrupted(std::string_view) override {}
  dialog::Outcome outcome() const override { return {}; }

 private:
  dialog::TurnEnd listen() const {
    dialog::TurnEnd end;
    end.expectation = expectation_;
    end.patience = std::chrono::seconds(60);
    return end;
  }
  Clock& clock_;
  EngineTimes times_;
  std::shared_ptr<const speech::Expectation> expectation_;
  int said_ = 0;
};

}  // namespace

Task<std::unique_ptr<speech::RecognizerSession>> SimulatedRecognizer::open(
    Context, speech::RecognizerOptions) {
  co_return std::make_unique<HeardSession>(clock_, times_);
}

SimulatedSynthesizer::SimulatedSynthesizer(Clock& clock, EngineTimes times)
    : clock_(clock), times_(times), sentence_(2 * audio::telephone_rate_hz) {
  for (std::size_t i = 0; i < sentence_.size(); ++i) {
    auto t = static_cast<double>(i) / audio::telephone_rate_hz;
    auto loud = 0.6 + 0.4 * std::sin(2 * std::numbers::pi * 4 * t);
    auto voice =
        std::sin(2 * std::numbers::pi * 140 * t) + std::sin(2 * std::numbers::pi * 980 * t);
    sentence_[i] = static_cast<std::int16_t>(4000 * loud * voice);
  }
}

Task<std::unique_ptr<speech::SynthesisStream>> SimulatedSynthesizer::synthesize(
    Context, std::string, speech::VoiceOptions) {
  co_return std::make_unique<SpokenSentence>(clock_, clock_.now() + times_.first_audio, sentence_,
                                             samples_said_);
}

Task<std::unique_ptr<dialog::Dialogue>> SimulatedDialogues::start(Context, dialog::DialogueStart) {
  co_return std::make_unique<Answers>(clock_, times_);
}

}  // namespace parley::bench
