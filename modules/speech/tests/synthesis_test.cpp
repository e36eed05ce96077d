#include <gtest/gtest.h>

#include "parley/speech/fallback.hpp"
#include "parley/speech/synthesis_cache.hpp"
#include "parley/testkit/sim_world.hpp"
#include "scripted_engines.hpp"

namespace parley::speech {
namespace {

const Error away{Errc::unavailable, "away"};

class Synthesis : public testing::Test {
 protected:
  /// Sizes of the pieces, and how it ended.
  struct Spoken {
    std::vector<std::size_t> pieces;
    Errc ending = Errc::invalid;
  };
  static Task<Spoken> run(Synthesizer& engine, std::string text, VoiceOptions options,
                          std::size_t at_most) {
    auto stream = co_await engine.synthesize(Context{}, std::move(text), std::move(options));
    if (!stream) co_return std::unexpected(stream.error());
    Spoken spoken;
    while (spoken.pieces.size() < at_most) {
      auto piece = co_await (*stream)->next();
      if (!piece) {
        spoken.ending = piece.error().code;
        break;
      }
      spoken.pieces.push_back(piece->samples.size());
    }
    co_return spoken;
  }
  Result<Spoken> say(Synthesizer& engine, std::string text = "hello", VoiceOptions options = {},
                     std::size_t at_most = 1000) {
    return world.run([&] { return run(engine, text, options, at_most); });
  }
  testkit::SimWorld world;
};

TEST_F(Synthesis, TheFirstEngineSpeaksWhenItCan) {
  ScriptedSynthesizer good("good", {.pieces = {10, 20}}), other("other", {.pieces = {1}});
  FallbackSynthesizer both(world.clock(), {&good, &other});
  auto spoken = say(both, "hello", {.voice = "anna"});
  ASSERT_TRUE(spoken);
  EXPECT_EQ(spoken->pieces, (std::vector<std::size_t>{10, 20}));
  EXPECT_EQ(spoken->ending, Errc::end_of_stream);
  EXPECT_EQ(good.voices, std::vector<std::string>{"anna"});
  EXPECT_TRUE(other.texts.empty());
  EXPECT_EQ(both.name(), "good");
}

TEST_F(Synthesis, TheNextOneFollowsARefusalWithItsOwnVoice) {
  ScriptedSynthesizer bad("bad", {.refuse = away}), good("good", {.pieces = {5}});
  std::vector<std::string> given_up;
  FallbackSynthesizer both(world.clock(), {&bad, &good},
                           [&](const std::string& engine, const Error& error) {
                             given_up.push_back(engine + " " + error.detail);
                           });
  auto spoken = say(both, "hello", {.voice = "anna"});
  ASSERT_TRUE(spoken);
  EXPECT_EQ(spoken->pieces, std::vector<std::size_t>{5});
  EXPECT_EQ(good.voices, std::vector<std::string>{""});
  EXPECT_EQ(given_up, std::vector<std::string>{"bad away"});
}

TEST_F(Synthesis, AFailureBeforeTheFirstAudioIsARefusal) {
  ScriptedSynthesizer bad("bad", {.ending = away}), good("good", {.pieces = {5}});
  FallbackSynthesizer both(world.clock(), {&bad, &good});
  auto spoken = say(both);
  ASSERT_TRUE(spoken);
  EXPECT_EQ(spoken->pieces, std::vector<std::size_t>{5});
}

/// Says nothing until it is cancelled, while it hangs.
class HangingSynthesizer final : public Synthesizer {
 public:
  explicit HangingSynthesizer(Clock& clock) : clock_(clock) {}
  std::string name() const override { return "hanging"; }
  Task<std::unique_ptr<SynthesisStream>> synthesize(Context ctx, std::string text,
                                                    VoiceOptions options) override {
    ++asked;
    if (hangs) co_await clock_.sleep_for(1h);
    auto starting = well.synthesize(std::move(ctx), std::move(text), std::move(options));
    co_return co_await std::move(starting);
  }
  bool hangs = true;
  int asked = 0;
  ScriptedSynthesizer well{"well", {.pieces = {7}}};

