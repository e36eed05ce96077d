#include "speech_engines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "settings.hpp"

namespace parley::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SpeechEnginesTest : public ::testing::Test {
 protected:
  Result<SpeechEngines> make(std::vector<std::string> assignments) {
    settings.emplace(setting_specs());
    for (auto& assignment : assignments) EXPECT_TRUE(settings->set(assignment)) << assignment;
    policies.emplace(clock, random, registry, tracer);
    services.emplace(*settings, clock, nullptr, *policies);
    return make_speech_engines({*settings, io.get_executor(), clock, hearing, speaking, *services});
  }
  static std::vector<std::string> names(auto& engines) {
    std::vector<std::string> all;
    for (auto& one : engines) all.push_back(one->name());
    return all;
  }
  asio::io_context io;
  SystemClock clock;
  SystemRandom random;
  metrics::Registry registry;
  trace::NoSpanSink spans;
  trace::Tracer tracer{clock, random, spans};
  WorkerPool hearing{{.name = "hearing", .threads = 0}};
  WorkerPool speaking{{.name = "speaking", .threads = 0}};
  std::optional<Settings> settings;
  std::optional<resilience::Policies> policies;
  std::optional<ServicePolicies> services;
};

TEST_F(SpeechEnginesTest, WithoutKeysTheEmbeddedOnesAreAllThereIs) {
  auto made = make({});
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_THAT(names(made->recognizers), ElementsAre("pocketsphinx"));
  EXPECT_THAT(names(made->synthesizers), ElementsAre("flite", "espeak"));
  EXPECT_TRUE(made->services.empty());
}

TEST_F(SpeechEnginesTest, WhoHasAKeyComesFirstAndIsLookedAt) {
  auto made =
      make({"elevenlabs.api_key=x", "deepgram.api_key=y", "deepgram.api_url=http://127.0.0.1:1/"});
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_THAT(names(made->recognizers), ElementsAre("deepgram", "elevenlabs", "pocketsphinx"));
  EXPECT_THAT(names(made->synthesizers), ElementsAre("deepgram", "elevenlabs", "flite", "espeak"));
  ASSERT_EQ(made->services.size(), 2u);
  EXPECT_EQ(made->services[0].url, "http://127.0.0.1:1/v1/projects");
  EXPECT_EQ(made->services[0].credentials.second, "Token y");
}

TEST_F(SpeechEnginesTest, TheOrderIsTheOneNamedAndTheEmbeddedStayTheLast) {
  auto made = make({"elevenlabs.api_key=x", "deepgram.api_key=y", "openai.api_key=z",
                    "speech.recognizers=pocketsphinx openai deepgram openai",
                    "speech.synthesizers=elevenlabs"});
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_THAT(names(made->recognizers), ElementsAre("openai", "deepgram", "pocketsphinx"));
  EXPECT_THAT(names(made->synthesizers), ElementsAre("elevenlabs", "flite", "espeak"));
  EXPECT_EQ(made->recognizer->name(), "openai");
}

TEST_F(SpeechEnginesTest, AServerOfOnesOwnNeedsNoKey) {
  auto made = make({"openai.api_url=http://127.0.0.1:8000/v1", "speech.recognizers=openai"});
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_THAT(names(made->recognizers), ElementsAre("openai", "pocketsphinx"));
  EXPECT_EQ(made->services.at(0).url, "http://127.0.0.1:8000/v1/models");
  EXPECT_EQ(made->services.at(0).credentials.first, "");
}

TEST_F(SpeechEnginesTest, WhatIsWrongIsSaid) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> all{
      {{"speech.recognizers=depgram"}, "did you mean deepgram?"},
      {{"speech.recognizers=deepgram"}, "deepgram.api_key"},
      {{"speech.synthesizers=openai"}, "openai.api_key"},
      {{"elevenlabs.api_key=x", "elevenlabs.transport=pigeon"}, "elevenlabs.transport"},
      {{"openai.api_key=x", "openai.api_url=nowhere"}, "openai.api_url"},
      {{"speech.answer_ms=5"}, "speech.answer_ms"},
      {{"deepgram.api_key=x", "resilience.deepgram_recognition.attempts=0"}, "deepgram"},
  };
  for (auto& [assignments, what] : all) {
    auto made = make(assignments);
    ASSERT_FALSE(made) << what;
    EXPECT_EQ(made.error().code, Errc::invalid);
    EXPECT_THAT(made.error().detail, HasSubstr(what));
  }
}

}  // namespace
}  // namespace parley::app
