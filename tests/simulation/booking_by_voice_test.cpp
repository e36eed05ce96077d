// Callers book and ask by voice, whole calls in virtual time. Prints what each call came to.
#include <gmock/gmock.h>

#include <cstdlib>

#include "simulated_call.hpp"

namespace parley::simulation {
namespace {

class ByVoice : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { listener = std::make_unique<Listener>(); }
  static void TearDownTestSuite() { listener.reset(); }
  static std::unique_ptr<Listener> listener;
};
std::unique_ptr<Listener> ByVoice::listener;

/// Other noise with SEED=n; a seed gives the same calls again.
std::uint64_t seed() {
  auto* given = std::getenv("SEED");
  return given ? std::strtoull(given, nullptr, 10) : 1;
}

TEST_F(ByVoice, NineOfTenCallersGetTheirAppointment) {
  const auto people = callers::booking_callers();
  int booked = 0, by_voice = 0, named = 0;
  std::string failed;
  for (std::size_t i = 0; i < people.size(); ++i) {
    auto call = book_by_voice(*listener, i, seed());
    EXPECT_FALSE(call.wrong) << call.transcript;
    booked += call.booked ? 1 : 0;
    by_voice += call.booked && call.keys == 0 ? 1 : 0;
    named += call.named ? 1 : 0;
    std::printf("%-16s %3.0f dB: %s, %d turns, %d keys%s\n", people[i].sound.voice.c_str(),
                people[i].sound.noise_db, call.booked ? "booked" : "NOT booked",
                call.report.caller_turns, call.keys, call.named ? "" : ", without the name");
    if (!call.booked) failed += call.transcript + "\n";
  }
  std::printf("seed %llu: %d of %zu booked, %d by voice alone, %d under their name\n",
              static_cast<unsigned long long>(seed()), booked, people.size(), by_voice, named);
  EXPECT_GE(booked, 9) << failed;
  EXPECT_GE(by_voice, 7) << failed;
}

TEST_F(ByVoice, WhatOnlyADocumentKnowsIsAnswered) {
  int answered = 0;
  std::string failed;
  const auto people = callers::booking_callers();
  for (const auto& person : people) {
    auto sound = person.sound;
    sound.seed = seed();
    auto call = ask_by_voice(*listener, sound, "how much is a mouth guard", "ninety five");
    answered += call.answered ? 1 : 0;
    if (!call.answered) failed += call.transcript + "\n";
  }
  std::printf("seed %llu: %d of %zu answered from a document\n",
              static_cast<unsigned long long>(seed()), answered, people.size());
  EXPECT_GE(answered, 9) << failed;
}

TEST_F(ByVoice, TheSameSeedGivesTheSameCall) {
  EXPECT_EQ(book_by_voice(*listener, 1, 7).transcript, book_by_voice(*listener, 1, 7).transcript);
}

}  // namespace
}  // namespace parley::simulation
