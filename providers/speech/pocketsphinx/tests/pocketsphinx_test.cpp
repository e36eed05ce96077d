#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>

#include "booking_corpus.hpp"
#include "parley/providers/pocketsphinx/pocketsphinx_recognizer.hpp"
#include "parley/testkit/caller_audio.hpp"
#include "parley/testkit/sim_world.hpp"

namespace parley::providers::pocketsphinx {
namespace {

using speech::Expectation;
using speech::RecognizerSession;
using speech::Transcript;
using ExpectationPtr = std::shared_ptr<const Expectation>;

audio::Samples caller(const std::string& voice, const std::string& words, double snr_db = 25.0) {
  const auto spoken = corpus::speak(voice, words);
  return testkit::over_the_telephone(spoken.samples, spoken.rate_hz, {.snr_db = snr_db, .seed = 9});
}

Task<Transcript> final_transcript(RecognizerSession& session) {
  while (true) {
    auto next = co_await session.next();
    if (!next || next->is_final) co_return next;
  }
}

/// One utterance in frames of 20 ms.
Task<Transcript> utterance(RecognizerSession& session, audio::Samples line, int rate_hz,
                           ExpectationPtr expectation) {
  session.expect(std::move(expectation));
  const auto step = static_cast<std::size_t>(rate_hz / 50);
  for (std::size_t at = 0; at < line.size(); at += step) {
    const auto end = std::min(at + step, line.size());
    audio::Frame frame{audio::Samples(line.begin() + static_cast<std::ptrdiff_t>(at),
                                      line.begin() + static_cast<std::ptrdiff_t>(end)),
                       rate_hz};
    auto sent = co_await session.send(std::move(frame));
    if (!sent) co_return std::unexpected(sent.error());
  }
  auto ended = co_await session.finalize();
  if (!ended) co_return std::unexpected(ended.error());
  co_return co_await final_transcript(session);
}

ExpectationPtr make_expectation(std::string grammar, std::vector<std::string> sentences = {}) {
  static int number = 0;
  auto made = std::make_shared<Expectation>();
  made->grammar = std::move(grammar);
  made->sentences = std::move(sentences);
  made->fingerprint = "test." + std::to_string(++number);
  return made;
}

class Pocketsphinx : public testing::Test {
 protected:
  void SetUp() override {
    auto created = PocketsphinxRecognizer::create(pool);
    ASSERT_TRUE(created) << created.error().detail;
    recognizer = std::move(*created);
    session = open();
  }
  std::unique_ptr<RecognizerSession> open(speech::RecognizerOptions options = {}) {
    auto opened = world.run([&] { return recognizer->open(Context{}, options); });
    EXPECT_TRUE(opened);
    return opened ? std::move(*opened) : nullptr;
  }
  Result<Transcript> hear(const audio::Samples& line, ExpectationPtr expectation,
                          int rate_hz = 8000) {
    return world.run([&] { return utterance(*session, line, rate_hz, expectation); });
  }
  testkit::SimWorld world;
  WorkerPool pool{{.name = "recognition", .threads = 0}};
  std::unique_ptr<PocketsphinxRecognizer> recognizer;
  std::unique_ptr<RecognizerSession> session;
};

TEST_F(Pocketsphinx, UnderstandsABookingOverTheTelephone) {
  const std::pair<const char*, const char*> turns[] = {
      {"open", "i'd like to book a cleaning tomorrow at two"},
      {"when", "next monday at nine"},
      {"confirm", "yes please"},
      {"name", "my name is emily davis"},
      {"open", "how much does a cleaning cost"}};
  for (const auto& [state, words] : turns) {
    auto heard = hear(caller("rms", words), corpus::expectation(state));
    ASSERT_TRUE(heard);
    EXPECT_EQ(heard->text, words);
    EXPECT_TRUE(heard->is_final);
    EXPECT_GE(heard->confidence, 0.5) << words;
  }
}

TEST_F(Pocketsphinx, WhatNobodyExpectsIsNotBelieved) {
  for (const char* voice : {"rms", "slt"}) {
    auto heard = hear(caller(voice, "the weather in paris was lovely last summer"),
                      corpus::expectation("open"));
    ASSERT_TRUE(heard);
    EXPECT_LT(heard->confidence, 0.4) << heard->text;
  }
}

TEST_F(Pocketsphinx, NoiseAndSilenceAreNotBelieved) {
  auto silence = hear(audio::Samples(16000, 0), corpus::expectation("confirm"));
  ASSERT_TRUE(silence);
  EXPECT_TRUE(silence->text.empty() || silence->confidence < 0.4) << silence->text;
  auto noise = hear(testkit::over_the_telephone(audio::Samples(16000, 0), 8000,
                                                {.snr_db = 0, .seed = 2, .level_dbfs = -40}),
                    corpus::expectation("confirm"));
  ASSERT_TRUE(noise);
  EXPECT_TRUE(noise->text.empty() || noise->confidence < 0.4) << noise->text;
}

TEST_F(Pocketsphinx, AnUtteranceWithoutAudioIsEmpty) {
  auto heard = hear({}, corpus::expectation("confirm"));
  ASSERT_TRUE(heard);
  EXPECT_TRUE(heard->text.empty());
  EXPECT_EQ(heard->confidence, 0.0);
}

TEST_F(Pocketsphinx, LongSilenceAroundTheWordsChangesNothing) {
  auto line = caller("rms", "yes please");
  const auto room = testkit::over_the_telephone(audio::Samples(40000, 0), 8000,
                                                {.snr_db = 0, .seed = 4, .level_dbfs = -47});
  line.insert(line.begin(), room.begin(), room.end());
  line.insert(line.end(), room.begin(), room.end());
  auto heard = hear(line, corpus::expectation("confirm"));
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->text, "yes please");
}

TEST_F(Pocketsphinx, WidebandAudioIsTakenToo) {
  session = open({.rate_hz = 16000});
  auto heard =
      hear(corpus::speak("rms", "no thank you").samples, corpus::expectation("confirm"), 16000);
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->text, "no thank you");
}

