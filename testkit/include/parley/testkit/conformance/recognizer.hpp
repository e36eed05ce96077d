#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "parley/base/task_group.hpp"
#include "parley/speech/recognizer.hpp"
#include "parley/testkit/real_world.hpp"

/// What every speech::Recognizer does against its stand-in. A test program includes this once and
/// names its engines:
///
///   INSTANTIATE_TEST_SUITE_P(Deepgram, RecognizerConformance, ::testing::Values(&make_rig));
namespace parley::testkit {

struct RecognizerRig {
  RecognizerRig() = default;
  RecognizerRig(const RecognizerRig&) = delete;
  RecognizerRig& operator=(const RecognizerRig&) = delete;
  virtual ~RecognizerRig() = default;
  virtual speech::Recognizer& recognizer() = 0;
  /// What the coming session hears, an utterance each.
  virtual void hears(std::vector<std::string> utterances) = 0;
  /// The plan of faults from now on.
  virtual void behaves(std::string plan) = 0;
  /// All audio the vendor got so far.
  virtual Duration audio_heard() = 0;
  /// Whether the vendor was given this hint.
  virtual bool was_told(const std::string& keyword) = 0;
  virtual bool gives_partials() const { return true; }
  RealWorld world;
};
using MakeRecognizerRig = std::unique_ptr<RecognizerRig> (*)();

class RecognizerConformance : public ::testing::TestWithParam<MakeRecognizerRig> {
 protected:
  using Session = std::unique_ptr<speech::RecognizerSession>;

  static audio::Frame tone(Duration length, int rate_hz = audio::telephone_rate_hz) {
    audio::Frame frame;
    frame.rate_hz = rate_hz;
    frame.samples.resize(static_cast<std::size_t>(length / 1us) *
                         static_cast<std::size_t>(rate_hz) / 1'000'000);
    for (std::size_t i = 0; i < frame.samples.size(); ++i)
      frame.samples[i] = i / 10 % 2 == 0 ? 6000 : -6000;
    return frame;
  }
  Result<Session> open(speech::RecognizerOptions options = {}) {
    auto ctx = rig->world.context.until(rig->world.clock.now() + 20s);
    return rig->world.run([&] { return rig->recognizer().open(ctx, options); });
  }
  Result<void> send(Session& session, audio::Frame frame) {
    return rig->world.run([&] { return session->send(frame); });
  }
  Result<void> finalize(Session& session) {
    return rig->world.run([&] { return session->finalize(); });
  }
  Result<speech::Transcript> next(Session& session, Duration limit = 10s) {
    auto limited = [&]() -> Task<speech::Transcript> {
      auto waiting = session->next();
      auto when = rig->world.clock.now() + limit;
      co_return co_await with_deadline(rig->world.clock, when, std::move(waiting));
    };
    return rig->world.run(limited);
  }
  Result<speech::Transcript> next_final(Session& session, Duration limit = 10s) {
    while (true) {
      auto transcript = next(session, limit);
      if (!transcript || transcript->is_final) return transcript;
    }
  }
  /// Speaks a second, and what came of it.
  Result<speech::Transcript> say(Session& session, Duration limit = 10s) {
    for (int i = 0; i < 50; ++i)
      if (auto sent = send(session, tone(20ms)); !sent) return std::unexpected(sent.error());
    if (auto told = finalize(session); !told) return std::unexpected(told.error());
    return next_final(session, limit);
  }
  /// Opens and speaks under a plan of faults: the error, of whichever step.
  Error trouble(std::string plan, Duration limit = 10s) {
    rig->behaves(std::move(plan));
    auto session = open();
    if (!session) return session.error();
    auto heard = say(*session, limit);
    return heard ? Error{Errc::invalid, "it heard: " + heard->text} : heard.error();
  }
  std::unique_ptr<RecognizerRig> rig = GetParam()();
};

TEST_P(RecognizerConformance, EachUtteranceHasItsWords) {
  rig->hears({"hello there", "i would like to book an appointment", "yes please"});
  auto session = open();
  ASSERT_TRUE(session) << session.error().detail;
  for (auto* words : {"hello there", "i would like to book an appointment", "yes please"}) {
    auto heard = say(*session);
    ASSERT_TRUE(heard) << heard.error().detail;
    EXPECT_EQ(heard->text, words);
    EXPECT_GT(heard->confidence, 0.5);
    EXPECT_LE(heard->confidence, 1.0);
  }
}

TEST_P(RecognizerConformance, PartialsComeBeforeTheFinalAndAreBeginningsOfIt) {
  if (!rig->gives_partials()) GTEST_SKIP() << "this engine has finals only";
  rig->hears({"one two three four"});
  auto session = open();
  ASSERT_TRUE(session);
  ASSERT_TRUE(send(*session, tone(1s)));
  auto partial = next(*session);
  ASSERT_TRUE(partial) << partial.error().detail;
  EXPECT_FALSE(partial->is_final);
  EXPECT_THAT(std::string("one two three four"), ::testing::StartsWith(partial->text));
  ASSERT_TRUE(finalize(*session));
  EXPECT_EQ(next_final(*session)->text, "one two three four");
}

TEST_P(RecognizerConformance, SilenceAndNothingHaveNoWords) {
  rig->hears({"never said"});
  auto session = open();
  ASSERT_TRUE(session);
  audio::Frame silence{audio::Samples(8000)};
  ASSERT_TRUE(send(*session, silence));
  ASSERT_TRUE(finalize(*session));
  auto heard = next_final(*session);
  ASSERT_TRUE(heard) << heard.error().detail;
  EXPECT_EQ(heard->text, "");
  ASSERT_TRUE(finalize(*session)) << "with no audio at all";
  heard = next_final(*session, 1s);
  ASSERT_TRUE(heard) << heard.error().detail;
  EXPECT_EQ(heard->text, "");
}

TEST_P(RecognizerConformance, TwoUtterancesMayBeAwaitedAtOnce) {
  rig->hears({"first words", "second words"});
  auto session = open();
  ASSERT_TRUE(session);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(send(*session, tone(1s)));
    ASSERT_TRUE(finalize(*session));
  }
  EXPECT_EQ(next_final(*session)->text, "first words");
  EXPECT_EQ(next_final(*session)->text, "second words");
}

