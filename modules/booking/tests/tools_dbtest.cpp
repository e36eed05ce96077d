#include "fixture.hpp"
#include "parley/booking/tools.hpp"

namespace parley::booking {
namespace {

class ToolsDbTest : public BookingFixture {
 protected:
  void SetUp() override {
    BookingFixture::SetUp();
    messages = business::make_messages(db(), clock, random);
    scope = {.business = profile->id, .call = CallId("call_1"), .caller_phone = "+12125550101"};
    for (auto* make : {&make_find_slots, &make_book_appointment, &make_move_appointment,
                       &make_cancel_appointment})
      tools.push_back(make(*booking));
    tools.push_back(make_find_appointments(*booking, clock));
    tools.push_back(make_take_message(*messages));
  }
  /// What a dialogue gets: the result as JSON text, or "error <code>".
  std::string use(std::string_view name, json::object arguments, std::string key = "") {
    for (const auto& tool : tools) {
      if (tool->spec().name != name) continue;
      auto result =
          run([&] { return tool->call(ctx, scope, {std::string(name), arguments, key}); });
      if (!result) return "error " + std::string(to_string(result.error().code));
      last = *result;
      return json::serialize(*result);
    }
    throw std::logic_error("no such tool");
  }
  std::string book_at(std::string_view start, std::string key = "", std::string phone = "") {
    use("book_appointment",
        {{"service", service().id.str()},
         {"start", start},
         {"name", "Ann Smith"},
         {"phone", phone}},
        key);
    return last.at("booked").as_bool() ? std::string(last.at("appointment").at("id").as_string())
                                       : "";
  }
  /// How many appointments find_appointments tells of.
  std::size_t found(json::object arguments = {}) {
    auto text = use("find_appointments", arguments);
    return text.starts_with("error") ? 99 : last.at("appointments").as_array().size();
  }

