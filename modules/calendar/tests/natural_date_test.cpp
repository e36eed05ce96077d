#include "date_cases.hpp"

namespace parley::calendar {
namespace {

using testing::Case;
using testing::check;
using testing::summary;

TEST(NaturalDate, RelativeDays) {
  static constexpr Case cases[] = {
      {"today", "2026-03-02"},
      {"tomorrow", "2026-03-03"},
      {"Tomorrow, please.", "2026-03-03"},
      {"day after tomorrow", "2026-03-04"},
      {"the day after tomorrow would be great", "2026-03-04"},
      {"in three days", "2026-03-05"},
      {"in two weeks", "2026-03-16"},
      {"in a week", "2026-03-09"},
      {"in a couple of weeks", "2026-03-16"},
      {"in a month", "2026-04-02"},
      {"two weeks from now", "2026-03-16"},
      {"a week from friday", "2026-03-13"},
      {"a week from today", "2026-03-09"},
      {"a week from tomorrow", "2026-03-10"},
      {"a week tuesday", "2026-03-10"},
      {"two weeks from tuesday", "2026-03-17"},
      {"three days from now", "2026-03-05"},
      {"the day after friday", "2026-03-07"},
      {"tommorow", "2026-03-03"},
      {"tomorrow's fine", "2026-03-03"},
  };
  check(cases);
}

TEST(NaturalDate, Weekdays) {
  static constexpr Case cases[] = {
      {"friday", "2026-03-06"},
      {"on Friday", "2026-03-06"},
      {"this friday", "2026-03-06"},
      {"this coming friday", "2026-03-06"},
      {"next friday", "2026-03-13"},
      {"the following friday", "2026-03-13"},
      {"friday after next", "2026-03-20"},
      {"monday", "2026-03-09"},
      {"this monday", "2026-03-02"},
      {"next monday", "2026-03-09"},
      {"next sunday", "2026-03-15"},
      {"sunday", "2026-03-08"},
      {"are you open saturdays", "2026-03-07"},
      {"Thurs", "2026-03-05"},
      {"wed please", "2026-03-04"},
      {"on sat", "2026-03-07"},
      {"he sat there", ""},
      {"in the sun", ""},
      {"friday next week", "2026-03-13"},
      {"next week friday", "2026-03-13"},
      {"next week on tuesday", "2026-03-10"},
      {"tuesday of next week", "2026-03-10"},
      {"wensday", "2026-03-04"},
  };
  check(cases);
}

TEST(NaturalDate, NextWeekdayIsTheOneOfTheNextCalendarWeek) {
  static constexpr Case thursday[] = {{"next friday", "2026-03-13"}, {"friday", "2026-03-06"}};
  check(thursday, "2026-03-05T10:00");
  static constexpr Case friday[] = {
      {"next friday", "2026-03-13"}, {"friday", "2026-03-13"}, {"this friday", "2026-03-06"}};
  check(friday, "2026-03-06T10:00");
  static constexpr Case saturday[] = {{"next friday", "2026-03-13"}, {"next monday", "2026-03-09"}};
  check(saturday, "2026-03-07T10:00");
  static constexpr Case sunday[] = {{"next friday", "2026-03-13"},
                                    {"next week", "2026-03-09..2026-03-15"},
                                    {"this weekend", "2026-03-08"},
                                    {"tomorrow", "2026-03-09"}};
  check(sunday, "2026-03-08T10:00");
}

TEST(NaturalDate, Dates) {
  static constexpr Case cases[] = {
      {"march third", "2026-03-03"},
      {"the third of march", "2026-03-03"},
      {"the 3rd of March", "2026-03-03"},
      {"March 3rd", "2026-03-03"},
      {"march 3", "2026-03-03"},
      {"3 march", "2026-03-03"},
      {"march the fifth", "2026-03-05"},
      {"march twenty first", "2026-03-21"},
      {"march twenty-first", "2026-03-21"},
      {"the twenty first of march", "2026-03-21"},
      {"april thirtieth", "2026-04-30"},
      {"may fifth", "2026-05-05"},
      {"the fifth of may", "2026-05-05"},
      {"March 3rd, 2027", "2027-03-03"},
      {"march third twenty twenty seven", "2027-03-03"},
      {"march third two thousand twenty seven", "2027-03-03"},
      {"2026-03-14", "2026-03-14"},
      {"3/14", "2026-03-14"},
      {"3/14/2026", "2026-03-14"},
      {"3/14/26", "2026-03-14"},
      {"14/3", "2026-03-14"},
      {"monday the ninth", "2026-03-09"},
      {"Monday, March 9th", "2026-03-09"},
      {"monday march ninth", "2026-03-09"},
      {"thursday the ninth", "2026-04-09"},
      {"friday the thirteenth", "2026-03-13"},
      {"tuesday the tenth of march", "2026-03-10"},
      {"on the fifth", "2026-03-05"},
      {"the fifteenth works", "2026-03-15"},
      {"on the first", "2026-04-01"},
      {"the first of the month", "past:the first of the month 2026-03-01"},
      {"the fifth of next month", "2026-04-05"},
      {"next month on the fifth", "2026-04-05"},
      {"the first monday in april", "2026-04-06"},
      {"the last friday of march", "2026-03-27"},
      {"Dec 24", "2026-12-24"},
      {"febuary twenty eighth next", "past:february twenty eighth 2026-02-28"},
  };
  check(cases);
}

TEST(NaturalDate, Spans) {
  static constexpr Case cases[] = {
      {"next week", "2026-03-09..2026-03-15"},
      {"this week", "2026-03-02..2026-03-08"},
      {"sometime next week", "2026-03-09..2026-03-15"},
      {"the week after next", "2026-03-16..2026-03-22"},
      {"early next week", "2026-03-09..2026-03-10"},
      {"the beginning of next week", "2026-03-09..2026-03-10"},
      {"the end of next week", "2026-03-12..2026-03-13"},
      {"later this week", "2026-03-05..2026-03-06"},
      {"the week of march sixteenth", "2026-03-16..2026-03-22"},
      {"this weekend", "2026-03-07..2026-03-08"},
      {"next weekend", "2026-03-14..2026-03-15"},
      {"on the weekend", "2026-03-07..2026-03-08"},
      {"this month", "2026-03-02..2026-03-31"},
      {"next month", "2026-04-01..2026-04-30"},
      {"in april", "2026-04-01..2026-04-30"},
      {"in may", "2026-05-01..2026-05-31"},
      {"in january", "2027-01-01..2027-01-31"},
      {"end of the month", "2026-03-22..2026-03-31"},
      {"the next few days", "2026-03-02..2026-03-05"},
      {"in the next two weeks", "2026-03-02..2026-03-16"},
      {"within a week", "2026-03-02..2026-03-09"},
      {"monday to wednesday", "2026-03-09..2026-03-11"},
      {"tuesday through thursday", "2026-03-03..2026-03-05"},
      {"between the fifth and the ninth", "2026-03-05..2026-03-09"},
      {"before friday", "2026-03-02..2026-03-05"},
      {"by friday", "2026-03-02..2026-03-06"},
      {"after the fifth", "2026-03-06..2026-03-12"},
      {"before the weekend", "2026-03-02..2026-03-06"},
      {"after next week", "2026-03-16..2026-03-22"},
      {"by the end of the week", "2026-03-02..2026-03-06"},
      {"in a fortnight", "2026-03-16"},
  };
  check(cases);
}

TEST(NaturalDate, ClockTimes) {
  static constexpr Case cases[] = {
      {"two", "14:00?"},
      {"two please", "14:00?"},
      {"um two", "14:00?"},
      {"i said two", "14:00?"},
      {"ten", "10:00?"},
      {"seven", "07:00?"},
      {"six", "18:00?"},
      {"one", "13:00?"},
      {"twelve", "12:00?"},
      {"at two", "14:00?"},
      {"two thirty", "14:30?"},
      {"at two thirty", "14:30?"},
      {"ten fifteen", "10:15?"},
      {"ten forty five", "10:45?"},
      {"two oh five", "14:05?"},
      {"two o five", "14:05?"},
      {"nine oh five a m", "09:05"},
      {"half past ten", "10:30?"},
      {"half past two", "14:30?"},
      {"quarter to four", "15:45?"},
      {"a quarter to four", "15:45?"},
      {"quarter past nine", "09:15?"},
      {"quarter of five", "16:45?"},
      {"quarter till three", "14:45?"},
      {"ten past two", "14:10?"},
      {"ten to two", "13:50?"},
      {"twenty to three p m", "14:40"},
      {"five minutes to eleven", "10:55?"},
      {"quarter to one", "12:45?"},
      {"quarter to seven", "18:45?"},
      {"half past noon", "12:30"},
      {"ten a m", "10:00"},
      {"ten am", "10:00"},
      {"2pm", "14:00"},
      {"2 p.m.", "14:00"},
      {"2 P.M. please", "14:00"},
      {"two p m", "14:00"},
      {"two thirty pm", "14:30"},
      {"2:30", "14:30?"},
      {"2:30pm", "14:30"},
      {"14:30", "14:30"},
      {"08:30", "08:30"},
      {"at 230", "14:30?"},
      {"230 pm", "14:30"},
      {"at 1430", "14:30"},
      {"2.30 pm", "14:30"},
      {"fourteen hundred hours", "14:00"},
      {"two o'clock", "14:00?"},
      {"two oclock", "14:00?"},
      {"two o clock", "14:00?"},
      {"two o’clock in the afternoon", "14:00"},
      {"noon", "12:00"},
      {"at noon", "12:00"},
      {"twelve noon", "12:00"},
      {"midnight", "00:00"},
      {"12 am", "00:00"},
      {"12 pm", "12:00"},
      {"12:30 am", "00:30"},
      {"around three", "15:00?"},
      {"about three thirty", "15:30?"},
      {"how about two", "14:00?"},
      {"make it three", "15:00?"},
      {"threeish", "15:00?"},
      {"three works for me", "15:00?"},
      {"at half two", "14:30?"},
      {"eight in the morning", "08:00"},
      {"five in the morning", "05:00"},
      {"seven in the evening", "19:00"},
      {"ten at night", "22:00"},
  };
  check(cases);
}

TEST(NaturalDate, PartsOfTheDayAndBounds) {
  static constexpr Case cases[] = {
      {"morning", "06:00-12:00"},
      {"in the afternoon", "12:00-17:00"},
      {"the evening", "17:00-21:00"},
      {"late afternoon", "15:00-17:00"},
      {"early in the morning", "06:00-09:00"},
      {"late morning", "10:00-12:00"},
      {"mid afternoon", "14:00-16:00"},
      {"lunchtime", "12:00-14:00"},
      {"after lunch", "13:00-17:00"},
      {"after work", "17:00-21:00"},
      {"first thing in the morning", "06:00-10:00"},
      {"first thing", "06:00-10:00"},
      {"end of the day", "16:00-18:00"},
      {"last thing on friday", "2026-03-06 16:00-18:00"},
      {"after three", "15:00-24:00?"},
      {"after 3 pm", "15:00-24:00"},
      {"any time after ten thirty", "10:30-24:00?"},
      {"three or later", "15:00-24:00?"},
      {"from ten on", "10:00-24:00?"},
      {"no earlier than nine", "09:00-24:00?"},
      {"not before nine", "09:00-24:00?"},
      {"before noon", "00:00-12:00"},
      {"before eleven", "00:00-11:00?"},
      {"by four", "00:00-16:00?"},
      {"no later than five", "00:00-17:00?"},
      {"five at the latest", "00:00-17:00?"},
      {"between two and four", "14:00-16:00?"},
      {"between ten and two", "10:00-14:00?"},
      {"from nine to five", "09:00-17:00?"},
      {"from ten to two", "10:00-14:00?"},
      {"two to four pm", "14:00-16:00"},
      {"ten to noon", "11:50"},
      {"from ten to noon", "10:00-12:00"},
      {"2-4pm", "14:00-16:00"},
      {"2pm - 4pm", "14:00-16:00"},
      {"between 2:30 and 3:30 pm", "14:30-15:30"},
      {"between two and four in the morning", "02:00-04:00"},
      {"in the morning after ten", "10:00-12:00"},
      {"in the afternoon before three", "12:00-15:00"},
      {"in the morning or the afternoon", "06:00-12:00"},
      {"good morning", ""},
      {"good afternoon i have a question", ""},
  };
  check(cases);
}

TEST(NaturalDate, DayAndTimeTogether) {
  static constexpr Case cases[] = {
      {"tomorrow at two", "2026-03-03 14:00?"},
      {"tomorrow two", "2026-03-03 14:00?"},
      {"two tomorrow", "2026-03-03 14:00?"},
      {"at two tomorrow", "2026-03-03 14:00?"},
      {"i'd like to come in tomorrow at two for a cleaning", "2026-03-03 14:00?"},
      {"next friday afternoon", "2026-03-13 12:00-17:00"},
      {"friday afternoon at three", "2026-03-06 15:00"},
      {"march third at half past ten", "2026-03-03 10:30?"},
      {"at half past ten on march third", "2026-03-03 10:30?"},
      {"this afternoon", "2026-03-02 12:00-17:00"},
      {"this evening", "2026-03-02 17:00-21:00"},
      {"tonight", "2026-03-02 17:00-24:00"},
      {"tonight at eight", "2026-03-02 20:00"},
      {"tomorrow morning", "2026-03-03 06:00-12:00"},
      {"tomorrow first thing in the morning", "2026-03-03 06:00-10:00"},
      {"tomorrow night", "2026-03-03 18:00-24:00"},
      {"monday the ninth at two thirty p m", "2026-03-09 14:30"},
      {"thursday at 14:30", "2026-03-05 14:30"},
      {"2026-03-14 at 14:30", "2026-03-14 14:30"},
      {"2026-03-14T14:30", "2026-03-14 14:30"},
      {"on the fifth at nine", "2026-03-05 09:00?"},
      {"friday between two and four", "2026-03-06 14:00-16:00?"},
      {"next week in the morning", "2026-03-09..2026-03-15 06:00-12:00"},
      {"wednesday after three", "2026-03-04 15:00-24:00?"},
      {"march fifth two thirty", "2026-03-05 14:30?"},
      {"march third twenty twenty seven at two thirty", "2027-03-03 14:30?"},
      {"friday ten", "2026-03-06 10:00?"},
      {"in two hours", "2026-03-02 12:00"},
      {"in half an hour", "2026-03-02 10:30"},
      {"ten in the morning on tuesday", "2026-03-03 10:00"},
      {"can you do tuesday at ten or wednesday at eleven", "2026-03-03 10:00?"},
      {"book me for two tomorrow", "2026-03-03 14:00?"},
      {"the two thirty on thursday", "2026-03-05 14:30?"},
  };
  check(cases);
}

TEST(NaturalDate, Corrections) {
  static constexpr Case cases[] = {
      {"no, make it thursday", "2026-03-05"},
      {"no make it thursday", "2026-03-05"},
      {"tuesday no thursday", "2026-03-05"},
      {"tuesday, I mean wednesday", "2026-03-04"},
      {"not tuesday, thursday", "2026-03-05"},
      {"i can't do tuesday how about wednesday", "2026-03-04"},
      {"tuesday doesn't work", ""},
      {"at two no at three", "15:00?"},
      {"tomorrow afternoon, no, at ten", "2026-03-03 10:00?"},
      {"move my appointment from tuesday to thursday", "2026-03-05"},
      {"move my tuesday appointment to thursday at ten", "2026-03-05 10:00?"},
      {"i was there yesterday and want to come tomorrow", "2026-03-03"},
      {"thursday instead", "2026-03-05"},
      {"tuesday or thursday", "2026-03-03"},
      {"why not tuesday", "2026-03-03"},
      {"i can do any day but friday", ""},
      {"any day except monday", ""},
  };
  check(cases);
}

TEST(NaturalDate, Soonest) {
  static constexpr Case cases[] = {
      {"as soon as possible", "soonest"},
      {"asap please", "soonest"},
      {"the next one you have", "soonest"},
      {"what's your next available appointment", "soonest"},
      {"the first available", "soonest"},
      {"the earliest you've got on friday", "2026-03-06 soonest"},
      {"when is my next appointment", ""},
  };
  check(cases);
}

}  // namespace
}  // namespace parley::calendar
