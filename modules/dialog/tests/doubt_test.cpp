#include <gmock/gmock.h>

#include "script.hpp"

namespace parley::dialog::testing {
namespace {

TEST(Doubt, DoubtfulFactsAreSaidBack) {
  Call call;
  call.play(R"(
~ a cleaning on thursday at two
< I heard a teeth cleaning, Thursday, March 5th and 2 PM. Is that right?
@ doubt
> no
< What should I change: the service, the day, the time or all of it?
@ what_else
> all of it
< Please say it again
@ open
~ a cleaning on tuesday at two
< I heard a teeth cleaning, Tuesday, March 3rd and 2 PM. Is that right?
> no
> everything
< What would you like to come in for
@ service
~ a filling on thursday at two
@ doubt
> yes
@ name
~ mary jones
< I heard Mary Jones
> no it's anna smith
< A filling on Thursday, March 5th at 2 PM for Anna Smith
~ yes
< was that a yes
!-
~ yes
! book_appointment
= booked
)");
}

TEST(Doubt, TheSameTwiceIsBelievedHoweverFaint) {
  Call call;
  call.play(R"(
? i'd like a cleaning on thursday at two
< didn't
@ open
? i'd like a cleaning on thursday at two
< I heard a teeth cleaning, Thursday, March 5th and 2 PM. Is that right?
@ doubt
? no
< didn't
? yes
< Please say yes or no
? yes
@ name
? anna smith
? john miller
@ name
!-
)");
}

TEST(Doubt, AfterANoTheDayIsAskedForWithoutTheTime) {
  Call call;
  call.play(R"(
> i'd like a filling
@ when
~ on thursday at three
@ doubt
> no
> all of it
< Which day would you like?
@ when
> tomorrow
< What time would you like
> two o'clock
@ name
)");
}

TEST(Doubt, OnlyThePartThatWasMisheardIsAskedForAgain) {
  Call call;
  call.play(R"(
~ i'd like a filling on thursday at four
< I heard a filling, Thursday, March 5th and 4 PM
> no
< What should I change: the service, the day, the time or all of it?
> the time
< What time would you like on Thursday, March 5th?
~ at two
< I heard 2 PM
> yes
@ name
> mary jones
< A filling on Thursday, March 5th at 2 PM for Mary Jones
> no
> the day
< Which day would you like to come at 2 PM?
~ on friday at three
< I heard Friday, March 6th and 3 PM
> no
> wednesday
< A filling on Wednesday, March 4th at 3 PM for Mary Jones
)");
}

TEST(Doubt, WhatWasMisheardCanBeSaidRightAtOnce) {
  Call call;
  call.play(R"(
~ i'd like a filling on thursday at four
> no
< What should I change
> a cleaning
@ name
> mary jones
< A teeth cleaning on Thursday, March 5th at 4 PM for Mary Jones
)");
  Call other;
  other.play(R"(
~ i'd like a filling on thursday at four
> no
< What should I change
> what are your opening hours
< We're open
)");
}

TEST(Doubt, WhatIsRightInsteadMayBeNoDay) {
  Call call;
  call.play(R"(
~ i'd like a filling on thursday at four
> no
< What should I change
> february thirtieth
< isn't a day in the calendar. Which day
@ when
> on wednesday
@ name
> mary jones
< A filling on Wednesday, March 4th at 4 PM for Mary Jones
)");
}

TEST(Doubt, AfterFourWrongNamesTheNumberWillDo) {
  Call call;
  call.play(R"(
> a filling on thursday at two
~ mary jones
> no
~ terry jones
> no
~ gary jones
> no
~ larry jones
> no
< put it down under your phone number
< for Caller 0142. Shall I book it?
)");
}

TEST(Doubt, AMisheardFirstWishMayHaveBeenAQuestion) {
  Call call;
  call.practice.passages = {
      json::object{{"text", "Parking is free behind the house."}, {"document", "visit.pdf"}}};
  call.play(R"(
~ an exam at five
< I heard a check-up and 5 PM. Is that right?
> no
< What should I change: the service, the time or all of it?
> all of it
< Please say it again
> is there parking
< Parking is free behind the house
)");
}

TEST(Doubt, ATimeThatIsNeverHeardRightCanBeKeyedIn) {
  Call call;
  call.play(R"(
> a filling on thursday
< What time would you like
~ at five
< I heard 5 PM
> no
< What time would you like
)");
  // Five it was not: it is not listened for again.
  EXPECT_THAT(call.end.expectation->grammar, ::testing::HasSubstr("<hour> = one | two | three | "
                                                                  "four | six"));
  EXPECT_EQ(call.end.keys_expected, 1);
  call.play(R"(
~ at four
< I heard 4 PM
> no
< press the hour on your keypad
@ when
)");
  EXPECT_EQ(call.end.keys_expected, 4);
  call.play(R"(
k 230
@ name
> mary jones
< A filling on Thursday, March 5th at 2:30 PM for Mary Jones
> no the time
< press the hour
k 9
< A filling on Thursday, March 5th at 9 AM for Mary Jones
> no the time
k 77
@ when
> at three
< A filling on Thursday, March 5th at 3 PM for Mary Jones
> yes
! book_appointment
)");
}

TEST(Doubt, ADayThatIsNeverHeardRightCanBeKeyedIn) {
  Call call;
  call.play(R"(
> a filling at two
< Which day would you like
~ on thursday
< I heard Thursday, March 5th
> no
< Which day would you like
~ on tuesday
< I heard Tuesday, March 3rd
> no
< Please press a key for the day: 1 for today, 2 for Tuesday, 3 for Wednesday, 4 for Thursday, 5 for Saturday
@ when
k 3
@ name
> mary jones
< A filling on Wednesday, March 4th at 2 PM for Mary Jones
> yes
! book_appointment
)");
}

TEST(Doubt, AChangeThatWasMisheardLeavesWhatStood) {
  Call call;
  call.play(R"(
> a filling on thursday at two
> mary jones
< A filling on Thursday, March 5th at 2 PM for Mary Jones
> no
< What should I change
~ on friday
< I heard Friday, March 6th
> no
< Then it is still a filling on Thursday, March 5th at 2 PM for Mary Jones. What should I change
~ on friday
> no
< Press 1 to change the service, 2 for the day, 3 for the time or 4 for the name
k 3
< What time would you like on Thursday, March 5th
> at nine
< A filling on Thursday, March 5th at 9 AM for Mary Jones
> yes
! book_appointment
)");
}

TEST(Doubt, AGoodbyeInMidBookingIsAskedBackOnce) {
  Call call;
  call.play(R"(
> a filling on thursday at two
< What name
> goodbye
< Before you go: nothing is booked yet. What name
> goodbye
< Thank you for calling
)");
}

TEST(Doubt, ATimeMisheardAmongOffersIsAskedForAnew) {
  Call call;
  call.play(R"(
> a filling on thursday at six
< Which one would you like
~ on thursday at four
< I heard Thursday, March 5th and 4 PM
> no
< What should I change: the day, the time or all of it?
> the time
< What time would you like on Thursday, March 5th?
)");
}

TEST(Doubt, ANameThatIsNeverHeardRightCanBeSkipped) {
  Call call;
  call.play(R"(
> a filling tomorrow at two
@ name
~ mary jones
> no
< What name
~ terry jones
> no
< press pound
~ go on without a name
< I heard Caller 0142
> yes
< for Caller 0142. Shall I book it?
)");
}

TEST(Doubt, WhatWasDeniedIsNotProposedAgain) {
  Call call;
  call.play(R"(
> i'd like an appointment
~ a filling
< I heard a filling
> no
@ service
)");
  call.turn({.text = "a filling", .confidence = 0.8, .alternatives = {"a cleaning"}});
  call.play(R"(
< I heard a teeth cleaning
> yes
@ when
)");
}

TEST(Doubt, AlternativesOfTheRecognizerHelp) {
  Call call;
  call.play("> i'd like a cleaning");
  call.turn(
      {.text = "two marrow", .confidence = 0.8, .alternatives = {"tumor oh", "tomorrow at two"}});
  call.play("@ name");
}

}  // namespace
}  // namespace parley::dialog::testing