TEST_P(RecognizerConformance, ClosingEndsItOnceAndForAll) {
  rig->hears({"too late"});
  auto session = open();
  ASSERT_TRUE(session);
  ASSERT_TRUE(send(*session, tone(1s)));
  ASSERT_TRUE(finalize(*session));
  auto close_twice = [](speech::RecognizerSession& s) -> Task<void> {
    co_await s.close();
    co_return co_await s.close();
  };
  ASSERT_TRUE(rig->world.run([&] { return close_twice(**session); }));
  EXPECT_EQ(next(*session).error().code, Errc::end_of_stream) << "late words are nobody's";
  EXPECT_EQ(send(*session, tone(20ms)).error().code, Errc::end_of_stream);
}

TEST_P(RecognizerConformance, WhoWaitsForWordsSeesTheEnd) {
  auto session = open();
  ASSERT_TRUE(session);
  std::optional<Error> seen;
  TaskGroup waiting(rig->world.io.get_executor());
  waiting.spawn("wait", [&]() -> asio::awaitable<void> {
    auto heard = co_await (*session)->next();
    if (!heard) seen = heard.error();
  });
  auto both = [&]() -> Task<void> {
    co_await rig->world.clock.sleep_for(20ms);
    co_await (*session)->close();
    co_await rig->world.clock.sleep_for(20ms);
    co_await waiting.stop();
    co_return Result<void>{};
  };
  ASSERT_TRUE(rig->world.run(both));
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->code, Errc::end_of_stream);
}