 private:
  Clock& clock_;
};

TEST_F(Synthesis, AnEngineThatHangsIsFollowedInTimeAndLeftAloneForAWhile) {
  HangingSynthesizer first(world.clock());
  ScriptedSynthesizer second("second", {.pieces = {5}});
  FallbackSynthesizer both(world.clock(), {&first, &second});
  auto begun = world.elapsed();
  auto spoken = say(both);
  ASSERT_TRUE(spoken) << spoken.error().detail;
  EXPECT_EQ(spoken->pieces, std::vector<std::size_t>{5});
  EXPECT_EQ(world.elapsed() - begun, SynthesizerFallbackOptions{}.first_audio_limit);
  begun = world.elapsed();
  ASSERT_TRUE(say(both));
  EXPECT_EQ(world.elapsed() - begun, 0s) << "the next sentence does not wait for it";
  EXPECT_EQ(first.asked, 1);
  first.hangs = false;
  world.run([&]() -> Task<int> {
    co_await world.clock().sleep_for(SynthesizerFallbackOptions{}.rest);
    co_return 0;
  });
  EXPECT_EQ(say(both)->pieces, std::vector<std::size_t>{7}) << "it is asked again by itself";
}

/// Says one piece and then no more, for ever.
class StallingSynthesizer final : public Synthesizer {
 public:
  explicit StallingSynthesizer(Clock& clock) : clock_(clock) {}
  std::string name() const override { return "stalling"; }
  Task<std::unique_ptr<SynthesisStream>> synthesize(Context, std::string, VoiceOptions) override {
    ++asked;
    co_return std::make_unique<Stream>(clock_);
  }
  int asked = 0;

