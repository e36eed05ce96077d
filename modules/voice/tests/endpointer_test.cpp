#include "endpointer.hpp"

#include <gtest/gtest.h>

namespace parley::voice {
namespace {

using namespace std::chrono_literals;

Duration patience(std::string_view asked, std::string_view words) {
  return patience_of(estimate_end({.asked = asked, .words = words, .voiced = 1500ms}), 700ms);
}

TEST(Endpointer, NothingKnownIsTheUsualPatience) {
  EXPECT_NEAR(double(patience("", "") / 1ms), 700, 2);
  EXPECT_NEAR(double(patience_of({.over = 1}, 700ms) / 1ms), 250, 2);
  EXPECT_NEAR(double(patience_of({.over = 0}, 700ms) / 1ms), 1600, 2);
}

TEST(Endpointer, AnswersToWhatWasAskedEndSoon) {
  for (auto [asked, words] : {std::pair{"confirm", "yes"},
                              {"confirm", "yes please"},
                              {"doubt", "that's right"},
                              {"confirm", "no it's not"},
                              {"offer", "yes i would"},
                              {"offer", "no thank you"},
                              {"when", "on tuesday at three o'clock"},
                              {"choice", "the second one"},
                              {"name", "my name is john smith"},
                              {"phone", "two one two five five five zero one four two"},
                              {"phone", "212 555 0142"},
                              {"open", "how much is a teeth cleaning?"},
                              {"open", "no that's all thank you"}})
    EXPECT_LE(patience(asked, words), 420ms) << asked << ": " << words;
}

TEST(Endpointer, SentencesThatGoOnGetTime) {
  for (auto [asked, words] : {std::pair{"open", "i'd like to book a cleaning and"},
                              {"open", "i want to come on the"},
                              {"open", "um"},
                              {"when", "let me see"},
                              {"confirm", "yes but"},
                              {"open", "yes i would"},
                              {"name", "my name is"},
                              {"name", "s. m. i."},
                              {"phone", "two one two five five five"},
                              {"phone", "double"},
                              {"message", "please tell him that"}})
    EXPECT_GE(patience(asked, words), 1000ms) << asked << ": " << words;
}

TEST(Endpointer, OldWordsSayNothing) {
  TurnSoFar turn{.asked = "open", .words = "i would like to"};
  turn.freshness = TurnSoFar::Freshness::stale;
  turn.voiced = 2s;
  EXPECT_NEAR(estimate_end(turn).over, 0.5, 0.01);
}

TEST(Endpointer, WordsTheEngineIsUnsureOfCountLess) {
  TurnSoFar turn{.asked = "phone", .words = "two one two five five five zero one four two"};
  auto sure = estimate_end(turn).over;
  turn.belief = belief_in_unsure_words;
  EXPECT_LT(estimate_end(turn).over, sure);
  EXPECT_GT(estimate_end(turn).over, 0.5);
}

TEST(Endpointer, TellsWhatIsWorthBeginningWith) {
  EXPECT_TRUE(estimate_end({.asked = "open", .words = "when are you open on saturday"}).complete);
  EXPECT_FALSE(estimate_end({.asked = "open", .words = "when are you open on"}).complete);
  EXPECT_FALSE(estimate_end({.asked = "open", .words = ""}).complete);
}

}  // namespace
}  // namespace parley::voice