  std::unique_ptr<business::Messages> messages;
  std::vector<std::unique_ptr<dialog::Tool>> tools;
  dialog::ToolScope scope;
  json::object last;
};
PARLEY_ON_BOTH_DATABASES(ToolsDbTest);

TEST_P(ToolsDbTest, FindsFreeSlots) {
  auto id = service().id.str();
  EXPECT_EQ(
      use("find_slots", {{"service", id},
                         {"from", "2026-03-03T09:00"},
                         {"to", "2026-03-03T12:00"},
                         {"limit", 2}}),
      R"({"slots":[{"start":"2026-03-03T09:00","end":"2026-03-03T09:30","resource":"Dr. Kim"},)"
      R"({"start":"2026-03-03T09:15","end":"2026-03-03T09:45","resource":"Dr. Kim"}]})");
  EXPECT_EQ(
      use("find_slots",
          {{"service", "svc_none"}, {"from", "2026-03-03T09:00"}, {"to", "2026-03-03T12:00"}}),
      "error not_found");
  EXPECT_EQ(use("find_slots", {{"service", id}, {"from", "tomorrow"}, {"to", "2026-03-03T12:00"}}),
            "error invalid");
  EXPECT_EQ(use("find_slots", {{"service", id}, {"from", "2026-03-03T09:00"}}), "error invalid");
  EXPECT_EQ(use("find_slots",
                {{"service", id}, {"from", "2026-03-03T09:00"}, {"to", "2026-05-03T12:00"}}),
            "error invalid");
}

TEST_P(ToolsDbTest, BooksForTheCaller) {
  auto id = book_at("2026-03-03T14:00", "key");
  ASSERT_FALSE(id.empty());
  EXPECT_EQ(last.at("appointment").at("service").as_string(), service().id.str());
  EXPECT_EQ(last.at("appointment").at("start"), "2026-03-03T14:00");
  EXPECT_EQ(last.at("appointment").at("name"), "Ann Smith");
  auto a = run([&] { return booking->get(ctx, AppointmentId(id)); });
  EXPECT_EQ(a->source, Source::voice_agent);
  EXPECT_EQ(a->call, CallId("call_1"));
  EXPECT_EQ(a->customer.phone, "+12125550101");
  EXPECT_EQ(book_at("2026-03-03T14:00", "key"), id);

  book_at("2026-03-03T14:00");
  EXPECT_EQ(book_at("2026-03-03T14:00"), "");
  EXPECT_EQ(last.at("booked"), false);
  EXPECT_EQ(last.at("reason"), "taken");
  EXPECT_EQ(last.at("alternatives").as_array().size(), 3u);
  EXPECT_EQ(book_at("2026-03-08T02:30"), "");
  EXPECT_EQ(last.at("reason"), "no_such_time");
  EXPECT_EQ(use("book_appointment",
                {{"service", service().id.str()}, {"start", "2026-02-30T10:00"}, {"name", "A"}}),
            "error invalid");
}

TEST_P(ToolsDbTest, ATimeGivenUpAndWantedAgainIsBookedAgain) {
  auto first = book_at("2026-03-03T14:00", "key");
  use("cancel_appointment", {{"appointment", first}});
  EXPECT_EQ(last.at("cancelled"), true);
  auto second = book_at("2026-03-03T14:00", "key");
  EXPECT_NE(second, first);
  EXPECT_EQ(book_at("2026-03-03T14:00", "key"), second);
  EXPECT_EQ(found(), 1u);
}

TEST_P(ToolsDbTest, FindsOnlyTheCallersOwnUpcoming) {
  book_at("2026-03-03T14:00");
  EXPECT_EQ(found(), 1u);
  EXPECT_EQ(last.at("appointments").at(0).at("start"), "2026-03-03T14:00");
  EXPECT_EQ(found({{"phone", "(212) 555-0101"}}), 1u);
  EXPECT_EQ(found({{"phone", "+12125550199"}}), 0u);

  // Somebody else claims Ann's number, with her name.
  scope.caller_phone = "+12125550199";
  scope.call = CallId("call_2");
  EXPECT_EQ(found(), 0u);
  EXPECT_EQ(found({{"phone", "+12125550101"}, {"name", "Ann Smith"}}), 0u);

  // A withheld number: phone and name together open it.
  scope.caller_phone = "";
  EXPECT_EQ(found(), 0u);
  EXPECT_EQ(found({{"phone", "+12125550101"}}), 0u);
  EXPECT_EQ(found({{"name", "Ann Smith"}}), 0u);
  EXPECT_EQ(found({{"phone", "+12125550101"}, {"name", "Bob"}}), 0u);
  EXPECT_EQ(found({{"phone", "+12125550101"}, {"name", "ann smith"}}), 1u);

  scope.caller_phone = "+12125550101";
  clock.advance(std::chrono::hours{48});
  EXPECT_EQ(found(), 0u) << "it is over";
}

TEST_P(ToolsDbTest, ChangesOnlyTheCallersOwn) {
  auto id = book_at("2026-03-03T14:00");
  scope.caller_phone = "+12125550199";
  scope.call = CallId("call_2");
  EXPECT_EQ(use("move_appointment", {{"appointment", id}, {"start", "2026-03-04T14:00"}}),
            "error not_found");
  EXPECT_EQ(use("cancel_appointment", {{"appointment", id}}), "error not_found");
  scope.business = BusinessId("biz_other");
  scope.caller_phone = "+12125550101";
  EXPECT_EQ(use("cancel_appointment", {{"appointment", id}}), "error not_found");
  scope.business = profile->id;
  ctx.organization = OrganizationId("org_other");
  EXPECT_EQ(use("cancel_appointment", {{"appointment", id}}), "error not_found");
  ctx.organization = OrganizationId("org_test");

  EXPECT_EQ(
      use("move_appointment", {{"appointment", id}, {"start", "2026-03-07T14:00"}}).substr(0, 33),
      R"({"moved":false,"reason":"closed",)");
  use("move_appointment", {{"appointment", id}, {"start", "2026-03-04T14:00"}});
  EXPECT_EQ(last.at("moved"), true);
  EXPECT_EQ(last.at("appointment").at("start"), "2026-03-04T14:00");
  EXPECT_EQ(use("cancel_appointment", {{"appointment", id}}), R"({"cancelled":true})");
  EXPECT_EQ(use("cancel_appointment", {{"appointment", id}}), R"({"cancelled":true})");
}

TEST_P(ToolsDbTest, WhatWasBookedForAnotherNumberInThisCallStaysInReach) {
  auto id = book_at("2026-03-03T14:00", "", "+12125550177");
  EXPECT_EQ(run([&] { return booking->get(ctx, AppointmentId(id)); })->customer.phone,
            "+12125550177");
  use("move_appointment", {{"appointment", id}, {"start", "2026-03-04T14:00"}});
  EXPECT_EQ(last.at("moved"), true);
  scope.call = CallId("call_2");
  EXPECT_EQ(use("cancel_appointment", {{"appointment", id}}), "error not_found");
}

TEST_P(ToolsDbTest, TakesMessages) {
  EXPECT_EQ(use("take_message", {{"text", "Call me"}}, "m1"), R"({"taken":true})");
  EXPECT_EQ(use("take_message", {{"text", "Call me"}}, "m1"), R"({"taken":true})");
  EXPECT_EQ(use("take_message", {{"text", "Me too"}, {"name", "Bob"}, {"phone", "12"}}, "m2"),
            R"({"taken":true})");
  EXPECT_EQ(use("take_message", {{"text", ""}}), "error invalid");
  auto list = run([&] { return messages->list(ctx, profile->id, {}); }).value().items;
  ASSERT_EQ(list.size(), 2u);
  for (const auto& message : list) {
    EXPECT_EQ(message.caller_phone, "+12125550101");
    EXPECT_EQ(message.call, CallId("call_1"));
    if (message.caller_name == "Bob") EXPECT_EQ(message.text, "Me too\n(number as given: 12)");
  }
}

TEST_P(ToolsDbTest, SpecsSayWhatHasAnEffect) {
  std::set<std::string> effects;
  for (const auto& tool : tools) {
    EXPECT_EQ(tool->spec().parameters.at("type"), "object");
    if (tool->spec().has_effect) effects.insert(tool->spec().name);
  }
  EXPECT_EQ(effects, (std::set<std::string>{"book_appointment", "move_appointment",
                                            "cancel_appointment", "take_message"}));
}

}  // namespace
}  // namespace parley::booking
