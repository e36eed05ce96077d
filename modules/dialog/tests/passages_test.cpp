#include "passages.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace parley::dialog {
namespace {

FoundPassage policy() {
  return {
      "Our clinic opened in 1998. We accept most dental insurance plans, including Delta Dental. "
      "We do "
      "not accept Medicaid. Patients who cancel less than 24 hours ahead pay 50 dollars. Children "
      "are "
      "welcome from the age of three. Dr. Lee speaks Spanish.",
      "office-policy_2026.pdf", "Office policy"};
}

TEST(Passages, TheSentencesThatAnswer) {
  const std::pair<const char*, const char*> cases[] = {
      {"do you take dental insurance",
       "We accept most dental insurance plans, including Delta Dental."},
      {"what happens if i cancel late",
       "Patients who cancel less than 24 hours ahead pay 50 dollars."},
      {"do you see children", "Children are welcome from the age of three."},
      {"does anybody speak spanish", "Dr. Lee speaks Spanish."}};
  for (auto [question, answer] : cases) {
    auto best = best_answer(question, {policy()});
    EXPECT_NE(best.text.find(answer), std::string::npos) << question << " -> " << best.text;
    EXPECT_EQ(best.source, "office policy");
  }
}

TEST(Passages, BelowTheThresholdNothingIsSaid) {
  EXPECT_EQ(best_answer("do you sell electric guitars", {policy()}).text, "");
  EXPECT_EQ(best_answer("", {policy()}).text, "");
  EXPECT_EQ(best_answer("do you take insurance", {}).text, "");
  EXPECT_EQ(best_answer("insurance", {{"", "", ""}}).text, "");
}

TEST(Passages, HowMuchIsAnsweredWithAnAmount) {
  FoundPassage sports{
      "Mouth guards for sports\n\nWe make mouth guards for sports in a week. A mouth "
      "guard costs 95 dollars. Bring your mouth guard to every check-up.",
      "sports.pdf", "Mouth guards"};
  FoundPassage other{"Mouth guards and braces do not go together.", "braces.pdf", ""};
  for (auto* question : {"how much is a mouth guard", "what does a mouth guard cost",
                         "how much are the mouth guards"})
    EXPECT_NE(best_answer(question, {other, sports}).text.find("95 dollars"), std::string::npos)
        << question;
  // And who asks for something else is not told the price.
  EXPECT_EQ(best_answer("can i bring my mouth guard to a check up", {sports}).text,
            "Bring your mouth guard to every check-up.");
}

TEST(Passages, AnAnswerIsShort) {
  std::string endless = "insurance";
  for (int i = 0; i < 500; ++i) endless += " word";
  auto best = best_answer("insurance", {{endless, "", ""}});
  EXPECT_LE(std::ranges::count(best.text, ' ') + 1, 60);
  EXPECT_EQ(best.text.back(), '.');
}

TEST(Passages, SentencesAreSpeakable) {
  auto sentences = sentences_of(
      "# Prices\n\n* A **crown** costs 900.\n| a | b |\nLine that\ngoes on. Mr. Lee at 5 p.m. "
      "daily.");
  EXPECT_EQ(sentences,
            (std::vector<std::string>{"Prices", "A crown costs 900.", "a b", "Line that goes on.",
                                      "Mr. Lee at 5 p.m. daily."}));
  EXPECT_TRUE(sentences_of("").empty());
  EXPECT_TRUE(sentences_of("\n\n***\n").empty());
}

TEST(Passages, SourcesOnlyWhenTheySaySomething) {
  EXPECT_EQ(spoken_source("price-list_2026.pdf"), "price list");
  EXPECT_EQ(spoken_source("/tmp/../Payment Policy.docx"), "payment policy");
  for (auto* name :
       {"scan_0001.pdf", "document.pdf", "", ".pdf", "a_very_long_name_of_some_kind.txt"})
    EXPECT_EQ(spoken_source(name), "") << name;
}

}  // namespace
}  // namespace parley::dialog
