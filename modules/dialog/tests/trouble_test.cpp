#include "script.hpp"

namespace parley::dialog::testing {
namespace {

UserTurn speech(std::string text) {
  return {.text = std::move(text), .confidence = 0.9, .alternatives = {}};
}

TEST(Trouble, TwoMisunderstandingsOfferKeysAndAMessage) {
  Call call;
  call.play(R"(
> blah blorp
< How can I help you
@ open
> mumble
< Press 1 to book an appointment, 2 for our hours, or 3 to leave a message
k 2
< Monday to Friday
)");
}

TEST(Trouble, MisunderstandingsInsideABookingOfferThatStatesKeys) {
  Call call;
  call.play(R"(
> i'd like an appointment
> gargle
> gargle
< Press 1 for teeth cleaning, 2 for filling
k 2
< Press 1 for
@ choice
k 2
@ name
< press pound
k #
< for Caller 0142. Shall I book it?
> hrmpf
> hrmpf
< press 1 for yes and 2 for no
k 1
! book_appointment {"service": "svc_filling", "name": "Caller 0142"}
= booked
)");
}

TEST(Trouble, SixMisunderstandingsEndTheCall) {
  Call call;
  call.play(R"(
> gargle
> gargle
> gargle
> gargle
> gargle
@ open
> gargle
< Goodbye
x
)");
}

TEST(Trouble, KeysAlone) {
  Call call;
  call.caller_phone = "";
  call.play(R"(
k 1
@ service
k 1
@ when
k 1
@ choice
k 1
@ name
k #
@ phone
k 2125550199#
@ confirm
k 1
! book_appointment {"service": "svc_cleaning", "phone": "+12125550199"}
= booked
k 9
)");
}

TEST(Trouble, SilenceIsAskedThreeTimesThenTheCallEnds) {
  Call call;
  call.play(R"(
> i'd like a cleaning
s 1
< Are you still there? What day and time
s 2
< I can't hear you. What day and time
s 3
< Goodbye
x
)");
  Call other;
  other.play(R"(
s 1
s 2
< Press 1
)");
}

TEST(Trouble, NoiseAndProfanityAreHarmless) {
  Call call;
  call.play(R"(
? book a cleaning tomorrow at two my name is anna
< didn't
@ open
!-
> fuck off you stupid thing
!-
@ open
> uh
> what are your hours
< Monday
)");
}

TEST(Trouble, TheCalendarIsAway) {
  Call call;
  call.practice.failing = {"find_slots"};
  call.play(R"(
> book a cleaning tomorrow at two my name is anna
< can't reach the calendar
< leave a message
@ offer
> yes please
@ message
> please book me for tomorrow
> yes
! take_message {"text": "please book me for tomorrow", "name": "Anna"}
= message
)");
  EXPECT_EQ(call.traces.front().error.substr(0, 11), "unavailable");
}

TEST(Trouble, TheMessageBoxIsAwayToo) {
  Call call;
  call.practice.failing = {"take_message"};
  call.play(R"(
> leave a message
> hello there
> yes
< can't take the message
= none
)");
}

TEST(Trouble, DocumentsAreAway) {
  Call call;
  call.practice.failing = {"search_knowledge"};
  call.play(R"(
> do you take insurance
< can't look that up
@ offer
)");
}

TEST(Trouble, ABookingThatHangsIsRetriedWithTheSameKeyThenSaidPlainly) {
  Call call;
  call.practice.hanging = {"book_appointment"};
  call.play(R"(
> book a cleaning tomorrow at two my name is anna
> yes
< couldn't make sure
<! You're booked
@ offer
)");
  ASSERT_GE(call.practice.calls.size(), 2u);
  auto last = call.practice.calls.rbegin();
  EXPECT_EQ(last->idempotency_key, std::next(last)->idempotency_key);
  EXPECT_EQ(call.dialogue->outcome().kind, "none");
}

TEST(Trouble, ABookingThatHappenedButHungIsFoundByItsKey) {
  Call call;
  call.practice.hangs_after = {"book_appointment"};
  call.play(R"(
> book a cleaning tomorrow at two my name is anna
> yes
< You're booked
= booked
)");
  EXPECT_EQ(call.practice.appointments.size(), 1u);
}

TEST(Trouble, AnInterruptedBookingIsSettledInTheNextTurn) {
  Call call;
  call.play("> book a cleaning tomorrow at two my name is anna");
  call.cancelled_turn(speech("yes"), std::chrono::milliseconds(20));
  ASSERT_EQ(call.practice.appointments.size(), 1u) << "the tool had done its work";
  EXPECT_EQ(call.dialogue->outcome().details.at("unfinished"), "book_appointment");
  EXPECT_EQ(call.traces.back().error, "cancelled");
  call.play(R"(
> hello
< You're booked
= booked
)");
  EXPECT_EQ(call.practice.appointments.size(), 1u);
  EXPECT_FALSE(call.dialogue->outcome().details.contains("unfinished"));
}

TEST(Trouble, AnInterruptedBookingAndANewWish) {
  Call call;
  call.play("> book a cleaning tomorrow at two my name is anna");
  call.cancelled_turn(speech("yes"), std::chrono::milliseconds(20));
  call.play(R"(
> wait make it three
< You're booked
< from Tuesday, March 3rd at 2 PM to Tuesday, March 3rd at 3 PM
@ confirm
)");
}

TEST(Trouble, AHangUpInMidToolLeavesTheRecord) {
  Call call;
  call.practice.hanging = {"book_appointment"};
  call.play("> book a cleaning tomorrow at two my name is anna");
  call.cancelled_turn(speech("yes"), std::chrono::milliseconds(20));
  auto outcome = call.dialogue->outcome();
  EXPECT_EQ(outcome.kind, "none");
  EXPECT_EQ(outcome.details.at("unfinished"), "book_appointment");
  call.dialogue.reset();
}

TEST(Trouble, SomebodyIsFasterAfterTheCheck) {
  Call call;
  call.practice.steal = "2026-03-03T14:00";
  call.play(R"(
> book a cleaning tomorrow at two my name is anna
> yes
< is taken
@ choice
> the first one
@ confirm
> yes
! book_appointment {"start": "2026-03-03T15:00"}
= booked
)");
}

TEST(Trouble, AYesToWhatWasNotHeardDoesNotCount) {
  Call call;
  call.play("> book a cleaning tomorrow at two my name is anna");
  call.dialogue->interrupted("A teeth");
  call.play(R"(
> yes
< A teeth cleaning on Tuesday, March 3rd at 2 PM for Anna. Shall I book it?
!-
)");
  call.dialogue->interrupted("A teeth cleaning on Tuesday, March 3rd at 2 PM for Anna. Shall");
  call.play(R"(
> yes
! book_appointment
)");
}

TEST(Trouble, WithheldNumberIsAsked) {
  Call call;
  call.caller_phone = "";
  call.play(R"(
> book a cleaning tomorrow at two my name is anna
@ phone
> two one two five five five
< Go on
> oh one double zero
@ confirm
> yes
! book_appointment {"phone": "+12125550100"}
)");
}

TEST(Trouble, NobodyHasToGiveANumber) {
  Call call;
  call.caller_phone = "";
  call.play(R"(
> book a cleaning tomorrow at two my name is anna
@ phone
> no i'd rather not
@ confirm
> yes that's all
! book_appointment {"name": "Anna"}
> leave a message
> please call me
@ confirm
> never mind
< left everything
> never mind
@ open
)");
}

TEST(Trouble, ABusinessWithoutServicesTakesMessages) {
  Call call;
  call.practice.profile.services.clear();
  call.play(R"(
> i'd like an appointment
< can't book
@ offer
)");
}

TEST(Trouble, WithheldNumberNeedsNameAndNumberForAnAppointment) {
  Call call;
  call.caller_phone = "";
  call.practice.appointments["appt_1"] = {"appt_1",     "svc_cleaning", "2026-03-05T14:00",
                                          "John Brown", "+12125550177", 45};
  call.play(R"(
> cancel my appointment
@ name
> john brown
@ phone
> 212 555 0178
! find_appointments {"phone": "+12125550178", "name": "John Brown"}
< no upcoming appointment under that name and number
@ offer
)");
}

TEST(Trouble, SeveralAppointmentsAreChosenFrom) {
  Call call;
  call.practice.appointments["appt_1"] = {"appt_1", "svc_cleaning", "2026-03-05T14:00",
                                          "Anna",   "+12125550142", 45};
  call.practice.appointments["appt_2"] = {"appt_2", "svc_filling",  "2026-03-09T09:00",
                                          "Anna",   "+12125550142", 60};
  call.play(R"(
> i need to cancel my appointment
< a teeth cleaning on Thursday, March 5th at 2 PM and a filling on Monday, March 9th at 9 AM
@ appointment
> the filling
< Your filling on Monday
> yes
! cancel_appointment {"appointment": "appt_2"}
)");
}

TEST(Trouble, ServiceThatIsNotClearIsAsked) {
  Call call;
  call.practice.profile.services[0].aliases = {"consultation"};
  call.practice.profile.services[1].aliases = {"consultation"};
  call.play(R"(
> i'd like a consultation
< Do you mean a teeth cleaning or a filling?
@ service
> the filling
@ when
)");
}

TEST(Trouble, ATimeSkippedByDaylightSaving) {
  Call call;
  call.practice.profile.hours[0] = {{std::chrono::minutes(0), std::chrono::minutes(24 * 60)}};
  call.play(R"(
> book a cleaning on sunday at two thirty am
< There is no 2:30 AM on Sunday, March 8th, because the clocks go forward
@ choice
)");
}

}  // namespace
}  // namespace parley::dialog::testing
