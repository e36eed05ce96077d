#include "parley/simulators/receptionist.hpp"

#include <gtest/gtest.h>

namespace parley::simulators {
namespace {

using Role = ModelTurn::Role;

/// A call with the receptionist, whose tools the test answers for.
class Talk {
 public:
  Talk() {
    request.system =
        "Times are such as 2025-12-24T14:00.\nIt is Monday, 2026-03-02T09:00.\nCleaning "
        "svc_cleaning\nFilling svc_filling\n";
    request.tools = {"search_knowledge", "find_slots", "book_appointment", "take_message"};
  }
  ModelReply say(std::string text) {
    ModelTurn turn;
    turn.text = std::move(text);
    return next(std::move(turn));
  }
  ModelReply give(const ModelReply& asked, std::string content) {
    ModelTurn turn;
    turn.outcomes = {{asked.calls.at(0).name, std::move(content)}};
    return next(std::move(turn));
  }
  ModelReply next(ModelTurn turn) {
    request.turns.push_back(std::move(turn));
    auto reply = receptionist_reply(request, WallTime{});
    ModelTurn ours;
    ours.role = Role::assistant;
    ours.text = reply.text;
    ours.calls = reply.calls;
    for (auto& call : ours.calls) call.id = call.name;
    request.turns.push_back(std::move(ours));
    return reply;
  }
  ModelRequest request;
};

constexpr auto two_slots =
    R"({"slots":[{"start":"2026-03-03T09:00"},{"start":"2026-03-03T14:00"}]})";

TEST(Receptionist, BooksWithTheToolsItHas) {
  Talk talk;
  auto looking = talk.say("I'd like to book a filling for tomorrow");
  ASSERT_EQ(looking.calls.size(), 1u);
  EXPECT_EQ(looking.calls[0].name, "find_slots");
  EXPECT_EQ(looking.calls[0].arguments, (json::object{{"service", "svc_filling"},
                                                      {"from", "2026-03-03T00:00"},
                                                      {"to", "2026-03-04T00:00"},
                                                      {"limit", 2}}));
  auto offer = talk.give(looking, two_slots);
  EXPECT_EQ(offer.text, "I have tomorrow at 9 AM or tomorrow at 2 PM. Which one suits you?");
  auto named = talk.say("The one at two please");
  EXPECT_EQ(named.text, "tomorrow at 2 PM, good. What name shall I put it under?");
  auto booking = talk.say("My name is Ann Lee.");
  ASSERT_EQ(booking.calls.size(), 1u);
  EXPECT_EQ(booking.calls[0].name, "book_appointment");
  EXPECT_EQ(booking.calls[0].arguments, (json::object{{"service", "svc_filling"},
                                                      {"start", "2026-03-03T14:00"},
                                                      {"name", "Ann Lee"},
                                                      {"phone", ""}}));
  auto booked = talk.give(booking, R"({"booked":true,"appointment":{"start":"2026-03-03T14:00"}})");
  EXPECT_EQ(booked.text, "You are booked for tomorrow at 2 PM. Is there anything else?");
  EXPECT_EQ(talk.say("No, that's all").text, "Thank you for calling. Goodbye.");
}

TEST(Receptionist, ATakenTimeIsFollowedByOthers) {
  Talk talk;
  auto looking = talk.say("an appointment for a cleaning please");
  talk.give(looking, two_slots);
  talk.say("the second");
  auto booking = talk.say("Bob");
  EXPECT_EQ(booking.calls.at(0).arguments.at("start"), "2026-03-03T14:00");
  auto taken = talk.give(
      booking,
      R"({"booked":false,"reason":"taken","alternatives":[{"start":"2026-03-03T15:00"}]})");
  EXPECT_EQ(taken.text, "That time has just gone. I have tomorrow at 3 PM. Which one suits you?");
}

TEST(Receptionist, AnswersFromDocumentsAndTakesMessages) {
  Talk talk;
  auto asking = talk.say("Do you have parking?");
  EXPECT_EQ(asking.calls.at(0).name, "search_knowledge");
  auto answer =
      talk.give(asking, R"({"passages":[{"text":"Parking is behind the house.\nMore."}]})");
  EXPECT_EQ(answer.text, "Parking is behind the house. Is there anything else?");
  auto message = talk.say("Please take a message for the doctor");
  EXPECT_EQ(message.calls.at(0).name, "take_message");
  EXPECT_EQ(talk.give(message, "no JSON").text, "I am sorry, that did not work.");
}

TEST(Receptionist, CallsNoToolThatItWasNotGiven) {
  Talk talk;
  talk.request.tools.clear();
  for (const auto* words : {"Book me in tomorrow", "Do you have parking?", "Take a message"})
    EXPECT_TRUE(talk.say(words).calls.empty()) << words;
}

}  // namespace
}  // namespace parley::simulators
