#include <gtest/gtest.h>

#include "../src/markup.hpp"
#include "../src/piece_cutter.hpp"
#include "../src/spoken_numbers.hpp"
#include "../src/spoken_text.hpp"

namespace parley::dialog {
namespace {

struct Said {
  std::string_view written;
  std::string_view spoken;
};

TEST(SpokenForms, EnglishIsSaidAsPeopleSayIt) {
  constexpr Said cases[]{
      // numbers
      {"We have 45 chairs.", "We have forty-five chairs."},
      {"1,200 people", "one thousand two hundred people"},
      {"3.5 stars", "three point five stars"},
      {"Press 0.", "Press zero."},
      {"2000000 of them", "two million of them"},
      {"It weighs 5 kg, not 1 kg.", "It weighs five kilograms, not one kilogram."},
      {"a 30 min visit", "a thirty minutes visit"},
      {"It's 72°F out.", "It's seventy-two degrees Fahrenheit out."},
      {"1,450 sq ft", "one thousand four hundred fifty square feet"},
      {"15% off", "fifteen percent off"},
      {"3.5% fee", "three point five percent fee"},
      {"#5 on the list", "number five on the list"},
      {"No. 5 is free.", "number five is free."},
      // prices
      {"It costs $120.", "It costs one hundred twenty dollars."},
      {"$1", "one dollar"},
      {"$12.50 each", "twelve dollars and fifty cents each"},
      {"$0.99", "ninety-nine cents"},
      {"$1,250.00", "one thousand two hundred fifty dollars"},
      {"$1.2 million", "one point two million dollars"},
      {"€50 or £1.01", "fifty euros or one pound and one penny"},
      // times
      {"at 2:30 PM", "at two thirty PM"},
      {"at 2:05pm.", "at two oh five PM."},
      {"We open at 9 a.m. on Monday.", "We open at nine AM on Monday."},
      {"We open at 9 a.m.", "We open at nine AM."},
      {"at 14:00", "at two PM"},
      {"at 00:15", "at twelve fifteen AM"},
      {"at 3:00", "at three o'clock"},
      {"9 AM-5 PM", "nine AM to five PM"},
      {"9–5", "nine to five"},
      {"10-12 days", "ten to twelve days"},
      {"24/7", "twenty-four seven"},
      // dates
      {"2026-03-05", "March fifth, twenty twenty-six"},
      {"2026-03-05T14:00", "March fifth, twenty twenty-six at two PM"},
      {"on 3/5/2026", "on March fifth, twenty twenty-six"},
      {"March 5", "March fifth"},
      {"March 5th, 2026 at 2 PM", "March fifth, twenty twenty-six at two PM"},
      {"Mar. 21 works", "March twenty-first works"},
      {"in 2026", "in twenty twenty-six"},
      {"the 23rd and the 12th", "the twenty-third and the twelfth"},
      {"since 2005", "since two thousand five"},
      // telephone numbers
      {"Call (212) 555-0142.", "Call two one two, five five five, zero one four two."},
      {"212-555-0142", "two one two, five five five, zero one four two"},
      {"+12125550142", "one, two one two, five five five, zero one four two"},
      {"555-0142", "five five five, zero one four two"},
      {"+442079460000", "plus four four two, zero seven nine, four six zero, zero zero zero"},
      // addresses, postcodes, ids
      {"12 Main St.", "twelve Main Street."},
      {"1250 Park Ave. in town", "twelve fifty Park Avenue in town"},
      {"New York, NY 10001", "New York, NY one zero zero zero one"},
      {"SW1A 1AA", "S W one A one A A"},
      {"Your reference is AB12CD.", "Your reference is A B one two C D."},
      {"confirmation 48213", "confirmation four eight two one three"},
      {"Suite 204", "Suite two oh four"},
      // short forms
      {"Dr. Smith and Mr. Jones", "Doctor Smith and Mister Jones"},
      {"St. Mary on Main St. today", "Saint Mary on Main Street today"},
      {"e.g. a cleaning", "for example a cleaning"},
      {"Tue. to Fri. only", "Tuesday to Friday only"},
      {"cleaning & check-up", "cleaning and check-up"},
      {"and/or", "and or"},
      {"hello@bright.example", "hello at bright dot example"},
      {"bright.example", "bright dot example"},
      // left as it is
      {"You may come in March.", "You may come in March."},
      {"I sat down. No, thanks.", "I sat down. No, thanks."},
      {"Don't you?", "Don't you?"},
      {"an MRI or X-ray", "an MRI or X-ray"},
      {"", ""},
  };
  for (const auto& one : cases)
    EXPECT_EQ(english_forms(one.written), one.spoken) << "written: " << one.written;
}

TEST(SpokenForms, OtherLanguagesPassThrough) {
  SpokenText german("de-DE", {});
  EXPECT_EQ(german.of("Das kostet 12,50 € um 14:30 Uhr."), "Das kostet 12,50 € um 14:30 Uhr.");
}

TEST(SpokenForms, TheAgentsOwnPronunciationsComeFirst) {
  SpokenText spoken("en-US", {{"Nguyen", "win"}, {"A1C", "A one C"}, {"C4", "see four"}});
  EXPECT_EQ(spoken.of("Dr. Nguyen checks your a1c at 3 PM."),
            "Doctor win checks your A one C at three PM.");
  EXPECT_EQ(spoken.of("Nguyenson"), "Nguyenson");
  SpokenText german("de-DE", {{"Nguyen", "Nujen"}});
  EXPECT_EQ(german.of("Frau Nguyen"), "Frau Nujen");
}

TEST(SpokenForms, NumbersInWords) {
  EXPECT_EQ(numbers::cardinal(0), "zero");
  EXPECT_EQ(numbers::cardinal(1'000'001), "one million one");
  EXPECT_EQ(numbers::cardinal(999'999'999'999'999),
            "nine hundred ninety-nine trillion nine hundred ninety-nine billion nine hundred "
            "ninety-nine million nine hundred ninety-nine thousand nine hundred ninety-nine");
  EXPECT_EQ(numbers::ordinal(20), "twentieth");
  EXPECT_EQ(numbers::ordinal(112), "one hundred twelfth");
  EXPECT_EQ(numbers::year(1904), "nineteen oh four");
  EXPECT_EQ(numbers::year(1900), "nineteen hundred");
}

TEST(Markup, WhatIsForTheEyeGoes) {
  constexpr Said cases[]{
      {"**Bold** and *soft* and `code`", "Bold and soft and code"},
      {"## Prices", "Prices"},
      {"- Cleaning", "Cleaning"},
      {"1. Cleaning first", "Cleaning first"},
      {"See [our prices](https://x.example/p?a=1).", "See our prices."},
      {"Visit https://www.bright.example/prices.", "Visit bright.example."},
      {"www.bright.example is it", "bright.example is it"},
      {"Great! \U0001F600 See you \u2764\uFE0F soon", "Great! See you soon"},
      {"| Cleaning | $120 |", "Cleaning, $120"},
      {"snake_case and _soft_", "snake_case and soft"},
      {"2 * 3", "2 * 3"},
      {"\U0001F600", ""},
  };
  for (const auto& one : cases)
    EXPECT_EQ(without_markup(one.written), one.spoken) << "written: " << one.written;
}

/// Every way of cutting the same text into tokens gives the same pieces but for the first ones.
std::vector<std::string> pieces_of(std::string_view text, std::size_t token = 3) {
  PieceCutter cutter;
  cutter.not_first();
  std::vector<std::string> all;
  for (std::size_t at = 0; at < text.size(); at += token)
    for (auto& piece : cutter.add(text.substr(at, token))) all.push_back(std::move(piece));
  for (auto& piece : cutter.finish()) all.push_back(std::move(piece));
  return all;
}
using Pieces = std::vector<std::string>;

TEST(PieceCutter, CutsAtSentencesAndNowhereElse) {
  struct Case {
    std::string_view text;
    Pieces pieces;
  };
  const Case cases[]{
      {"Hello. How are you? Fine!", {"Hello.", "How are you?", "Fine!"}},
      {"Dr. Smith is in. Ask Mrs. Lee.", {"Dr. Smith is in.", "Ask Mrs. Lee."}},
      {"It is 3.5 miles. Or 4.", {"It is 3.5 miles.", "Or 4."}},
      {"We open at 9 a.m. on Monday.", {"We open at 9 a.m. on Monday."}},
      {"We open at 9 a.m. Then we close.", {"We open at 9 a.m.", "Then we close."}},
      {"See www.x.com for more. Bye.", {"See www.x.com for more.", "Bye."}},
      {"Mail a.b@x.com. Bye.", {"Mail a.b@x.com.", "Bye."}},
      {"J. R. Smith called. Yes.", {"J. R. Smith called.", "Yes."}},
      {"No. We are closed.", {"No.", "We are closed."}},
      {"No. 5 is free.", {"No. 5 is free."}},
      {"Well... maybe. \"Yes.\" Good.", {"Well...", "maybe.", "\"Yes.\"", "Good."}},
      {"We have:\n- Cleaning\n- Filling\n", {"We have:", "- Cleaning", "- Filling"}},
      {"1. First this. 2. Then that.", {"1. First this.", "2. Then that."}},
      {"Look: ```cpp\nint x = 1;\n``` Done.", {"Look:", "Done."}},
      {"<think>They want a price.</think>It is free.", {"It is free."}},
      {"It is 5 < 6 today. <b>Yes</b>.", {"It is 5 < 6 today.", "Yes."}},
      {"今日は休みです。明日来てください。", {"今日は休みです。", "明日来てください。"}},
      {"no stop at all", {"no stop at all"}},
      {"   \n\n ", {}},
  };
  for (const auto& one : cases)
    for (std::size_t token : {1u, 2u, 5u, 200u})
      EXPECT_EQ(pieces_of(one.text, token), one.pieces) << one.text << " by " << token;
}

TEST(PieceCutter, TheFirstPieceLeavesAtAClause) {
  PieceCutter cutter;
  EXPECT_EQ(cutter.add("I can certainly help you with that"), Pieces{});
  EXPECT_EQ(cutter.add(", let me look"), Pieces{"I can certainly help you with that,"});
  EXPECT_EQ(cutter.add(" at the calendar, and then at the prices"), Pieces{});
  EXPECT_EQ(cutter.finish(), Pieces{"let me look at the calendar, and then at the prices"});
}

TEST(PieceCutter, TheFirstSentenceLeavesWithTheBlankAfterIt) {
  PieceCutter cutter;
  EXPECT_EQ(cutter.add("Sure."), Pieces{});
  EXPECT_EQ(cutter.add(" I"), Pieces{"Sure."});
}

TEST(PieceCutter, AClauseIsNotCutInsideADateANumberOrAPlace) {
  PieceCutter cutter;
  EXPECT_EQ(cutter.add("That would be on Thursday the, "), Pieces{});
  PieceCutter date;
  EXPECT_EQ(date.add("The appointment is on March 5, 2026 in Springfield, IL with 1,200 others "),
            Pieces{});
}

TEST(PieceCutter, WhatNeverEndsIsCutAnyway) {
  std::string endless;
  for (int i = 0; i < 400; ++i) endless += "word ";
  auto pieces = pieces_of(endless);
  EXPECT_GT(pieces.size(), 5u);
  for (const auto& piece : pieces) EXPECT_LE(piece.size(), 330u);
  std::string wide;
  for (int i = 0; i < 400; ++i) wide += "\u00E9";
  for (const auto& piece : pieces_of(wide)) EXPECT_EQ(piece.size() % 2, 0u);
}

}  // namespace
}  // namespace parley::dialog