TEST_F(Pocketsphinx, SentencesAloneMakeALanguageModel) {
  const auto voice = testkit::human_voice("human_0880");
  auto heard = hear(voice.samples,
                    make_expectation("", {"he was not an ill disposed young man",
                                          "unless to be rather cold hearted is to be ill disposed",
                                          "what do you charge for a filling"}));
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->text, voice.words);
}

TEST_F(Pocketsphinx, WordsThatNoDictionaryHasAreHeard) {
  auto heard = hear(caller("rms", "i would like to see doctor kowalewska"),
                    make_expectation("public <utterance> = i would like to see doctor (smith | "
                                     "kowalewska | jones) ;"));
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->text, "i would like to see doctor kowalewska");
}

TEST_F(Pocketsphinx, WithoutAnExpectationItHearsYesNoAndDigits) {
  auto heard = hear(caller("rms", "two one two"), nullptr);
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->text, "two one two");
}

TEST_F(Pocketsphinx, TheExpectationTakesEffectWithTheNextUtterance) {
  ASSERT_TRUE(hear(caller("rms", "yes please"), corpus::expectation("confirm")));
  auto heard = hear(caller("rms", "my name is emily davis"), corpus::expectation("name"));
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->text, "my name is emily davis");
}

TEST_F(Pocketsphinx, PartialsComeBeforeTheFinal) {
  // The first words of a call are held back until its line is known.
  ASSERT_TRUE(hear(caller("rms", "i'd like to book a cleaning tomorrow at two"),
                   corpus::expectation("open")));
  int partials = 0;
  auto talk = [&]() -> Task<Transcript> {
    session->expect(corpus::expectation("open"));
    const auto line = caller("rms", "i'd like to book a cleaning tomorrow at two");
    for (std::size_t at = 0; at + 160 <= line.size(); at += 160) {
      audio::Frame frame{audio::Samples(line.begin() + static_cast<std::ptrdiff_t>(at),
                                        line.begin() + static_cast<std::ptrdiff_t>(at + 160))};
      co_await session->send(std::move(frame));
    }
    co_await session->finalize();
    while (true) {
      auto next = co_await session->next();
      if (!next || next->is_final) co_return next;
      EXPECT_FALSE(next->text.empty());
      ++partials;
    }
  };
  auto heard = world.run(talk);
  ASSERT_TRUE(heard);
  EXPECT_GT(partials, 1);
}