TEST_P(RecognizerConformance, AudioOfAnotherRateIsChangedToTheSessions) {
  rig->hears({"hello"});
  auto session = open();
  ASSERT_TRUE(session);
  ASSERT_TRUE(send(*session, tone(1s, 16'000)));
  ASSERT_TRUE(send(*session, tone(1s, 48'000)));
  ASSERT_TRUE(finalize(*session));
  EXPECT_EQ(next_final(*session)->text, "hello");
  EXPECT_NEAR(std::chrono::duration<double>(rig->audio_heard()).count(), 2.0, 0.05);
  session = open({.rate_hz = 16'000});
  ASSERT_TRUE(session) << session.error().detail;
  ASSERT_TRUE(send(*session, tone(1s)));
  ASSERT_TRUE(finalize(*session));
  ASSERT_TRUE(next_final(*session));
  EXPECT_NEAR(std::chrono::duration<double>(rig->audio_heard()).count(), 3.0, 0.05);
  auto impossible = tone(1s);
  impossible.rate_hz = 3;
  EXPECT_EQ(send(*session, impossible).error().code, Errc::invalid);
}

TEST_P(RecognizerConformance, KeywordsAreHints) {
  auto expectation = std::make_shared<speech::Expectation>();
  expectation->keywords = {"Riverside", "Riverside", std::string(5000, 'x'), "Dr Okafor"};
  rig->hears({"riverside"});
  auto session = open({.expectation = expectation});
  ASSERT_TRUE(session) << session.error().detail;
  EXPECT_EQ(say(*session)->text, "riverside");
  EXPECT_TRUE(rig->was_told("Riverside"));
  EXPECT_FALSE(rig->was_told("Zanzibar"));
  auto other = std::make_shared<speech::Expectation>();
  other->keywords = {"Zanzibar"};
  (*session)->expect(other);
  // Told between two utterances, to whoever waits for words then.
  (void)next(*session, 300ms);
  rig->hears({"zanzibar"});
  ASSERT_TRUE(say(*session));
  EXPECT_TRUE(rig->was_told("Zanzibar"));
}

TEST_P(RecognizerConformance, RefusalsSayWhatIsWrong) {
  EXPECT_EQ(trouble("status 401").code, Errc::unauthenticated);
  EXPECT_EQ(trouble("status 402").code, Errc::forbidden);
  EXPECT_EQ(trouble("status 500").code, Errc::unavailable);
  EXPECT_EQ(trouble("status 529").code, Errc::unavailable);
  auto limited = trouble("status 429 retry-after 3");
  EXPECT_EQ(limited.code, Errc::rate_limited);
  EXPECT_EQ(limited.retry_after, 3s);
  limited = trouble("status 429");
  EXPECT_EQ(limited.code, Errc::rate_limited);
  EXPECT_EQ(limited.retry_after, 0s);
  EXPECT_EQ(trouble("reset").code, Errc::unavailable);
  EXPECT_EQ(trouble("close").code, Errc::unavailable);
}

TEST_P(RecognizerConformance, OneThatNeverAnswersCanBeLeft) {
  EXPECT_EQ(trouble("hang after 0", 150ms).code, Errc::timeout);
  rig->behaves("");
  rig->hears({"well again"});
  auto session = open();
  ASSERT_TRUE(session);
  EXPECT_EQ(say(*session)->text, "well again");
}

TEST_P(RecognizerConformance, BrokenAnswersEndTheSession) {
  EXPECT_EQ(trouble("half after 0").code, Errc::unavailable);
  EXPECT_EQ(trouble("torn after 0").code, Errc::corrupt);
  EXPECT_EQ(trouble("garbage after 0").code, Errc::corrupt);
  EXPECT_EQ(trouble("close 1011 after 0").code, Errc::unavailable);
}

TEST_P(RecognizerConformance, OneThatStreamsForEverFillsNothing) {
  rig->behaves("endless after 0");
  auto session = open();
  ASSERT_TRUE(session);
  ASSERT_TRUE(send(*session, tone(1s)));
  for (int i = 0; i < 30; ++i) (void)next(*session, 20ms);
  auto close = [](speech::RecognizerSession& s) -> Task<void> { co_return co_await s.close(); };
  EXPECT_TRUE(rig->world.run([&] { return close(**session); }));
  EXPECT_EQ(next(*session).error().code, Errc::end_of_stream);
}

TEST_P(RecognizerConformance, AMonologueOfFortyMinutesLosesNoAudio) {
  rig->hears({"all of it"});
  auto session = open();
  ASSERT_TRUE(session);
  auto before = rig->audio_heard();
  for (int second = 0; second < 2400; ++second) {
    auto sent = send(*session, tone(1s));
    while (!sent && sent.error().code == Errc::rate_limited) {
      (void)next(*session, 5ms);
      sent = send(*session, tone(1s));
    }
    ASSERT_TRUE(sent) << sent.error().detail;
  }
  ASSERT_TRUE(finalize(*session));
  auto heard = next_final(*session, 30s);
  ASSERT_TRUE(heard) << heard.error().detail;
  EXPECT_THAT(heard->text, ::testing::HasSubstr("all of it"));
  auto minutes = std::chrono::duration<double>(rig->audio_heard() - before).count() / 60;
  EXPECT_NEAR(minutes, 40, 0.1);
}

}  // namespace parley::testkit
