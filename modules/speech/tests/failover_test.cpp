#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "parley/base/task_group.hpp"
#include "parley/speech/engine_rests.hpp"
#include "parley/speech/fallback.hpp"
#include "parley/testkit/sim_world.hpp"
#include "scripted_engines.hpp"

namespace parley::speech {
namespace {

using ::testing::ElementsAre;

/// Opens after `opens_after`, answers each finalize after `answers_after` with how much audio it
/// was given; the test makes it settle words and fail.
class TimedRecognizer final : public Recognizer {
 public:
  TimedRecognizer(Clock& clock, std::string name) : clock_(clock), name_(std::move(name)) {}
  std::string name() const override { return name_; }
  Task<std::unique_ptr<RecognizerSession>> open(Context, RecognizerOptions options) override {
    ++opened;
    keywords = options.expectation ? options.expectation->keywords : std::vector<std::string>{};
    if (opens_after > Duration{}) co_await clock_.sleep_for(opens_after);
    if (refuse) co_return std::unexpected(*refuse);
    auto executor = co_await asio::this_coro::executor;
    co_return std::make_unique<Session>(*this, executor);
  }
  /// In the running session.
  void settle(std::string text, Duration until) {
    Transcript partial{.text = std::move(text)};
    partial.settled_bytes = partial.text.size();
    partial.settled_until = until;
    running->push(std::move(partial));
  }
  void break_off(Error error) {
    broken = error;
    running->finish(std::move(error));
  }

  Duration opens_after{};
  std::optional<Duration> answers_after = 100ms;  ///< nothing: never
  std::optional<Error> refuse;
  std::optional<Error> refuses_audio;
  std::optional<Error> broken;
  int opened = 0;
  int destroyed = 0;
  std::vector<std::string> keywords;
  ResultQueue<Transcript>* running = nullptr;

 private:
  class Session final : public RecognizerSession {
   public:
    Session(TimedRecognizer& owner, const asio::any_io_executor& executor)
        : owner_(owner), results_(executor, 100), later_(executor) {
      owner_.running = &results_;
      owner_.broken.reset();
    }
    ~Session() override { ++owner_.destroyed; }
    void expect(std::shared_ptr<const Expectation>) override {}
    Task<void> send(audio::Frame frame) override {
      if (owner_.refuses_audio) co_return std::unexpected(*owner_.refuses_audio);
      heard_ += frame.duration();
      co_return Result<void>{};
    }
    Task<void> finalize() override {
      if (owner_.answers_after)
        due_.push_back({owner_.clock_.now() + *owner_.answers_after, text()});
      heard_ = {};
      results_.push({.text = "wake"});
      co_return Result<void>{};
    }
    Task<Transcript> next() override {
      while (true) {
        if (owner_.broken) co_return std::unexpected(*owner_.broken);
        if (!due_.empty()) {
          auto [when, words] = due_.front();
          co_await owner_.clock_.sleep_until(when);
          due_.pop_front();
          co_return Transcript{.text = words, .confidence = 0.9, .is_final = true};
        }
        auto waiting = results_.next();
        auto one = co_await std::move(waiting);
        if (one && one->text == "wake") continue;
        co_return one;
      }
    }
    Task<void> close() override {
      results_.abandon({Errc::end_of_stream, "closed"});
      co_return Result<void>{};
    }