TEST_F(Pocketsphinx, BrokenGrammarsAreNamedAndDoWithoutThem) {
  const std::pair<const char*, const char*> bad[] = {
      {"public <utterance> = yes (no ;", "well-formed"},
      {"<utterance> = yes ;", "public"},
      {"public <utterance> = yes | <missing> ;", "<missing>"},
      {"import <file.rule>; public <utterance> = yes ;", "import"},
      {"public <utterance> = yes | 42 ;", "42"}};
  for (const auto& [grammar, reason] : bad) {
    const auto expectation = make_expectation(grammar, {"yes please", "no thank you"});
    auto prepared = recognizer->prepare(*expectation);
    ASSERT_FALSE(prepared) << grammar;
    EXPECT_EQ(prepared.error().code, Errc::invalid);
    EXPECT_NE(prepared.error().detail.find(reason), std::string::npos) << prepared.error().detail;
    auto heard = hear(caller("rms", "yes please"), expectation);
    ASSERT_TRUE(heard);
    EXPECT_EQ(heard->text, "yes please") << grammar;
  }
  const auto giant = make_expectation(std::string(300 << 10, ' ') + "public <utterance> = yes ;");
  EXPECT_FALSE(recognizer->prepare(*giant));
}

TEST_F(Pocketsphinx, ManyExpectationsInTurn) {
  const auto line = caller("rms", "yes please");
  for (int i = 0; i < 30; ++i) {
    auto heard = hear(line, make_expectation("public <utterance> = yes please | no " +
                                             std::string(i % 2 == 0 ? "thanks ;" : "way ;")));
    ASSERT_TRUE(heard);
    ASSERT_EQ(heard->text, "yes please");
  }
  EXPECT_LE(recognizer->figures().decoders_open, 2U);
  EXPECT_EQ(recognizer->figures().decoders_busy, 0U);
}

TEST_F(Pocketsphinx, ClosingIsIdempotentAndEndsEverything) {
  auto close = [&]() -> Task<void> {
    co_await session->close();
    co_return co_await session->close();
  };
  EXPECT_TRUE(world.run(close));
  auto sent = world.run([&] { return session->send({audio::Samples(160, 0)}); });
  EXPECT_EQ(sent.error().code, Errc::end_of_stream);
  EXPECT_EQ(world.run([&] { return session->finalize(); }).error().code, Errc::end_of_stream);
  EXPECT_EQ(world.run([&] { return session->next(); }).error().code, Errc::end_of_stream);
}

TEST_F(Pocketsphinx, OtherLanguagesAndRatesAreRefused) {
  auto spanish = world.run([&] { return recognizer->open(Context{}, {.language = "es-ES"}); });
  EXPECT_EQ(spanish.error().code, Errc::unsupported);
  auto odd = world.run([&] { return recognizer->open(Context{}, {.rate_hz = 3}); });
  EXPECT_EQ(odd.error().code, Errc::invalid);
}

TEST(PocketsphinxModel, MissingFilesNameThePackage) {
  WorkerPool pool{{.name = "recognition", .threads = 0}};
  auto nothing = PocketsphinxRecognizer::create(pool, {.model_directory = "/nonexistent"});
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, Errc::unavailable);
  EXPECT_NE(nothing.error().detail.find("pocketsphinx-en-us"), std::string::npos);

  const auto folder =
      std::filesystem::temp_directory_path() / ("parley_model_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "cmudict-en-us.dict") << "yes Y EH S\n";
  auto no_model = PocketsphinxRecognizer::create(pool, {.model_directory = folder});
  ASSERT_FALSE(no_model);
  EXPECT_EQ(no_model.error().code, Errc::unavailable);
  std::filesystem::remove_all(folder);
}