 private:
  struct Stream final : SynthesisStream {
    explicit Stream(Clock& c) : clock(c) {}
    Task<audio::Frame> next() override {
      if (std::exchange(has_spoken, true)) co_await clock.sleep_for(1h);
      co_return audio::Frame{audio::Samples(9, 1)};
    }
    Clock& clock;
    bool has_spoken = false;
  };
  Clock& clock_;
};

TEST_F(Synthesis, OneThatStallsInMidSentenceIsCutAndLeftAlone) {
  StallingSynthesizer first(world.clock());
  ScriptedSynthesizer second("second", {.pieces = {5}});
  FallbackSynthesizer both(world.clock(), {&first, &second});
  auto begun = world.elapsed();
  auto spoken = say(both);
  ASSERT_TRUE(spoken);
  EXPECT_EQ(spoken->pieces, std::vector<std::size_t>{9});
  EXPECT_EQ(spoken->ending, Errc::unavailable);
  EXPECT_EQ(world.elapsed() - begun, SynthesizerFallbackOptions{}.gap_limit);
  EXPECT_EQ(say(both)->pieces, std::vector<std::size_t>{5});
  EXPECT_EQ(first.asked, 1);
}

TEST_F(Synthesis, ARefusalMakesItRestAndARefusedVoiceDoesNot) {
  for (auto code : {Errc::unauthenticated, Errc::forbidden, Errc::rate_limited, Errc::corrupt}) {
    ScriptedSynthesizer bad("bad", {.refuse = Error{code, ""}}), good("good", {.pieces = {5}});
    FallbackSynthesizer both(world.clock(), {&bad, &good});
    (void)say(both);
    (void)say(both);
    EXPECT_EQ(bad.texts.size(), 1U) << to_string(code);
    EXPECT_EQ(good.texts.size(), 2U);
  }
  for (auto code : {Errc::not_found, Errc::unsupported, Errc::invalid}) {
    ScriptedSynthesizer bad("bad", {.refuse = Error{code, ""}}), good("good", {.pieces = {5}});
    FallbackSynthesizer both(world.clock(), {&bad, &good});
    (void)say(both);
    (void)say(both);
    EXPECT_EQ(bad.texts.size(), 2U) << to_string(code);
  }
}

TEST_F(Synthesis, AFailureAfterAudioEndsTheStream) {
  ScriptedSynthesizer bad("bad", {.pieces = {7}, .ending = away}), good("good", {.pieces = {5}});
  FallbackSynthesizer both(world.clock(), {&bad, &good});
  auto spoken = say(both);
  ASSERT_TRUE(spoken);
  EXPECT_EQ(spoken->pieces, std::vector<std::size_t>{7});
  EXPECT_EQ(spoken->ending, Errc::unavailable);
  EXPECT_TRUE(good.texts.empty());
}

TEST_F(Synthesis, NothingToSayIsNoFailure) {
  ScriptedSynthesizer quiet("quiet", {}), good("good", {.pieces = {5}});
  FallbackSynthesizer both(world.clock(), {&quiet, &good});
  auto spoken = say(both, "");
  ASSERT_TRUE(spoken);
  EXPECT_TRUE(spoken->pieces.empty());
  EXPECT_EQ(spoken->ending, Errc::end_of_stream);
  EXPECT_TRUE(good.texts.empty());
}

TEST_F(Synthesis, ATextThatIsTooLongIsTooLongForAll) {
  ScriptedSynthesizer bad("bad", {.refuse = Error{Errc::too_large, ""}}), good("good", {});
  FallbackSynthesizer both(world.clock(), {&bad, &good});
  EXPECT_EQ(say(both).error().code, Errc::too_large);
  EXPECT_TRUE(good.texts.empty());
}

TEST_F(Synthesis, WhenAllFailTheLastErrorIsTold) {
  ScriptedSynthesizer bad("bad", {.refuse = away});
  ScriptedSynthesizer worse("worse", {.refuse = Error{Errc::unsupported, ""}});
  FallbackSynthesizer both(world.clock(), {&bad, &worse}), none(world.clock(), {});
  EXPECT_EQ(say(both).error().code, Errc::unsupported);
  EXPECT_EQ(say(none).error().code, Errc::unavailable);
  EXPECT_EQ(none.name(), "none");
}

TEST_F(Synthesis, ASentenceIsMadeOnce) {
  ScriptedSynthesizer engine("engine", {.pieces = {10, 20}});
  CachingSynthesizer cached(engine);
  for (int i = 0; i < 3; ++i) {
    auto spoken = say(cached);
    ASSERT_TRUE(spoken);
    EXPECT_EQ(spoken->pieces, (std::vector<std::size_t>{10, 20}));
    EXPECT_EQ(spoken->ending, Errc::end_of_stream);
  }
  EXPECT_EQ(engine.texts.size(), 1U);
  EXPECT_EQ(cached.counts().hits, 2U);
  EXPECT_EQ(cached.counts().misses, 1U);
  EXPECT_EQ(cached.counts().bytes, 60U);
  EXPECT_EQ(cached.name(), "engine");
}

TEST_F(Synthesis, AnotherVoiceSpeedRateLanguageOrTextIsAnotherSentence) {
  ScriptedSynthesizer engine("engine", {.pieces = {10}});
  CachingSynthesizer cached(engine);
  (void)say(cached, "a");
  (void)say(cached, "b");
  (void)say(cached, "a", {.voice = "x"});
  (void)say(cached, "a", {.language = "de"});
  (void)say(cached, "a", {.speed = 1.5});
  (void)say(cached, "a", {.rate_hz = 16000});
  EXPECT_EQ(engine.texts.size(), 6U);
  EXPECT_EQ(cached.counts().entries, 6U);
}

TEST_F(Synthesis, HalfASentenceIsNotKept) {
  ScriptedSynthesizer engine("engine", {.pieces = {10, 20}});
  ScriptedSynthesizer broken("broken", {.pieces = {10}, .ending = away});
  CachingSynthesizer cached(engine), cached_broken(broken);
  (void)say(cached, "hello", {}, 1);  // interrupted
  (void)say(cached_broken);
  EXPECT_EQ(cached.counts().entries, 0U);
  EXPECT_EQ(cached_broken.counts().entries, 0U);
}

TEST_F(Synthesis, TheLeastRecentlyUsedGoesFirstAndGiantsPassThrough) {
  ScriptedSynthesizer engine("engine", {.pieces = {100}});
  CachingSynthesizer cached(engine, {.max_bytes = 500, .max_entry_bytes = 200});
  (void)say(cached, "a");
  (void)say(cached, "b");
  (void)say(cached, "a");
  (void)say(cached, "c");  // 600 bytes would be too many: "b" goes
  EXPECT_EQ(cached.counts().bytes, 400U);
  (void)say(cached, "a");
  EXPECT_EQ(engine.texts, (std::vector<std::string>{"a", "b", "c"}));
  (void)say(cached, "b");
  EXPECT_EQ(engine.texts.size(), 4U);

  ScriptedSynthesizer giant("giant", {.pieces = {60, 60}});
  CachingSynthesizer small(giant, {.max_bytes = 500, .max_entry_bytes = 200});
  auto spoken = say(small);
  ASSERT_TRUE(spoken);
  EXPECT_EQ(spoken->pieces.size(), 2U);
  EXPECT_EQ(small.counts().entries, 0U);
}

}  // namespace
}  // namespace parley::speech
