// Days that do not exist, are gone by, or were not meant at all.
#include "date_cases.hpp"

namespace parley::calendar {
namespace {

using testing::Case;
using testing::check;
using testing::summary;

TEST(NaturalDate, NoSuchDay) {
  static constexpr Case cases[] = {
      {"february thirtieth", "no such day:february thirtieth"},
      {"February 30th at two", "no such day:february 30th 14:00?"},
      {"february thirty", "no such day:february thirty"},
      {"the 31st of april", "no such day:the 31st of april"},
      {"the thirty first of june", "no such day:the thirty first of june"},
      {"february twenty ninth", "no such day:february twenty ninth"},
      {"march thirty second", "no such day:march thirty second"},
      {"2026-02-30", "no such day:2026-02-30"},
      {"2/30", "no such day:2/30"},
      {"13/45", "no such day:13/45"},
      {"on the thirty second", "no such day:the thirty second"},
      {"the thirty first of next month", "no such day:the thirty first of next month"},
      {"february thirtieth no march first", "past:march first 2026-03-01"},
      {"february thirtieth no march fourth", "2026-03-04"},
  };
  check(cases);
  static constexpr Case leap[] = {{"february twenty ninth", "2028-02-29"}};
  check(leap, "2027-12-20T10:00");
}

TEST(NaturalDate, InThePast) {
  static constexpr Case cases[] = {
      {"yesterday", "past:yesterday 2026-03-01"},
      {"the day before yesterday", "past:the day before yesterday 2026-02-28"},
      {"yesterday at two", "past:yesterday 2026-03-01 14:00?"},
      {"last monday", "past:last monday 2026-02-23"},
      {"last friday", "past:last friday 2026-02-27"},
      {"last week", "past:last week 2026-02-23"},
      {"three days ago", "past:three days ago 2026-02-27"},
      {"february tenth", "past:february tenth 2026-02-10"},
      {"march first", "past:march first 2026-03-01"},
      {"march third 2025", "past:march third 2025 2025-03-03"},
      {"2026-03-01", "past:2026-03-01 2026-03-01"},
      {"march fifth nineteen ninety", "past:march fifth nineteen ninety 1990-03-05"},
  };
  check(cases);
  // Said in December, January 5th is the coming one.
  static constexpr Case december[] = {{"january fifth", "2027-01-05"},
                                      {"december first", "past:december first 2026-12-01"}};
  check(december, "2026-12-20T10:00");
}

TEST(NaturalDate, SeesNoTimeWhereThereIsNone) {
  for (auto* text : {"",
                     "two fillings",
                     "one of my teeth",
                     "room 12",
                     "i need two fillings and a crown",
                     "two one two five five five oh one hundred",
                     "my number is 212-555-0100",
                     "+1 212 555 0100",
                     "2125550100",
                     "five five five oh one two three",
                     "it costs two hundred dollars",
                     "$230",
                     "do you have two locations",
                     "this one",
                     "that one please",
                     "no one",
                     "the first one",
                     "the second one",
                     "option two",
                     "number three",
                     "may i ask something",
                     "you may",
                     "one second",
                     "just a second please",
                     "are you open 24/7",
                     "how much is a cleaning",
                     "the last one",
                     "at two locations",
                     "for two people",
                     "about two fillings",
                     "i have 3 kids",
                     "i am 45 years old",
                     "12 main street",
                     "at 12 main street",
                     "one or two people",
                     "fifty percent",
                     "1,000",
                     "3.14",
                     "i want one",
                     "my name is april",
                     "call me back",
                     "the fifth floor",
                     "for an hour",
                     "thirty minutes",
                     "extension two thirty",
                     "suite 230",
                     "zip code 10012",
                     "it is a good day",

                     "hello world",
                     "version 2.30",
                     "half of it",
                     "a quarter of my teeth",
                     "99 problems",
                     "two and a half",
                     "my two children",
                     "it was the best of times"}) {
    EXPECT_EQ(summary(parse_natural_date(text, parse_local("2026-03-02T10:00").value())), "")
        << text;
  }
}

TEST(NaturalDate, SaysWhichWordsItUnderstood) {
  auto now = parse_local("2026-03-02T10:00").value();
  EXPECT_EQ(parse_natural_date("could I come Friday at half past TEN?", now).words,
            "friday half past ten");
  EXPECT_EQ(parse_natural_date("hello", now).words, "");
}

TEST(NaturalDate, SurvivesAnything) {
  auto now = parse_local("2026-03-02T10:00").value();
  std::string many;
  for (int i = 0; i < 20000; ++i) many += "two or to the next ";
  EXPECT_NO_THROW(parse_natural_date(many, now));
  for (auto* text :
       {"\xff\xfe", "99999999999999999999", "in 365 months", "12:", ":30", "-", "1-", "1/", "2026-",
        "1/2/3/4/5", "twenty twenty twenty twenty", "the the the", "a m", "quarter to",
        "between and", "from", "half past", "\xE2\x80", "february 0"})
    EXPECT_NO_THROW(parse_natural_date(text, now)) << text;
}

}  // namespace
}  // namespace parley::calendar