asio::awaitable<void> one_call(PocketsphinxRecognizer& recognizer, audio::Samples line,
                               std::string expected, int& right) {
  auto session = co_await recognizer.open(Context{}, {});
  if (!session) co_return;
  for (int turn = 0; turn < 2; ++turn) {
    auto heard = co_await utterance(**session, line, 8000, corpus::expectation("confirm"));
    if (heard && heard->text == expected) ++right;
  }
}

TEST(PocketsphinxThreads, SeveralCallsShareFewDecoders) {
  asio::io_context io;
  WorkerPool pool{{.name = "recognition", .threads = 2, .nice = 5}};
  auto recognizer = PocketsphinxRecognizer::create(pool, {.max_decoders = 2, .idle_decoders = 1});
  ASSERT_TRUE(recognizer);
  const auto yes = caller("rms", "yes please");
  const auto no = caller("kal16", "no thank you");
  int right = 0;
  for (int call = 0; call < 6; ++call)
    asio::co_spawn(io,
                   one_call(**recognizer, call % 2 == 0 ? yes : no,
                            call % 2 == 0 ? "yes please" : "no thank you", right),
                   [](std::exception_ptr e) { EXPECT_FALSE(e); });
  io.run();
  EXPECT_EQ(right, 12);
  EXPECT_LE((*recognizer)->figures().decoders_open, 2U);
}

TEST(PocketsphinxThreads, SessionsThatVanishWithWorkQueuedDoNoHarm) {
  asio::io_context io;
  WorkerPool pool{{.name = "recognition", .threads = 2}};
  auto recognizer = PocketsphinxRecognizer::create(pool, {.max_decoders = 2});
  ASSERT_TRUE(recognizer);
  const auto line = caller("rms", "yes please");
  int answered = 0;
  auto vanish = [](PocketsphinxRecognizer& r, audio::Samples audio, int number,
                   int& count) -> asio::awaitable<void> {
    auto session = co_await r.open(Context{}, {});
    if (!session) co_return;
    (*session)->expect(corpus::expectation("confirm"));
    for (std::size_t at = 0; at + 160 <= audio.size(); at += 160) {
      audio::Frame frame{audio::Samples(audio.begin() + static_cast<std::ptrdiff_t>(at),
                                        audio.begin() + static_cast<std::ptrdiff_t>(at + 160))};
      co_await (*session)->send(std::move(frame));
      if (number == 0) co_return;  // at once
    }
    if (number == 1) co_return;  // before the end of the utterance
    co_await (*session)->finalize();
    if (number == 2) co_return;  // before the answer
    auto heard = co_await final_transcript(**session);
    if (heard) ++count;
  };
  for (int round = 0; round < 3; ++round)
    for (int number = 0; number < 4; ++number)
      asio::co_spawn(io, vanish(**recognizer, line, number, answered),
                     [](std::exception_ptr e) { EXPECT_FALSE(e); });
  io.run();
  EXPECT_EQ(answered, 3);
}

TEST(PocketsphinxThreads, AudioThatWaitsTooLongIsRefused) {
  asio::io_context io;
  WorkerPool pool{{.name = "recognition", .threads = 1}};
  auto recognizer = PocketsphinxRecognizer::create(pool, {.max_queued_audio = 100ms});
  ASSERT_TRUE(recognizer);
  // The only worker is kept busy until the test has seen the refusal.
  std::mutex gate;
  gate.lock();
  pool.post([&gate] { std::lock_guard wait(gate); });
  Errc refused = Errc::invalid;
  auto flood = [](PocketsphinxRecognizer& r, std::mutex& g, Errc& code) -> asio::awaitable<void> {
    auto session = co_await r.open(Context{}, {});
    for (int i = 0; i < 20 && session; ++i) {
      auto sent = co_await (*session)->send({audio::Samples(160, 0)});
      if (!sent) code = sent.error().code;
    }
    g.unlock();
  };
  asio::co_spawn(io, flood(**recognizer, gate, refused),
                 [](std::exception_ptr e) { EXPECT_FALSE(e); });
  io.run();
  EXPECT_EQ(refused, Errc::rate_limited);
}

}  // namespace
}  // namespace parley::providers::pocketsphinx
