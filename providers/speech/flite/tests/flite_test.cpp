#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "parley/providers/flite/flite_synthesizer.hpp"
#include "parley/providers/flite/pronunciation.hpp"
#include "parley/testkit/sim_world.hpp"
#include "sentences.hpp"

namespace parley::providers::flite {
namespace {

using speech::VoiceOptions;

struct Spoken {
  audio::Samples samples;
  std::size_t pieces = 0;
  std::size_t first_piece = 0;
};

Task<Spoken> speak(speech::Synthesizer& engine, std::string text, VoiceOptions options) {
  auto stream = co_await engine.synthesize(Context{}, std::move(text), std::move(options));
  if (!stream) co_return std::unexpected(stream.error());
  Spoken spoken;
  while (true) {
    auto piece = co_await (*stream)->next();
    if (!piece) {
      if (piece.error().code != Errc::end_of_stream) co_return std::unexpected(piece.error());
      break;
    }
    if (spoken.pieces++ == 0) spoken.first_piece = piece->samples.size();
    spoken.samples.insert(spoken.samples.end(), piece->samples.begin(), piece->samples.end());
  }
  // The end is the end, however often one asks.
  auto again = co_await (*stream)->next();
  if (again || again.error().code != Errc::end_of_stream)
    co_return fail(Errc::corrupt, "a second end");
  co_return spoken;
}

double loudness(const audio::Samples& samples) {
  double sum = 0.0;
  for (double value : samples) sum += value * value;
  return std::sqrt(sum / static_cast<double>(samples.size()));
}

class Flite : public testing::Test {
 protected:
  Result<Spoken> say(std::string text, VoiceOptions options = {}) {
    return world.run([&] { return speak(engine, text, options); });
  }
  testkit::SimWorld world;
  WorkerPool pool{{.name = "speech", .threads = 0}};
  FliteSynthesizer engine{pool};
};

TEST_F(Flite, SpeaksWithEveryVoice) {
  for (const char* voice : {"", "slt", "rms", "awb", "kal16"}) {
    auto spoken = say("Hello, how can I help you?", {.voice = voice});
    ASSERT_TRUE(spoken) << voice << spoken.error().detail;
    EXPECT_GT(spoken->samples.size(), 8000U) << voice;
    EXPECT_LT(spoken->samples.size(), 32000U) << voice;
    EXPECT_GT(loudness(spoken->samples), 500.0) << voice;
  }
}

TEST_F(Flite, AudioComesInPieces) {
  auto spoken = say("I can offer you an appointment on Thursday at two in the afternoon.");
  ASSERT_TRUE(spoken);
  EXPECT_GT(spoken->pieces, 5U);
  EXPECT_LE(spoken->first_piece, 3200U);
}

TEST_F(Flite, TheRateIsTheOneAskedFor) {
  auto low = say("One two three four.", {.rate_hz = 8000});
  auto high = say("One two three four.", {.rate_hz = 24000});
  ASSERT_TRUE(low && high);
  EXPECT_NEAR(static_cast<double>(high->samples.size()),
              3.0 * static_cast<double>(low->samples.size()), 30.0);
}

TEST_F(Flite, SpeedShortensAndLengthens) {
  auto plain = say("Your appointment is on Monday.");
  auto fast = say("Your appointment is on Monday.", {.speed = 2.0});
  auto slow = say("Your appointment is on Monday.", {.speed = 0.5});
  ASSERT_TRUE(plain && fast && slow);
  const auto length = static_cast<double>(plain->samples.size());
  EXPECT_NEAR(static_cast<double>(fast->samples.size()) / length, 0.5, 0.1);
  EXPECT_NEAR(static_cast<double>(slow->samples.size()) / length, 2.0, 0.2);
}

TEST_F(Flite, NothingToSayEndsAtOnce) {
  for (const char* text : {"", "   ", "\n\n"}) {
    auto spoken = say(text);
    ASSERT_TRUE(spoken);
    EXPECT_TRUE(spoken->samples.empty());
  }
}

TEST_F(Flite, MarkupIsReadAndNotObeyed) {
  // If the pause were obeyed the audio would be more than ten seconds long.
  auto spoken = say("<break time=\"10s\"/> hello");
  ASSERT_TRUE(spoken);
  EXPECT_LT(spoken->samples.size(), 10U * 8000U);
}

TEST_F(Flite, BadRequestsAreRefusedByName) {
  struct Bad {
    std::string text;
    VoiceOptions options;
    Errc code;
  };
  const Bad bad[] = {
      {std::string(2001, 'a'), {}, Errc::too_large},     {"\xFF\xFE", {}, Errc::invalid},
      {"hi", {.voice = "nobody"}, Errc::invalid},        {"hi", {.speed = 0.1}, Errc::invalid},
      {"hi", {.speed = std::nan("")}, Errc::invalid},    {"hi", {.rate_hz = 7}, Errc::invalid},
      {"hola", {.language = "es-ES"}, Errc::unsupported}};
  for (const auto& request : bad) {
    auto spoken = say(request.text, request.options);
    ASSERT_FALSE(spoken);
    EXPECT_EQ(spoken.error().code, request.code) << request.text.substr(0, 10);
  }
}

TEST(FliteThreads, SeveralCallsAtOnceAndOneThatHangsUp) {
  asio::io_context io;
  WorkerPool pool{{.name = "speech", .threads = 2}};
  FliteSynthesizer engine{pool};
  int finished = 0;
  for (int call = 0; call < 6; ++call) {
    auto body = [](FliteSynthesizer& e, int number, int& done) -> asio::awaitable<void> {
      const char* voices[] = {"slt", "rms", "kal16"};
      auto stream = co_await e.synthesize(Context{}, "Good morning. This is a test. Thank you.",
                                          {.voice = voices[number % 3]});
      if (!stream) co_return;
      std::size_t samples = 0;
      while (true) {
        auto piece = co_await (*stream)->next();
        if (!piece) break;
        samples += piece->samples.size();
        if (number == 5) co_return;  // the stream dies while its jobs are queued
      }
      if (samples > 8000) ++done;
    };
    asio::co_spawn(io, body(engine, call, finished), [](std::exception_ptr e) { EXPECT_FALSE(e); });
  }
  io.run();
  EXPECT_EQ(finished, 5);
}

TEST(FliteSentences, CutAtTheirEnds) {
  EXPECT_EQ(split_sentences("Hello. It costs 2.30 dollars! Really?\nYes"),
            (std::vector<std::string>{"Hello.", "It costs 2.30 dollars!", "Really?", "Yes"}));
  EXPECT_TRUE(split_sentences(" \n ").empty());
}

TEST(FliteSentences, LongOnesAreCutAtACommaOrSpace) {
  std::string text;
  for (int i = 0; i < 60; ++i) text += "word number, ";
  for (const auto& piece : split_sentences(text)) {
    EXPECT_LE(piece.size(), 200U);
    EXPECT_EQ(piece.back(), ',');
  }
  for (const auto& piece : split_sentences(std::string(1000, 'x'))) EXPECT_EQ(piece.size(), 200U);
}

TEST(FliteSentences, TypographyBecomesAscii) {
  EXPECT_EQ(to_ascii("It\u2019s \u201Cgood\u201D caf\u00E9\u2026"), "It's \"good\" cafe...");
  EXPECT_EQ(to_ascii("a\u4E2Db"), "a b");
  EXPECT_EQ(to_ascii("a\tb"), "a b");
}

TEST(FlitePronunciation, KnowsWordsAndGuessesNames) {
  EXPECT_EQ(pronounce("hello"), (std::vector<std::string>{"HH", "AH", "L", "OW"}));
  EXPECT_FALSE(pronounce("kowalczyk").empty());
  for (const auto& phone : pronounce("zyzzogeton"))
    for (char c : phone) EXPECT_TRUE(c >= 'A' && c <= 'Z') << phone;
  for (const char* bad : {"", "'", "3rd", "Hello", "a b", "caf\xC3\xA9"})
    EXPECT_TRUE(pronounce(bad).empty()) << bad;
  EXPECT_TRUE(pronounce(std::string(65, 'a')).empty());
}

TEST(FliteFigures, RealTimeFactorOfEachVoice) {
  testkit::SimWorld world;
  WorkerPool pool{{.name = "speech", .threads = 0}};
  FliteSynthesizer engine{pool};
  for (const char* voice : {"slt", "rms", "awb", "kal16"}) {
    const auto start = std::chrono::steady_clock::now();
    auto spoken = world.run([&] {
      return speak(engine, "We are open from nine to five on weekdays, and on Saturday from ten.",
                   {.voice = voice});
    });
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    ASSERT_TRUE(spoken);
    std::printf("flite %-6s real-time factor %.3f\n", voice,
                took.count() * 8000.0 / static_cast<double>(spoken->samples.size()));
  }
}

}  // namespace
}  // namespace parley::providers::flite
