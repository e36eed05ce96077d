#include <fmt/format.h>

#include "api_fixture.hpp"
#include "parley/base/strings.hpp"

namespace parley::api::testing {
namespace {

class Resources : public ApiTest {
 public:
  std::string text(const json::value& object, std::string_view field) {
    return std::string(object.at(field).as_string());
  }
};
INSTANTIATE_TEST_SUITE_P(On, Resources, ::testing::Values(store::Database::Kind::sqlite));

TEST_P(Resources, ABusinessIsMadeChangedAndRemoved) {
  auto made =
      send("POST", "/businesses", owner(), {{"name", "Hair & Co"}, {"timeZone", "Europe/Berlin"}});
  ASSERT_EQ(made.status, 201) << made.body;
  auto path = "/businesses/" + text(made.data(), "id");
  auto changed = send("PUT", path, owner(),
                      {{"address", "1 Main Street"},
                       {"status", "suspended"},
                       {"booking", json::object{{"minimumNoticeMinutes", 120}}}});
  EXPECT_EQ(text(changed.data(), "name"), "Hair & Co") << "what is left out stays";
  EXPECT_EQ(text(changed.data(), "status"), "suspended");
  EXPECT_EQ(changed.data().at("booking").at("minimumNoticeMinutes").as_int64(), 120);
  EXPECT_EQ(changed.data().at("booking").at("slotStepMinutes").as_int64(), 15);
  EXPECT_EQ(send("DELETE", path, owner(), nullptr).status, 200);
  auto gone = get(path, owner());
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(gone.code(), "business_not_found");
}

TEST_P(Resources, ABusinesssParts) {
  auto path = "/businesses/" + business;
  auto agent = send("PUT", path + "/agent", owner(),
                    {{"greeting", "Smile Dental, good day!"}, {"speed", 1.1}});
  EXPECT_EQ(text(agent.data(), "greeting"), "Smile Dental, good day!");
  EXPECT_EQ(text(get(path + "/agent", owner()).data(), "name"), "Parley");
  auto holidays = send(
      "PUT", path + "/holidays", owner(),
      {{"holidays", json::array{json::object{{"date", "2026-12-25"}, {"name", "Christmas"}}}}});
  EXPECT_EQ(text(holidays.data().at(0), "date"), "2026-12-25");
  auto resources = send("PUT", path + "/resources", owner(),
                        {{"resources", json::array{json::object{{"name", "Dr. Lee"}}}}});
  auto lee = text(resources.data().at(0), "id");
  auto services =
      send("PUT", path + "/services", owner(),
           {{"services", json::array{json::object{{"id", service},
                                                  {"name", "Cleaning"},
                                                  {"priceMinor", 8000},
                                                  {"aliases", json::array{"check-up"}},
                                                  {"resourceIds", json::array{lee}}}}}});
  ASSERT_EQ(services.status, 200) << services.body;
  EXPECT_EQ(text(services.data().at(0), "id"), service);
  EXPECT_EQ(services.data().at(0).at("priceMinor").as_int64(), 8000);
  EXPECT_EQ(text(get(path, owner()).data().at("resources").at(0), "name"), "Dr. Lee");
}

TEST_P(Resources, NumbersRingForOneBusiness) {
  auto path = "/businesses/" + business + "/numbers";
  auto assigned = send("PUT", path, owner(), {{"numbers", json::array{"(212) 555-0100"}}});
  ASSERT_EQ(assigned.status, 200) << assigned.body;
  EXPECT_EQ(text(assigned.data(), "phone"), "+12125550100");
  auto taken = send("PUT", "/businesses/" + other_business + "/numbers", other_owner,
                    {{"numbers", json::array{"+12125550100"}}});
  EXPECT_EQ(taken.status, 409);
  EXPECT_EQ(taken.code(), "number_taken");
  EXPECT_EQ(send("PUT", path, owner(), {{"numbers", json::array{"12"}}}).wrong_fields(),
            (std::vector<std::string>{"numbers[0]"}));
  EXPECT_EQ(send("PUT", path, token_of(Role::operator_), {{"numbers", json::array{"+12125550101"}}})
                .status,
            403);
}

TEST_P(Resources, NumbersLeftOutRingNoLonger) {
  auto path = "/businesses/" + business + "/numbers";
  auto put = [&](json::array numbers) {
    return send("PUT", path, owner(), {{"numbers", std::move(numbers)}});
  };
  ASSERT_EQ(put({"+12125550100", "+12125550101"}).status, 200);
  EXPECT_EQ(get(path, owner()).data(), (json::array{"+12125550100", "+12125550101"}));
  auto tag = get("/businesses/" + business, owner()).header("ETag");
  auto kept = put({"+12125550101", "+12125550102"});
  EXPECT_EQ(text(kept.data(), "phone"), "+12125550101") << kept.body;
  EXPECT_NE(get("/businesses/" + business, owner()).header("ETag"), tag) << "its phone is another";
  EXPECT_EQ(get(path, owner()).data(), (json::array{"+12125550101", "+12125550102"}));

  auto theirs = "/businesses/" + other_business + "/numbers";
  auto taken =
      send("PUT", theirs, other_owner, {{"numbers", json::array{"+12125550100", "+12125550102"}}});
  EXPECT_EQ(taken.status, 409) << taken.body;
  EXPECT_EQ(taken.code(), "number_taken");
  EXPECT_EQ(get(theirs, other_owner).data(), json::array{}) << "all of them or none";
  EXPECT_EQ(send("PUT", theirs, other_owner, {{"numbers", json::array{"+12125550100"}}}).status,
            200)
      << "free again";
  EXPECT_EQ(put({}).status, 200);
  EXPECT_EQ(get(path, owner()).data(), json::array{});
}

TEST_P(Resources, AnAppointmentIsBookedMovedAndCancelled) {
  auto time = free_time();
  auto body = booking_body(time);
  body["notes"] = "first visit";
  auto made = send("POST", "/appointments", owner(), body);
  ASSERT_EQ(made.status, 201) << made.body;
  auto data = made.data();
  EXPECT_EQ(text(data, "localStart"), time);
  EXPECT_EQ(text(data, "start"), "2026-03-03T17:30:00.000Z") << "New York";
  EXPECT_EQ(text(data, "source"), "api");
  auto path = "/appointments/" + text(data, "id");
  EXPECT_EQ(get(path, owner()).data(), data);

  auto moved = send("PUT", path, owner(), {{"start", "2026-03-04T15:00:00Z"}});
  EXPECT_EQ(text(moved.data(), "localStart"), "2026-03-04T10:00") << moved.body;
  EXPECT_EQ(text(moved.data(), "notes"), "first visit");
  auto both = send("PUT", path, owner(),
                   {{"localStart", "2026-03-04T11:00"},
                    {"notes", "second thoughts"},
                    {"customer", json::object{{"name", "Maria Lopez"}}}});
  EXPECT_EQ(text(both.data(), "localStart"), "2026-03-04T11:00");
  EXPECT_EQ(text(both.data().at("customer"), "name"), "Maria Lopez");

  auto cancelled = send("DELETE", path, owner(), nullptr);
  EXPECT_EQ(text(cancelled.data(), "status"), "cancelled");
  EXPECT_EQ(send("DELETE", path, owner(), nullptr).status, 200) << "twice is fine";
  EXPECT_EQ(send("PUT", path, owner(), {{"localStart", "2026-03-04T12:00"}}).status, 409);
}

TEST_P(Resources, ATakenSlotNamesAlternatives) {
  auto time = free_time();
  ASSERT_EQ(send("POST", "/appointments", owner(), booking_body(time)).status, 201);
  auto taken = send("POST", "/appointments", owner(), booking_body(time));
  EXPECT_EQ(taken.status, 409);
  EXPECT_EQ(taken.code(), "slot_taken");
  auto data = taken.data();
  EXPECT_EQ(text(data, "reason"), "taken");
  auto& alternatives = data.at("alternatives").as_array();
  ASSERT_FALSE(alternatives.empty());
  auto another = booking_body(text(alternatives.at(0), "localStart"));
  EXPECT_EQ(send("POST", "/appointments", owner(), another).status, 201);

  auto checked = send("POST", "/appointments/validate", owner(),
                      {{"businessId", business}, {"serviceId", service}, {"localStart", time}});
  EXPECT_EQ(checked.status, 200);
  EXPECT_FALSE(checked.data().at("valid").as_bool());
  EXPECT_EQ(text(checked.data(), "reason"), "taken");
}

TEST_P(Resources, TimesThatCannotBe) {
  auto book = [&](json::object change) {
    auto body = booking_body("2026-03-04T09:00");
    for (auto& [name, value] : change) body[name] = value;
    return send("POST", "/appointments", owner(), body);
  };
  EXPECT_EQ(book({{"localStart", "2026-02-30T09:00"}}).wrong_fields(),
            (std::vector<std::string>{"localStart"}));
  EXPECT_EQ(book({{"localStart", "2026-03-01T09:00"}}).code(), "slot_past");
  EXPECT_EQ(book({{"localStart", "2026-03-08T02:30"}}).code(), "slot_no_such_time");
  EXPECT_EQ(book({{"localStart", "2027-03-04T09:00"}}).code(), "slot_too_far");
  EXPECT_EQ(book({{"start", "2026-03-04T15:00:00Z"}}).status, 422) << "both";
  EXPECT_EQ(book({{"localStart", nullptr}}).status, 422);
  EXPECT_EQ(book({{"serviceId", "svc_none"}}).code(), "service_not_found");
  EXPECT_EQ(book({{"businessId", "biz_none"}}).code(), "business_not_found");
}

TEST_P(Resources, AvailabilityIsWhatCanBeBooked) {
  auto answer = get(fmt::format("/availability?business={}&service={}&from=2026-03-05&to=2026-03-05"
                                "&limit=3",
                                business, service),
                    owner());
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(text(answer.data(), "timeZone"), "America/New_York");
  auto slots = answer.data().at("slots").as_array();
  ASSERT_EQ(slots.size(), 3u);
  EXPECT_EQ(text(slots[0], "localStart"), "2026-03-05T00:00");
  auto wrong = get(fmt::format("/availability?business={}&service={}&from=2026-03-05&to=2026-05-05",
                               business, service),
                   owner());
  EXPECT_EQ(wrong.wrong_fields(), (std::vector<std::string>{"to"}));
}

TEST_P(Resources, AppointmentsAreFiltered) {
  auto count = [&](std::string filter) {
    return get("/appointments?" + filter, owner()).json().at("pagination").at("total").as_int64();
  };
  EXPECT_EQ(count("business=" + business), 1);
  EXPECT_EQ(count("source=voice_agent"), 0);
  EXPECT_EQ(count("status=cancelled"), 0);
  EXPECT_EQ(count("from=2026-03-03T00:00:00Z&to=2026-03-04T00:00:00Z"), 1);
  EXPECT_EQ(count("from=2026-03-04T00:00:00Z"), 0);
  EXPECT_EQ(count("phone=%2B12125550111"), 1);
}

TEST_P(Resources, TheCalendarFeedNeedsOnlyItsAddress) {
  auto address = text(get("/businesses/" + business, owner()).data(), "calendarUrl");
  auto feed = ask({.target = address});
  ASSERT_EQ(feed.status, 200) << address << feed.body;
  EXPECT_EQ(feed.header("Content-Type"), "text/calendar; charset=utf-8");
  EXPECT_TRUE(feed.body.starts_with("BEGIN:VCALENDAR"));
  EXPECT_NE(feed.body.find("BEGIN:VEVENT"), std::string::npos);
  auto token = address.substr(address.find("token=") + 6);
  auto other = fmt::format("/api/v1/businesses/{}/calendar.ics?token={}", other_business, token);
  EXPECT_EQ(ask({.target = other}).code(), "calendar_not_found");
  auto forged = address;
  forged.back() = forged.back() == 'A' ? 'B' : 'A';
  EXPECT_EQ(ask({.target = forged}).status, 404);
  auto limited = send("POST", "/api-keys", owner(),
                      {{"name", "k"}, {"scopes", json::array{"businesses:read"}}});
  auto seen = get("/businesses/" + business, text(limited.data(), "key"));
  EXPECT_FALSE(seen.data().as_object().contains("calendarUrl")) << "may not see appointments";
}

TEST_P(Resources, DocumentsAreUploadedListedAndDeleted) {
  auto list = get("/documents?status=pending&business=" + business, owner());
  ASSERT_EQ(list.data().as_array().size(), 1u);
  EXPECT_EQ(text(list.data().at(0), "name"), "prices.txt");
  EXPECT_EQ(get("/documents?status=completed", owner()).data().as_array().size(), 0u);
  auto path = "/documents/" + document;
  EXPECT_EQ(text(get(path, owner()).data(), "mediaType"), "text/plain");
  EXPECT_EQ(send("POST", path + "/reprocess", owner(), nullptr).status, 200);
  auto found = get("/knowledge/search?q=price&business=" + business, owner());
  EXPECT_EQ(found.status, 200) << found.body;
  EXPECT_EQ(send("DELETE", path, owner(), nullptr).status, 200);
  EXPECT_EQ(get(path, owner()).code(), "document_not_found");
}

TEST_P(Resources, CallsWithTranscriptAndTimeline) {
  EXPECT_EQ(get("/calls", owner()).data().as_array().size(), 1u);
  EXPECT_EQ(get("/calls/active", owner()).data().as_array().size(), 1u);
  auto one = get("/calls/" + call, owner()).data();
  EXPECT_EQ(text(one.at("transcript").at(0), "who"), "agent");
  EXPECT_EQ(text(get("/calls/" + call + "/timeline", owner()).data().at(0), "kind"), "greeting");
  auto ended = send("POST", "/calls/" + call + "/hangup", owner(), nullptr);
  EXPECT_EQ(text(ended.data(), "status"), "completed");
  EXPECT_EQ(get("/calls/active", owner()).data().as_array().size(), 0u);
}

TEST_P(Resources, MessagesArePaged) {
  auto answer = get("/messages?limit=1&business=" + business, owner());
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_FALSE(answer.json().at("pagination").at("hasNext").as_bool());
}

TEST_P(Resources, EventsAreReadByCursor) {
  auto all = get("/events?limit=200", owner());
  auto events = all.data().as_array();
  ASSERT_GT(events.size(), 10u);
  EXPECT_EQ(text(events[0], "type"), "organization.created");
  auto half = get("/events?limit=5", owner());
  EXPECT_TRUE(half.json().at("pagination").at("hasNext").as_bool());
  auto cursor = std::string(half.json().at("pagination").at("nextCursor").as_string());
  auto rest = get("/events?limit=200&after=" + cursor, owner()).data().as_array();
  EXPECT_EQ(rest.size(), events.size() - 5);
  auto users = get("/events?type=user.created,api_key.*", owner()).data().as_array();
  for (auto& event : users)
    EXPECT_TRUE(text(event, "type") == "user.created" || text(event, "type") == "api_key.created");
  EXPECT_EQ(users.size(), 6u);
  auto stream = get("/events?stream=user-" + user, owner()).data().as_array();
  EXPECT_EQ(text(stream.at(0), "type"), "user.created");
}

TEST_P(Resources, EventsArriveLiveAndNothingIsMissed) {
  Connection connection(port());
  connection.send(text_of({.target = "/api/v1/events/stream?type=user.*", .token = owner()}));
  std::string seen;
  ASSERT_TRUE(connection.read_until(seen, "retry: 3000"));
  EXPECT_NE(seen.find("Content-Type: text/event-stream"), std::string::npos);
  send("PUT", "/users/profile", token_of(Role::viewer), {{"name", "Viola"}});
  send("POST", "/businesses", owner(), {{"name", "Not a user"}});
  ASSERT_TRUE(connection.read_until(seen, "event: user.updated"));
  EXPECT_EQ(seen.find("business.created"), std::string::npos);
  ASSERT_TRUE(connection.read_until(seen, "\n\n\r\n"));
  auto from = seen.rfind("id: ") + 4;
  auto position = seen.substr(from, seen.find('\n', from) - from);

  send("PUT", "/users/profile", token_of(Role::closer), {{"name", "Clo"}});
  Connection again(port());
  again.send(text_of({.target = "/api/v1/events/stream?type=user.*",
                      .token = owner(),
                      .headers = {{"Last-Event-ID", position}}}));
  std::string rest;
  ASSERT_TRUE(again.read_until(rest, "event: user.updated"));
  EXPECT_NE(rest.find("user.updated"), std::string::npos);

  Connection theirs(port());
  theirs.send(text_of({.target = "/api/v1/events/stream?after=0.0", .token = other_owner}));
  std::string foreign;
  ASSERT_TRUE(theirs.read_until(foreign, "event: "));
  EXPECT_EQ(foreign.find(user), std::string::npos);
}

TEST_P(Resources, ListenersHearWhatIsDegradedAndWhenItIsWellAgain) {
  ASSERT_EQ(get("/health", owner()).status, 200);
  Connection listening(port());
  listening.send(text_of({.target = "/api/v1/events/stream", .token = owner()}));
  Connection of_users(port());
  of_users.send(text_of({.target = "/api/v1/events/stream?type=user.*", .token = owner()}));
  std::string seen;
  ASSERT_TRUE(listening.read_until(seen, "retry: 3000"));
  cache_away = true;
  get("/health", owner());
  ASSERT_TRUE(listening.read_until(seen, "event: health.changed"));
  ASSERT_TRUE(listening.read_until(seen, R"("degraded":["cache"])"));
  ASSERT_TRUE(listening.read_until(seen, R"("changed":{"name":"cache","status":"unhealthy")"));
  EXPECT_EQ(seen.find("10.0.0.7"), std::string::npos) << "addresses are nobody's business";

  Connection late(port());
  late.send(text_of({.target = "/api/v1/events/stream", .token = other_owner}));
  std::string first;
  ASSERT_TRUE(late.read_until(first, R"("degraded":["cache"])")) << "who comes later is told too";

  cache_away = false;
  get("/health", owner());
  ASSERT_TRUE(listening.read_until(seen, R"("degraded":[])"));
  ASSERT_TRUE(late.read_until(first, R"("degraded":[])"));

  send("PUT", "/users/profile", token_of(Role::viewer), {{"name", "Viola"}});
  std::string users;
  ASSERT_TRUE(of_users.read_until(users, "event: user.updated"));
  EXPECT_EQ(users.find("health.changed"), std::string::npos) << "this one asked for users only";
}

TEST_P(Resources, EventsThatAreNoLongerKeptAreSaidToBeGone) {
  auto all = get("/events?limit=200", owner()).data().as_array();
  ASSERT_GT(all.size(), 6u);
  auto kept_after = text(all[4], "position");
  auto up_to = store::Position::parse(kept_after).value();
  auto removed =
      write([&](store::Tx& tx) { return store::remove_events(tx, {tx.now() + 1h, up_to, 1000}); });
  ASSERT_TRUE(removed) << removed.error().detail;
  ASSERT_EQ(removed->horizon, up_to);
  auto fresh = get("/events?limit=200", owner());
  EXPECT_EQ(text(fresh.data().at(0), "id"), text(all[5], "id")) << "begins with what is kept";
  EXPECT_EQ(get("/events?after=" + kept_after, owner()).status, 200);
  for (auto path : {"/events?after=0.0", "/events/stream?after=0.0"}) {
    auto gone = get(path, owner());
    EXPECT_EQ(gone.status, 410) << path << gone.body;
    EXPECT_EQ(gone.code(), "events_removed");
    EXPECT_EQ(text(gone.json().at("data"), "keptAfter"), kept_after);
  }
  auto resumed = ask({.target = "/api/v1/events/stream",
                      .token = owner(),
                      .headers = {{"Last-Event-ID", text(all[0], "position")}}});
  EXPECT_EQ(resumed.status, 410);
  Connection goes_on(port());
  goes_on.send(text_of({.target = "/api/v1/events/stream?stream=" + text(all[5], "stream"),
                        .token = owner(),
                        .headers = {{"Last-Event-ID", kept_after}}}));
  std::string seen;
  ASSERT_TRUE(goes_on.read_until(seen, text(all[5], "id")));
  auto times = [&](const std::string& words) {
    int many = 0;
    for (auto at = seen.find(words); at != std::string::npos; at = seen.find(words, at + 1)) ++many;
    return many;
  };
  EXPECT_EQ(times("\"stream\":"), times("\"stream\":\"" + text(all[5], "stream") + "\""));
}

}  // namespace
}  // namespace parley::api::testing
