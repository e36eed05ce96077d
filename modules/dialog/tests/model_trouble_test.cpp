#include "model_call.hpp"
#include "parley/base/strings.hpp"

namespace parley::dialog::testing {
namespace {

constexpr std::string_view booking =
    R"({"service":"svc_cleaning","start":"2026-03-05T14:00","name":"Anna Brown"})";
bool has(std::string_view text, std::string_view part) {
  return to_lower(text).find(to_lower(part)) != std::string::npos;
}

TEST(ModelTrouble, AModelThatFailsIsFollowedByTheBuiltInDialogueWithTheSameWords) {
  for (auto code : {Errc::unavailable, Errc::rate_limited, Errc::forbidden, Errc::timeout}) {
    ModelCall call;
    call.model.refuses = code;
    EXPECT_TRUE(has(call.turn("what are your hours"), "8 AM")) << call.speaker.text();
    EXPECT_LT(call.took, 3s);
    EXPECT_EQ(call.end.phase, "discovery");
  }
}

TEST(ModelTrouble, AModelThatGivesNothingIsWaitedForNoLongerThanThreeSeconds) {
  ModelCall call;
  call.model.scripts = {hangs()};
  EXPECT_TRUE(has(call.turn("what are your hours"), "8 AM"));
  EXPECT_LE(call.took, 3s);
  ModelCall empty;
  empty.model.scripts = {says("")};
  EXPECT_TRUE(has(empty.turn("what are your hours"), "8 AM"));
  ModelCall blank;
  blank.model.scripts = {says("\n  \U0001F600 ```code``` ")};
  EXPECT_TRUE(has(blank.turn("what are your hours"), "8 AM"));
}

TEST(ModelTrouble, TheBuiltInDialogueEndsWhatItBeganThenTheModelGoesOn) {
  ModelCall call;
  call.model.scripts = {fails(Errc::unavailable)};
  call.turn("i want to book a cleaning tomorrow at two");
  EXPECT_TRUE(has(call.speaker.text(), "name")) << call.speaker.text();
  call.world.run_for(30s);
  call.turn("anna brown");
  EXPECT_EQ(call.model.prompts.size(), 1u);
  call.turn("yes");
  EXPECT_EQ(call.practice.appointments.size(), 1u);
  EXPECT_EQ(call.dialogue->outcome().kind, "booked");
  call.model.scripts = {says("You're booked for tomorrow at two.")};
  EXPECT_EQ(call.turn("when was that again"), "You're booked for tomorrow at two.");
  EXPECT_TRUE(has(call.last_prompt().situation, "Booked a teeth cleaning"));
}

TEST(ModelTrouble, AfterThreeFailuresTheModelIsNotAskedAgain) {
  ModelCall call;
  call.model.refuses = Errc::unavailable;
  for (int i = 0; i < 5; ++i) {
    call.turn("what are your hours");
    call.world.run_for(30s);
  }
  EXPECT_EQ(call.model.prompts.size(), 3u);
}

TEST(ModelTrouble, ABookingIsConfirmedThoughTheModelFailsAfterIt) {
  for (auto script : {fails(Errc::unavailable), hangs(), says("")}) {
    ModelCall call;
    call.model.scripts = {asks("book_appointment", booking), script};
    auto said = call.turn("yes book it");
    EXPECT_TRUE(has(said, "You're booked: a teeth cleaning on Thursday, March 5th at 2 PM."))
        << said;
    EXPECT_EQ(call.practice.appointments.size(), 1u);
    EXPECT_EQ(call.dialogue->outcome().kind, "booked");
  }
}

TEST(ModelTrouble, WordsThatWereBegunAreExcused) {
  ModelCall call;
  call.model.scripts = {fails(Errc::unavailable, "We have many services. For one th")};
  auto said = call.turn("what do you do");
  EXPECT_TRUE(said.starts_with("We have many services.")) << said;
  EXPECT_TRUE(has(said, "I lost my thread")) << said;
  EXPECT_FALSE(has(said, "For one th")) << said;
}

TEST(ModelTrouble, AModelThatLoopsOnToolsIsStopped) {
  ModelCall call;
  for (int i = 0; i < 50; ++i)
    call.model.scripts.push_back(
        asks("find_slots", R"({"service":"svc_cleaning","from":"2026-03-03T08:00",)"
                           R"("to":"2026-03-04T08:00","limit":)" +
                               std::to_string(i + 1) + "}"));
  auto said = call.turn("what are your hours");
  EXPECT_TRUE(has(said, "8 AM")) << said;
  EXPECT_EQ(call.model.prompts.size(), static_cast<std::size_t>(call.limits.rounds));
  EXPECT_LE(call.calls_of("find_slots").size(), static_cast<std::size_t>(call.limits.calls));
}

TEST(ModelTrouble, ManyCallsAtOnceAreBounded) {
  ModelCall call;
  ModelScript many;
  for (int i = 0; i < 100; ++i)
    many.emplace_back(ToolRequest{"id" + std::to_string(i),
                                  "search_knowledge",
                                  {{"query", "question " + std::to_string(i)}}});
  many.emplace_back(Completion{.reason = Completion::Reason::tools, .model = ""});
  call.model.scripts = {many, many, says("I found nothing.")};
  EXPECT_EQ(call.turn("hm"), "I found nothing.");
  EXPECT_LE(call.calls_of("search_knowledge").size(), static_cast<std::size_t>(call.limits.calls));
}

TEST(ModelTrouble, ASlowToolHasAFillerAndAFastOneHasNot) {
  ModelCall call;
  call.model.scripts = {asks("book_appointment", booking), says("You're booked.")};
  EXPECT_EQ(call.turn("book it"), "You're booked.");
  ModelCall slow;
  slow.practice.hanging = {"find_slots"};
  slow.model.scripts = {asks("find_slots", R"({"service":"svc_cleaning","from":"2026-03-03T08:00",)"
                                           R"("to":"2026-03-04T08:00","limit":3})"),
                        says("The calendar does not answer.")};
  EXPECT_EQ(slow.turn("any time tomorrow"),
            "One moment, please, I'm looking. The calendar does not answer.");
}

TEST(ModelTrouble, AModelThatNeverEndsIsStopped) {
  ModelCall call;
  call.model.endless = Endless{"We are the best practice in town. "};
  auto said = call.turn("tell me about you");
  EXPECT_LT(said.size(), call.limits.said_bytes + 400);
  EXPECT_LE(call.took, call.limits.turn);
  EXPECT_EQ(call.model.open_streams, 0);
  ModelCall blank;
  blank.model.endless = Endless{" "};
  EXPECT_TRUE(has(blank.turn("what are your hours"), "8 AM"));
  EXPECT_LE(blank.took, blank.limits.turn);
}

TEST(ModelTrouble, AnEffectThatWasCutOffIsSettledInTheNextTurn) {
  ModelCall call;
  call.practice.hangs_after = {"book_appointment"};
  call.model.scripts = {asks("book_appointment", booking)};
  call.cancelled_turn("book it", 1s);
  EXPECT_EQ(call.practice.appointments.size(), 1u);
  call.model.scripts = {says("Anything else?")};
  auto said = call.turn("hello are you there");
  EXPECT_TRUE(has(said, "You're booked: a teeth cleaning")) << said;
  EXPECT_EQ(call.practice.appointments.size(), 1u);
  auto calls = call.calls_of("book_appointment");
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].idempotency_key, calls[1].idempotency_key);
}

