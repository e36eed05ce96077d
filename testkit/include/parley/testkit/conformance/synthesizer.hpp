#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "parley/base/task_group.hpp"
#include "parley/speech/synthesizer.hpp"
#include "parley/testkit/real_world.hpp"

/// What every speech::Synthesizer does against its stand-in. A test program includes this once and
/// names its engines, as with recognizers.
namespace parley::testkit {

struct SynthesizerRig {
  SynthesizerRig() = default;
  SynthesizerRig(const SynthesizerRig&) = delete;
  SynthesizerRig& operator=(const SynthesizerRig&) = delete;
  virtual ~SynthesizerRig() = default;
  virtual speech::Synthesizer& synthesizer() = 0;
  /// The plan of faults from now on.
  virtual void behaves(std::string plan) = 0;
  virtual std::size_t requests() = 0;  ///< that the vendor got
  /// Messages are JSON, which can be broken; else they are sound, in which nobody sees it.
  virtual bool speaks_json() const { return false; }
  RealWorld world;
};
using MakeSynthesizerRig = std::unique_ptr<SynthesizerRig> (*)();

class SynthesizerConformance : public ::testing::TestWithParam<MakeSynthesizerRig> {
 protected:
  struct Spoken {
    audio::Samples samples;
    std::size_t pieces = 0;
    int rate_hz = 0;
    Error ending;
    Duration first_after{};
    Duration length() const {
      return audio::Frame{samples, rate_hz == 0 ? audio::telephone_rate_hz : rate_hz}.duration();
    }
  };
  Result<Spoken> say(std::string text, speech::VoiceOptions options = {}, Duration limit = 10s,
                     std::size_t most_pieces = 100'000) {
    auto speaking = [&]() -> Task<Spoken> {
      auto ctx = rig->world.context.until(rig->world.clock.now() + limit);
      auto begun = rig->world.clock.now();
      auto asking = rig->synthesizer().synthesize(ctx, text, options);
      auto stream = co_await std::move(asking);
      if (!stream) co_return std::unexpected(stream.error());
      Spoken spoken;
      while (spoken.pieces < most_pieces) {
        auto waiting = (*stream)->next();
        auto frame = co_await std::move(waiting);
        if (!frame) {
          spoken.ending = frame.error();
          break;
        }
        if (spoken.pieces++ == 0) spoken.first_after = rig->world.clock.now() - begun;
        spoken.rate_hz = frame->rate_hz;
        spoken.samples.insert(spoken.samples.end(), frame->samples.begin(), frame->samples.end());
      }
      co_return spoken;
    };
    auto limited = [&]() -> Task<Spoken> {
      auto work = speaking();
      auto when = rig->world.clock.now() + limit;
      co_return co_await with_deadline(rig->world.clock, when, std::move(work));
    };
    return rig->world.run(limited);
  }
  /// The error of the request, or the one that the stream ended with.
  Error trouble(std::string plan, Duration limit = 10s) {
    rig->behaves(std::move(plan));
    auto spoken = say("this is said", {}, limit);
    return spoken ? spoken->ending : spoken.error();
  }
  static double seconds(Duration length) { return std::chrono::duration<double>(length).count(); }
  static bool is_loud(const audio::Samples& samples) {
    return std::ranges::any_of(samples, [](int one) { return one > 2000; });
  }
  std::unique_ptr<SynthesizerRig> rig = GetParam()();
};

TEST_P(SynthesizerConformance, ASentenceIsSpokenToItsEnd) {
  auto spoken = say("Good morning, how can I help you?");
  ASSERT_TRUE(spoken) << spoken.error().detail;
  EXPECT_EQ(spoken->ending.code, Errc::end_of_stream) << spoken->ending.detail;
  EXPECT_EQ(spoken->rate_hz, audio::telephone_rate_hz);
  EXPECT_GT(spoken->length(), 500ms);
  EXPECT_LT(spoken->length(), 10s);
  EXPECT_TRUE(is_loud(spoken->samples));
}

TEST_P(SynthesizerConformance, AudioComesInPiecesAndEachSampleIsWhole) {
  auto spoken = say("A sentence that is long enough to come in more than one piece, I should say.");
  ASSERT_TRUE(spoken);
  EXPECT_GT(spoken->pieces, 1u);
  // A stream read from the wrong byte on is noise: neighbours differ by far more than a tone's.
  std::int64_t steps = 0;
  for (std::size_t i = 1; i < spoken->samples.size(); ++i)
    steps += std::abs(spoken->samples[i] - spoken->samples[i - 1]);
  EXPECT_LT(steps / static_cast<std::int64_t>(spoken->samples.size()), 3000);
}

TEST_P(SynthesizerConformance, TheRateIsTheOneThatWasAskedFor) {
  std::string text = "The same words at every rate";
  auto telephone = say(text);
  ASSERT_TRUE(telephone);
  for (int rate : {16'000, 24'000, 32'000, 11'025}) {
    auto other = say(text, {.rate_hz = rate});
    ASSERT_TRUE(other) << rate << ": " << other.error().detail;
    EXPECT_EQ(other->ending.code, Errc::end_of_stream) << rate << other->ending.detail;
    EXPECT_EQ(other->rate_hz, rate);
    EXPECT_NEAR(seconds(other->length()), seconds(telephone->length()), 0.1) << rate;
  }
}

TEST_P(SynthesizerConformance, AnySpeedIsSpoken) {
  for (double speed : {4.0, 0.01, -1.0, std::numeric_limits<double>::quiet_NaN(),
                       std::numeric_limits<double>::infinity()}) {
    auto spoken = say("as fast as you can", {.speed = speed});
    ASSERT_TRUE(spoken) << speed << ": " << spoken.error().detail;
    EXPECT_EQ(spoken->ending.code, Errc::end_of_stream) << speed;
  }
}

TEST_P(SynthesizerConformance, TextsAreCheckedBeforeAnybodyIsAsked) {
  auto before = rig->requests();
  EXPECT_EQ(say(std::string(2001, 'a')).error().code, Errc::too_large);
  EXPECT_EQ(say("broken \xFF text").error().code, Errc::invalid);
  for (auto* nothing : {"", "  \n "}) {
    auto spoken = say(nothing);
    ASSERT_TRUE(spoken);
    EXPECT_EQ(spoken->ending.code, Errc::end_of_stream);
    EXPECT_TRUE(spoken->samples.empty());
  }
  EXPECT_EQ(rig->requests(), before);
  std::string long_text;
  while (long_text.size() < 1990) long_text += "word word ";
  EXPECT_EQ(say(long_text, {}, 30s)->ending.code, Errc::end_of_stream);
}

TEST_P(SynthesizerConformance, RefusalsSayWhatIsWrong) {
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

TEST_P(SynthesizerConformance, OneThatNeverAnswersCanBeLeft) {
  EXPECT_EQ(trouble("hang", 150ms).code, Errc::timeout);
  EXPECT_EQ(trouble("hang after 0", 150ms).code, Errc::timeout);
  rig->behaves("");
  EXPECT_EQ(say("well again")->ending.code, Errc::end_of_stream);
}

TEST_P(SynthesizerConformance, BrokenStreamsEndAsUnavailable) {
  EXPECT_EQ(trouble("half after 1").code, Errc::unavailable);
  EXPECT_EQ(trouble("reset after 1").code, Errc::unavailable);
  EXPECT_EQ(trouble("close 1011 after 1").code, Errc::unavailable);
  if (!rig->speaks_json()) return;
  EXPECT_EQ(trouble("torn after 0").code, Errc::corrupt);
  EXPECT_EQ(trouble("garbage after 0").code, Errc::corrupt);
}

TEST_P(SynthesizerConformance, OneThatStreamsForEverIsCut) {
  rig->behaves("endless after 1");
  auto spoken = say("short", {}, 60s);
  ASSERT_TRUE(spoken) << spoken.error().detail;
  EXPECT_EQ(spoken->ending.code, Errc::unavailable);
  EXPECT_LT(spoken->length(), 20s);
}

TEST_P(SynthesizerConformance, WhoHangsUpHearsNothingMore) {
  auto spoken = say("This sentence is interrupted after its first piece.", {}, 10s, 1);
  ASSERT_TRUE(spoken);
  auto next = say("And this is the next one.");
  ASSERT_TRUE(next);
  EXPECT_EQ(next->ending.code, Errc::end_of_stream);
  auto again = say("And this is the next one.");
  EXPECT_EQ(next->samples.size(), again->samples.size()) << "nothing of the one before is in it";
}

}  // namespace parley::testkit
