#include "language_engines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "settings.hpp"

namespace parley::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LanguageEnginesTest : public ::testing::Test {
 protected:
  Result<LanguageEngines> make(std::vector<std::string> assignments) {
    Settings settings(setting_specs());
    for (auto& assignment : assignments) EXPECT_TRUE(settings.set(assignment)) << assignment;
    policies.emplace(clock, random, registry, tracer);
    ServicePolicies services(settings, clock, nullptr, *policies);
    return make_language_engines(settings, clock, services);
  }
  std::vector<std::string> names(std::vector<std::string> assignments) {
    auto made = make(std::move(assignments));
    std::vector<std::string> all;
    if (!made) return {made.error().detail};
    for (auto& engine : made->engines) all.push_back(engine->name());
    EXPECT_EQ(made->chain == nullptr, all.empty());
    return all;
  }
  std::string wrong(std::vector<std::string> assignments) {
    auto made = make(std::move(assignments));
    EXPECT_FALSE(made);
    if (made) return "";
    EXPECT_EQ(made.error().code, Errc::invalid);
    return made.error().detail;
  }

  SystemClock clock;
  SystemRandom random;
  metrics::Registry registry;
  trace::NoSpanSink spans;
  trace::Tracer tracer{clock, random, spans};
  std::optional<resilience::Policies> policies;
};

TEST_F(LanguageEnginesTest, ThoseWithAKeyUnlessNamed) {
  EXPECT_THAT(names({}), ElementsAre());
  EXPECT_THAT(names({"openai.api_key=k"}), ElementsAre("openai"));
  EXPECT_THAT(names({"openai.api_key=k", "anthropic.api_key=k"}),
              ElementsAre("anthropic", "openai"));
  EXPECT_THAT(names({"openai.api_url=http://127.0.0.1:8080/v1"}), ElementsAre("openai"))
      << "a server of one's own needs no key";
  EXPECT_THAT(
      names({"openai.api_key=k", "anthropic.api_key=k", "language.engines=openai  anthropic"}),
      ElementsAre("openai", "anthropic"));
  EXPECT_THAT(names({"openai.api_key=k", "anthropic.api_key=k", "language.engines=openai"}),
              ElementsAre("openai"));
}

TEST_F(LanguageEnginesTest, EachHasItsPolicy) {
  ASSERT_TRUE(make({"openai.api_key=k", "anthropic.api_key=k", "resilience.openai.attempts=1"}));
  std::vector<std::string> services;
  for (auto& snapshot : policies->snapshots()) services.push_back(snapshot.service);
  EXPECT_THAT(services, ElementsAre("anthropic", "openai"));
}

TEST_F(LanguageEnginesTest, WhatIsWrongIsNamed) {
  EXPECT_THAT(wrong({"language.engines=antropic", "anthropic.api_key=k"}),
              HasSubstr("did you mean anthropic?"));
  EXPECT_THAT(wrong({"language.engines=anthropic"}), HasSubstr("it needs anthropic.api_key"));
  EXPECT_THAT(wrong({"language.engines=openai"}), HasSubstr("it needs openai.api_key"));
  EXPECT_THAT(wrong({"language.engines=openai openai", "openai.api_key=k"}), HasSubstr("twice"));
  EXPECT_THAT(wrong({"anthropic.api_key=k", "anthropic.api_url=ftp://x"}),
              HasSubstr("anthropic.api_url"));
  EXPECT_THAT(wrong({"anthropic.api_key=k", "language.slow_after_ms=5"}),
              HasSubstr("language.slow_after_ms"));
}

}  // namespace
}  // namespace parley::app