   private:
    std::string text() const { return owner_.name_ + " " + std::to_string(heard_ / 1ms); }
    TimedRecognizer& owner_;
    ResultQueue<Transcript> results_;
    asio::any_io_executor later_;
    std::deque<std::pair<TimePoint, std::string>> due_;
    Duration heard_{};
  };
  Clock& clock_;
  std::string name_;
};

class Failover : public ::testing::Test {
 protected:
  using Session = std::unique_ptr<RecognizerSession>;
  Session open() {
    auto opened = world.run([&] { return both.open(Context{}, {}); });
    EXPECT_TRUE(opened) << opened.error().detail;
    return opened ? std::move(*opened) : nullptr;
  }
  void speak(Session& session, Duration length) {
    auto sending = [](RecognizerSession& s, Clock& clock, Duration all) -> Task<void> {
      for (Duration said{}; said < all; said += 20ms) {
        co_await clock.sleep_for(20ms);
        audio::Frame frame{audio::Samples(160, 1)};
        auto sent = co_await s.send(std::move(frame));
        if (!sent) co_return sent;
      }
      co_return Result<void>{};
    };
    EXPECT_TRUE(world.run([&] { return sending(*session, world.clock(), length); }));
  }
  /// Ends the utterance: its words, and how long they took.
  std::pair<std::string, Duration> words(Session& session) {
    auto begun = world.elapsed();
    auto ending = [](RecognizerSession& s) -> Task<Transcript> {
      auto ended = co_await s.finalize();
      if (!ended) co_return std::unexpected(ended.error());
      while (true) {
        auto heard = co_await s.next();
        if (!heard || heard->is_final) co_return heard;
      }
    };
    auto heard = world.run([&] { return ending(*session); });
    return {heard ? heard->text : "error: " + heard.error().detail, world.elapsed() - begun};
  }
  Transcript partial(Session& session) {
    return world.run([&] { return session->next(); }).value_or(Transcript{});
  }
  testkit::SimWorld world;
  TimedRecognizer first{world.clock(), "first"};
  TimedRecognizer second{world.clock(), "second"};
  std::vector<std::string> left;
  FallbackRecognizer both{
      world.clock(), {&first, &second}, [this](const std::string& engine, const Error& error) {
        left.push_back(engine + ": " + std::string(to_string(error.code)));
      }};
};

TEST_F(Failover, AnEngineThatOwesWordsIsLeftAtExactlyTheLimit) {
  first.answers_after = std::nullopt;
  auto session = open();
  speak(session, 2s);
  auto [text, took] = words(session);
  EXPECT_EQ(text, "second 2000") << "it was given the whole utterance";
  EXPECT_EQ(took, RecognizerFallbackOptions{}.answer_limit + 100ms)
      << "the limit, and the second engine's own time";
  EXPECT_THAT(left, ElementsAre("first: timeout"));
  speak(session, 1s);
  std::tie(text, took) = words(session);
  EXPECT_EQ(text, "second 1000");
  EXPECT_EQ(took, 100ms) << "the rest of the call is the second's";
}

TEST_F(Failover, OneThatIsSlowButInTimeStays) {
  first.answers_after = 799ms;
  auto session = open();
  speak(session, 1s);
  auto [text, took] = words(session);
  EXPECT_EQ(text, "first 1000");
  EXPECT_EQ(took, 799ms);
  EXPECT_TRUE(left.empty());
}

TEST_F(Failover, AConnectionThatEndsCostsNoTimeAtAll) {
  for (auto code : {Errc::unavailable, Errc::rate_limited, Errc::corrupt, Errc::unauthenticated,
                    Errc::end_of_stream}) {
    FallbackRecognizer fresh(world.clock(), {&first, &second});
    auto session = world.run([&] { return fresh.open(Context{}, {}); }).value();
    speak(session, 1s);
    first.break_off({code, "gone"});
    auto [text, took] = words(session);
    EXPECT_EQ(text, "second 1000") << to_string(code);
    EXPECT_EQ(took, 100ms) << to_string(code);
  }
}

TEST_F(Failover, SettledWordsAreKeptAndOnlyTheAudioAfterThemIsGivenAgain) {
  auto session = open();
  speak(session, 1s);
  first.settle("my number is five", 600ms);
  EXPECT_EQ(partial(session).text, "my number is five");
  speak(session, 1s);
  first.break_off({Errc::unavailable, "1011"});
  auto [text, took] = words(session);
  EXPECT_EQ(text, "my number is five second 1400");
  EXPECT_EQ(took, 100ms);
  speak(session, 200ms);
  EXPECT_EQ(words(session).first, "second 200") << "nothing of the one before";
}

TEST_F(Failover, AMonologueOfFortyMinutesKeepsItsSettledWordsAndFifteenSecondsOfAudio) {
  auto session = open();
  std::string all;
  for (int minute = 1; minute <= 40; ++minute) {
    speak(session, 1min);
    all += (all.empty() ? "" : " ") + ("minute" + std::to_string(minute));
    first.settle(all, std::chrono::minutes(minute) - 1s);
    (void)partial(session);
  }
  speak(session, 30s);
  first.break_off({Errc::unavailable, "session limit"});
  auto [text, took] = words(session);
  EXPECT_EQ(text, all + " second 15000");
  EXPECT_EQ(took, 100ms);
}

TEST_F(Failover, TwoUtterancesThatAreAwaitedBothMove) {
  first.answers_after = std::nullopt;
  auto session = open();
  speak(session, 1s);
  ASSERT_TRUE(world.run([&] { return session->finalize(); }));
  speak(session, 500ms);
  auto [text, took] = words(session);
  EXPECT_EQ(text, "second 1000");
  EXPECT_EQ(took, RecognizerFallbackOptions{}.answer_limit - 500ms + 100ms)
      << "the limit after the first of them ended, and 100 ms";
  EXPECT_EQ(partial(session).text, "second 500");
}

TEST_F(Failover, AnEngineThatDoesNotOpenIsLeftAtTheLimit) {
  first.opens_after = 1h;
  auto begun = world.elapsed();
  auto session = open();
  EXPECT_EQ(world.elapsed() - begun, RecognizerFallbackOptions{}.open_limit);
  speak(session, 1s);
  EXPECT_EQ(words(session).first, "second 1000");
}

TEST_F(Failover, NextCallsDoNotWaitForItAndOneOfThemTriesItAgain) {
  first.answers_after = std::nullopt;
  auto session = open();
  speak(session, 1s);
  (void)words(session);
  auto next = open();
  EXPECT_EQ(first.opened, 1) << "it rests";
  world.run_for(30s);
  first.answers_after = 100ms;
  auto trial = open();
  auto beside = open();
  EXPECT_EQ(first.opened, 2) << "one trial, not two";
  speak(trial, 1s);
  EXPECT_EQ(words(trial).first, "first 1000");
  auto later = open();
  EXPECT_EQ(first.opened, 3) << "it is well again";
}

TEST_F(Failover, ATrialThatEndsWithoutAnAnswerIsSomebodyElses) {
  first.refuse = Error{Errc::unavailable, "away"};
  (void)open();
  world.run_for(30s);
  first.refuse.reset();
  auto trial = open();
  EXPECT_EQ(first.opened, 2);
  trial.reset();  // the caller hung up
  auto another = open();
  EXPECT_EQ(first.opened, 3);
}

TEST_F(Failover, RetryAfterMakesTheRestLonger) {
  first.refuse = Error{Errc::rate_limited, "429", 120s};
  (void)open();
  world.run_for(119s);
  (void)open();
  EXPECT_EQ(first.opened, 1);
  world.run_for(1s);
  (void)open();
  EXPECT_EQ(first.opened, 2);
  world.run_for(24h);
  first.refuse = Error{Errc::rate_limited, "429", std::chrono::hours(24)};
  (void)open();
  world.run_for(EngineRests::longest_asked);
  (void)open();
  EXPECT_EQ(first.opened, 4) << "a day is not waited for";
}

TEST_F(Failover, AnUnsupportedLanguageIsNoReasonToRest) {
  first.refuse = Error{Errc::unsupported, "only English"};
  (void)open();
  first.refuse.reset();
  (void)open();
  EXPECT_EQ(first.opened, 2);
}

TEST_F(Failover, RestingEnginesAreTriedWhenTheLastOneRefuses) {
  first.answers_after = std::nullopt;
  auto session = open();
  speak(session, 1s);
  (void)words(session);
  second.refuse = Error{Errc::unsupported, "only English"};
  first.answers_after = 100ms;
  auto foreign = open();
  ASSERT_TRUE(foreign);
  speak(foreign, 1s);
  EXPECT_EQ(words(foreign).first, "first 1000");
}

TEST_F(Failover, TheLastEngineIsWaitedFor) {
  first.refuse = Error{Errc::unavailable, "away"};
  second.answers_after = 5s;
  auto session = open();
  speak(session, 1s);
  auto [text, took] = words(session);
  EXPECT_EQ(text, "second 1000");
  EXPECT_EQ(took, 5s);
}

TEST_F(Failover, WhatIsExpectedMovesAlong) {
  auto session = open();
  auto expectation = std::make_shared<Expectation>();
  expectation->keywords = {"Riverside"};
  session->expect(expectation);
  first.break_off({Errc::unavailable, "gone"});
  speak(session, 1s);
  EXPECT_EQ(words(session).first, "second 1000");
  EXPECT_THAT(second.keywords, ElementsAre("Riverside"));
}

TEST_F(Failover, AFullWindowIsTheCallersAndNoReasonToLeave) {
  first.refuses_audio = Error{Errc::rate_limited, "full"};
  auto session = open();
  audio::Frame frame{audio::Samples(160, 1)};
  auto sent = world.run([&] { return session->send(frame); });
  EXPECT_EQ(sent.error().code, Errc::rate_limited);
  EXPECT_TRUE(left.empty());
}

}  // namespace
}  // namespace parley::speech
