#include "script.hpp"

namespace parley::dialog::testing {
namespace {

struct Scene {
  const char* name;
  const char* script;
};

class Conversations : public ::testing::TestWithParam<Scene> {};

TEST_P(Conversations, GoAsWritten) {
  Call call;
  call.practice.appointments["appt_own"] = {"appt_own",   "svc_filling",  "2026-03-04T10:00",
                                            "Anna Smith", "+12125550142", 60};
  call.practice.appointments["appt_john"] = {"appt_john",  "svc_cleaning", "2026-03-05T14:00",
                                             "John Brown", "+12125550177", 45};
  call.practice.passages = {{{"text",
                              "Payment\nWe accept most dental insurance plans, including Delta "
                              "Dental and Aetna. We do not accept "
                              "Medicaid. You can pay by card or cash."},
                             {"score", 0.9},
                             {"document", "payment-policy.pdf"},
                             {"page", 1},
                             {"heading", "Payment"}},
                            {{"text",
                              "Parking is free behind the building. Appointments cancelled less "
                              "than 24 hours ahead cost 50 dollars."},
                             {"score", 0.5},
                             {"document", "scan_0001.pdf"},
                             {"page", 2},
                             {"heading", ""}}};
  call.play(GetParam().script);
  if (HasFailure()) std::printf("%s", call.log.c_str());
}

const Scene scenes[] = {
    {"Greeting", R"(
< Bright Smile Dental
< automated assistant
<! recorded
@ open
)"},
    {"BookStepByStep", R"(
> i'd like to make an appointment
< teeth cleaning
@ service
> a cleaning please
@ when
> tomorrow
< What time
@ when
> two o'clock
! find_slots {"service": "svc_cleaning"}
@ name
> anna smith
< A teeth cleaning on Tuesday, March 3rd at 2 PM for Anna Smith. Shall I book it?
@ confirm
!-
> yes please
! book_appointment {"service": "svc_cleaning", "start": "2026-03-03T14:00", "name": "Anna Smith", "phone": "+12125550142"}
< You're booked
= booked
> no thank you
< Goodbye
x
)"},
    {"BookInOneSentence", R"(
> i'd like to book a cleaning tomorrow at two, my name is anna smith
< A teeth cleaning on Tuesday, March 3rd at 2 PM for Anna Smith. Shall I book it?
> yes
! book_appointment {"start": "2026-03-03T14:00"}
= booked
)"},
    {"DayInTheOpenIsABooking", R"(
> do you have anything tomorrow at two
@ service
> a filling
@ name
)"},
    {"CorrectTheDay", R"(
> book a cleaning tomorrow at two my name is anna
< Tuesday, March 3rd
> no, make it thursday
< Thursday, March 5th
<! book_appointment
!-
> yes
)"},
    {"CorrectTheTime", R"(
> book a cleaning tomorrow at two my name is anna
> actually three o'clock
< Tuesday, March 3rd at 3 PM for Anna
> yes
! book_appointment {"start": "2026-03-03T15:00"}
)"},
    {"CorrectTheService", R"(
> book a cleaning tomorrow at two my name is anna
> not the cleaning, a filling
< A filling on Tuesday, March 3rd at 2 PM
> yes
! book_appointment {"service": "svc_filling"}
)"},
    {"CorrectTheName", R"(
> book a cleaning tomorrow at two my name is anna
> no the name is mary jones
< for Mary Jones
> that's right
! book_appointment {"name": "Mary Jones"}
)"},
    {"PlainNoAsksWhatToChange", R"(
> book a cleaning tomorrow at two my name is anna
> no
@ what_else
> the time
< What time
> three thirty
< 3:30 PM
> yes
! book_appointment {"start": "2026-03-03T15:30"}
)"},
    {"TakenSlotGivesAlternatives", R"(
> book a cleaning on wednesday at ten, my name is anna
< taken
@ choice
> the second one
@ confirm
> yes
! book_appointment {"name": "Anna"}
= booked
)"},
    {"AlternativeByKey", R"(
> book a cleaning on wednesday at ten, my name is anna
@ choice
k 1
@ confirm
k 1
! book_appointment
= booked
)"},
    {"AfternoonOffersTimes", R"(
> i need a check up tomorrow afternoon, this is mary
@ choice
> the first one
< at noon for Mary
@ confirm
)"},
    {"NextWeekOffersTimes", R"(
> can i get a cleaning next week
@ choice
> the last one
@ name
)"},
    {"AsSoonAsPossible", R"(
> i need a filling as soon as possible
@ choice
> number one
@ name
> it's mary
< for Mary
)"},
    {"NoneOfTheOffers", R"(
> i need a filling as soon as possible
@ choice
> no
@ when
> thursday at nine
@ name
)"},
    {"February30th", R"(
> book a cleaning on february 30th
< isn't a day in the calendar
@ when
> march third at two
@ name
)"},
    {"Yesterday", R"(
> book a cleaning for yesterday at two
< past
@ when
> tomorrow
@ name
)"},
    {"ClosedSunday", R"(
> book a cleaning on sunday at ten
< closed on Sundays
@ when
> monday
@ name
)"},
    {"Holiday", R"(
> book a cleaning on friday at ten
< closed on Friday, March 6th, for the team day
@ when
)"},
    {"OutsideHours", R"(
> book a cleaning tomorrow at nine pm
< not open at 9 PM
< 8 AM to 5 PM
@ choice
)"},
    {"TooLateToFinish", R"(
> book a whitening tomorrow at four
< takes 90 minutes
@ choice
)"},
    {"TooSoon", R"(
> book a cleaning today at ten thirty
< too soon
@ choice
)"},
    {"TooFarAhead", R"(
> book a cleaning on december first at ten
< 90 days
@ when
)"},
    {"SkippedByDaylightSaving", R"(
> book a cleaning on sunday march 8th at 2:30 am
< no 2:30 AM
)"},
    {"EarlyGuessBecomesOtherHalf", R"(
> book a cleaning tomorrow at four, it's anna
< 4 PM
)"},
    {"MoveToThursdayAtThree", R"(
> i need to move my appointment to thursday at three
! find_appointments {}
< move your filling from Wednesday, March 4th at 10 AM to Thursday, March 5th at 3 PM
@ confirm
!-
> yes
! move_appointment {"appointment": "appt_own", "start": "2026-03-05T15:00"}
= moved
)"},
    {"MoveStepByStep", R"(
> can i reschedule my appointment
< filling
@ when
> thursday
< What time
> the same time
< Thursday, March 5th at 10 AM
> yes
! move_appointment {"start": "2026-03-05T10:00"}
)"},
    {"Cancel", R"(
> i'd like to cancel my appointment
< Your filling on Wednesday, March 4th at 10 AM. Shall I cancel it?
!-
> yes
! cancel_appointment {"appointment": "appt_own"}
= cancelled
)"},
    {"CancelOrNot", R"(
> i'd like to cancel my appointment
> no
< left everything as it is
!-
= none
)"},
    {"LookUp", R"(
> when is my appointment
< a filling on Wednesday, March 4th at 10 AM
!-
)"},
    {"SomebodyElsesAppointment", R"(
> what time is john brown's appointment
<! John
<! Thursday, March 5th
<! cleaning
)"},
    {"CancelSomebodyElses", R"(
> cancel john brown's appointment his number is 212 555 0177
<! March 5th
@ confirm
< filling
> no
!-
)"},
    {"BookedThenCorrected", R"(
> book a cleaning tomorrow at two my name is anna
> yes
> actually make it three
< from Tuesday, March 3rd at 2 PM to Tuesday, March 3rd at 3 PM
> yes
! move_appointment {"start": "2026-03-03T15:00"}
)"},
    {"NeverMind", R"(
> book a cleaning tomorrow at two my name is anna
> never mind
< left everything
@ open
!-
)"},
    {"HoursInMidBooking", R"(
> i'd like to book a cleaning
@ when
> are you open on saturday
< Saturday, March 7th we're open from 9 AM to 1 PM
< What day
@ when
)"},
    {"Hours", R"(
> what are your hours
< Monday to Friday, 8 AM to 5 PM
< Saturday, 9 AM to 1 PM
= answered
> when do you close today
< today we're open from 8 AM to 5 PM
> are you open on sunday
< closed on Sunday
> are you open now
< Yes
)"},
    {"Prices", R"(
> how much is a cleaning
< A teeth cleaning is 120 dollars
> how much does a filling cost
< 180 dollars and 50 cents
> what are your prices
< A root canal is 900 dollars
)"},
    {"AddressServicesDuration", R"(
> where are you located
< 12 Main Street
> what services do you offer
< root canal
> how long does a whitening take
< 90 minutes
> do you do fillings
< Yes, we offer filling
)"},
    {"DocumentAnswers", R"(
> do you take dental insurance
! search_knowledge
< From our payment policy: We accept most dental insurance plans
<! Parking
= answered
> is there parking
< Parking is free
<! From our
)"},
    {"DocumentDoesNotKnow", R"(
> do you sell electric guitars
< I don't know that
< leave a message
@ offer
> no thanks
@ open
)"},
    {"Robot", R"(
> are you a robot
< Yes, I'm an automated assistant
> am i talking to a real person
< automated assistant
)"},
    {"HumanBecomesMessage", R"(
> can i talk to a person
< take a message
@ offer
> yes
@ message
> please call me back about my bill
< please call me back about my bill. Shall I pass it on?
!-
> yes
! take_message {"text": "please call me back about my bill", "phone": "+12125550142"}
= message
)"},
    {"MessageByKeyAnywhere", R"(
> book a cleaning
k 0
@ message
)"},
    {"Repeat", R"(
> book a cleaning tomorrow
< What time would you like on Tuesday, March 3rd?
> what was that
< What time would you like on Tuesday, March 3rd?
k *
< What time would you like on Tuesday, March 3rd?
)"},
    {"Help", R"(
> help
< book, move or cancel
)"},
    {"ThanksAndGoodbye", R"(
> thank you
< welcome
> goodbye
< Goodbye
x
)"},
};

INSTANTIATE_TEST_SUITE_P(Scenes, Conversations, ::testing::ValuesIn(scenes),
                         [](const auto& scene) { return scene.param.name; });

}  // namespace
}  // namespace parley::dialog::testing