TEST(ModelTrouble, AnEffectThatDidNotAnswerIsLookedForWithItsKey) {
  ModelCall call;
  call.practice.hangs_after = {"book_appointment"};
  call.model.scripts = {asks("book_appointment", booking)};
  call.limits.turn = 12s;
  auto said = call.turn("book it");
  EXPECT_EQ(call.practice.appointments.size(), 1u);
  EXPECT_EQ(call.calls_of("book_appointment").size(), 2u);
  EXPECT_EQ(call.calls_of("book_appointment")[0].idempotency_key,
            call.calls_of("book_appointment")[1].idempotency_key);
  EXPECT_EQ(call.dialogue->outcome().kind, "booked");
}

TEST(ModelTrouble, AFortyMinuteMonologueIsBounded) {
  ModelCall call;
  std::string monologue;
  for (int i = 0; i < 300; ++i) monologue += "and then i told my sister about the tooth ";
  std::size_t most = 0;
  for (int i = 0; i < 120; ++i) {  // a turn each 20 seconds
    call.turn("turn number " + std::to_string(i) + " " + monologue);
    call.world.run_for(20s);
    std::size_t size = 0;
    for (const auto& message : call.last_prompt().messages) size += message.text.size();
    most = std::max(most, size + call.last_prompt().situation.size());
  }
  EXPECT_LT(most, call.limits.history_bytes + 8000);
  EXPECT_EQ(call.last_prompt().messages.front().role, ModelMessage::Role::user);
  EXPECT_TRUE(has(call.last_prompt().situation, "Earlier in this call"));
  EXPECT_TRUE(has(call.last_prompt().messages.back().text, "turn number 119"));
}

TEST(ModelTrouble, ARefusalIsAnsweredByTheBuiltInDialogue) {
  ModelCall call;
  call.model.scripts = {{Completion{.reason = Completion::Reason::refused, .model = ""}}};
  EXPECT_TRUE(has(call.turn("what are your hours"), "8 AM"));
}

TEST(ModelTrouble, HalfASentenceThatRanOutOfRoomIsNotSaid) {
  ModelCall call;
  call.model.scripts = {{TextPiece{"We open at 8. And we clo"},
                         Completion{.reason = Completion::Reason::too_long, .model = ""}}};
  EXPECT_EQ(call.turn("when do you open"), "We open at eight.");
}

}  // namespace
}  // namespace parley::dialog::testing
