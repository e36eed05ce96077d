#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "child.hpp"
#include "parley/providers/espeak/espeak_synthesizer.hpp"
#include "parley/testkit/sim_world.hpp"

namespace parley::providers::espeak {
namespace {

using speech::VoiceOptions;

Task<audio::Samples> speak(speech::Synthesizer& engine, Context ctx, std::string text,
                           VoiceOptions options) {
  auto stream = co_await engine.synthesize(std::move(ctx), std::move(text), std::move(options));
  if (!stream) co_return std::unexpected(stream.error());
  audio::Samples samples;
  while (true) {
    auto piece = co_await (*stream)->next();
    if (!piece && piece.error().code == Errc::end_of_stream) co_return samples;
    if (!piece) co_return std::unexpected(piece.error());
    samples.insert(samples.end(), piece->samples.begin(), piece->samples.end());
  }
}

/// A folder for programs that stand in for a broken espeak-ng.
class Espeak : public testing::Test {
 protected:
  Espeak()
      : folder_(std::filesystem::temp_directory_path() /
                ("parley_espeak_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~Espeak() override { std::filesystem::remove_all(folder_); }

  Result<audio::Samples> say(std::string text, VoiceOptions options = {},
                             EspeakOptions program = {}, Duration within = 0s) {
    EspeakSynthesizer engine(world.clock(), pool, program);
    Context ctx;
    if (within > 0s) ctx.deadline = world.clock().now() + within;
    return world.run([&] { return speak(engine, ctx, text, options); });
  }
  EspeakOptions program(const std::string& body) {
    const auto path = folder_ / "program";
    std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return {.program = path, .max_run = 5s, .max_audio_bytes = 1 << 20};
  }
  std::filesystem::path folder_;
  testkit::SimWorld world;
  WorkerPool pool{{.name = "speech", .threads = 0}};
};

TEST_F(Espeak, SpeaksOtherLanguages) {
  for (const char* language : {"es-ES", "de", "fr-FR", "en-US"}) {
    auto samples = say("Uno dos tres cuatro.", {.language = language});
    ASSERT_TRUE(samples) << language << ": " << samples.error().detail;
    EXPECT_GT(samples->size(), 6000U);
    EXPECT_LT(samples->size(), 40000U);
  }
}

TEST_F(Espeak, VoiceSpeedAndRateAreUsed) {
  auto plain = say("one two three four five six", {.rate_hz = 8000});
  auto fast = say("one two three four five six", {.speed = 2.0, .rate_hz = 8000});
  auto high = say("one two three four five six", {.rate_hz = 16000});
  auto other = say("one two three four five six", {.voice = "en-us+f3"});
  ASSERT_TRUE(plain && fast && high && other);
  EXPECT_LT(fast->size(), plain->size() * 7 / 10);
  EXPECT_NEAR(static_cast<double>(high->size()), 2.0 * static_cast<double>(plain->size()), 20.0);
  EXPECT_NE(*other, *plain);
}

TEST_F(Espeak, TextCannotBecomeAnOptionMarkupOrPhonemes) {
  // Options would print help or write files; the text is simply read out.
  auto option = say("--help");
  ASSERT_TRUE(option) << option.error().detail;
  EXPECT_GT(option->size(), 2000U);
  auto pause = say("<speak><break time=\"30s\"/></speak>");
  ASSERT_TRUE(pause);
  EXPECT_LT(pause->size(), 15U * 8000U);
  // As phoneme codes this is one short word; as text it is spelled.
  auto phonemes = say("[[h@l'oU]]");
  auto bare = say("  h@l'oU  ");
  ASSERT_TRUE(phonemes && bare);
  EXPECT_EQ(*phonemes, *bare);
}

TEST_F(Espeak, BadRequestsAreRefusedByName) {
  struct Bad {
    std::string text;
    VoiceOptions options;
    Errc code;
  };
  const Bad bad[] = {{std::string(2001, 'a'), {}, Errc::too_large},
                     {"\xFF", {}, Errc::invalid},
                     {"hi", {.voice = "-x"}, Errc::invalid},
                     {"hi", {.voice = "../../etc/passwd"}, Errc::invalid},
                     {"hi", {.voice = "a b"}, Errc::invalid},
                     {"hi", {.language = ""}, Errc::invalid},
                     {"hi", {.speed = 9}, Errc::invalid},
                     {"hi", {.speed = std::nan("")}, Errc::invalid},
                     {"hi", {.rate_hz = 1}, Errc::invalid},
                     {"hi", {.language = "xx-nowhere"}, Errc::unsupported}};
  for (const auto& request : bad) {
    auto samples = say(request.text, request.options);
    ASSERT_FALSE(samples) << request.text.substr(0, 5) << request.options.voice;
    EXPECT_EQ(samples.error().code, request.code)
        << request.options.voice << request.options.language << samples.error().detail;
  }
}

TEST_F(Espeak, AMissingProgramIsUnavailable) {
  auto samples = say("hello", {}, {.program = folder_ / "nothing"});
  ASSERT_FALSE(samples);
  EXPECT_EQ(samples.error().code, Errc::unavailable);
}

TEST_F(Espeak, AHangingProgramIsKilledAtTheDeadline) {
  const auto start = std::chrono::steady_clock::now();
  auto samples = say("hello", {}, program("exec sleep 60"), 200ms);
  ASSERT_FALSE(samples);
  EXPECT_EQ(samples.error().code, Errc::timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 4s);
}

TEST_F(Espeak, AProgramThatClosesItsOutputAndLivesOnIsKilled) {
  auto samples = say("hello", {}, program("exec >&-; exec sleep 60"), 200ms);
  ASSERT_FALSE(samples);
}

TEST_F(Espeak, GarbageIsCorruptAndEndlessOutputIsCut) {
  auto garbage = say("hello", {}, program("exec head -c 100000 /dev/zero"));
  ASSERT_FALSE(garbage);
  EXPECT_EQ(garbage.error().code, Errc::corrupt);
  auto endless = say("hello", {}, program("espeak-ng --stdout hi; exec cat /dev/zero"));
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().code, Errc::unavailable);
}

TEST_F(Espeak, AFailureHalfWayIsToldAfterTheAudio) {
  auto samples = say("hello", {}, program("espeak-ng --stdout hi; exit 3"));
  ASSERT_FALSE(samples);
  EXPECT_EQ(samples.error().code, Errc::unavailable);
}

TEST_F(Espeak, TheTextComesByStandardInputOnly) {
  const auto seen = folder_ / "seen";
  auto samples = say("secret words", {},
                     program("echo \"$@\" > " + seen.string() + "; env >> " + seen.string() +
                             "; cat >> " + seen.string() + ".in; espeak-ng --stdout hi"));
  ASSERT_TRUE(samples);
  std::ifstream arguments(seen), input(seen.string() + ".in");
  std::string all{std::istreambuf_iterator<char>(arguments), {}};
  EXPECT_EQ(all.find("secret"), std::string::npos);
  EXPECT_EQ(all.find("HOME="), std::string::npos) << "the environment is not handed on";
  std::string text{std::istreambuf_iterator<char>(input), {}};
  EXPECT_EQ(text, "secret words");
}

TEST(EspeakThreads, HangingUpKillsTheChild) {
  asio::io_context io;
  SystemClock clock;
  const auto script =
      std::filesystem::temp_directory_path() / ("parley_espeak_sleep_" + std::to_string(getpid()));
  std::ofstream(script) << "#!/bin/sh\nespeak-ng --stdout hi\nexec sleep 60\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  const auto start = std::chrono::steady_clock::now();
  {
    WorkerPool pool{{.name = "speech", .threads = 1}};
    EspeakSynthesizer sleeper(clock, pool, {.program = script, .max_run = 30s});
    auto body = [](EspeakSynthesizer& e) -> asio::awaitable<void> {
      auto stream = co_await e.synthesize(Context{}, "hello", {});
      EXPECT_TRUE(stream.has_value());
      if (!stream) co_return;
      // The child runs for sure once it has spoken.
      auto piece = co_await (*stream)->next();
      EXPECT_TRUE(piece.has_value());
    };
    asio::co_spawn(io, body(sleeper), [](std::exception_ptr e) { EXPECT_FALSE(e); });
    io.run();
    // The pool's destructor waits for the job, which ends because its stream is gone.
  }
  std::filesystem::remove(script);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
}

}  // namespace
}  // namespace parley::providers::espeak
