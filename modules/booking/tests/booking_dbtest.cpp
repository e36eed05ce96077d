#include "fixture.hpp"

namespace parley::booking {
namespace {

class BookingDbTest : public BookingFixture {
 protected:
  std::string free_times(std::string_view from, std::string_view to, std::size_t limit = 100,
                         std::string_view of = "Cleaning") {
    auto slots = run([&] {
      AvailabilityQuery query{.business = profile->id,
                              .service = service(of).id,
                              .from = local(from),
                              .to = local(to),
                              .limit = limit};
      return booking->availability(ctx, query);
    });
    if (!slots) return "error " + std::string(to_string(slots.error().code));
    std::string text;
    for (const auto& one : *slots)
      text += (text.empty() ? "" : " ") + calendar::to_text(one.start).substr(11);
    return text;
  }
};
PARLEY_ON_BOTH_DATABASES(BookingDbTest);

TEST_P(BookingDbTest, BooksWithItsEvent) {
  auto request = wish("2026-03-03T14:00");
  request.notes = "First visit";
  request.source = Source::voice_agent;
  request.call = CallId("call_1");
  request.customer.phone = "(212) 555-0101";
  auto made = book(request);
  ASSERT_EQ(outcome(made), "ok");
  const auto& a = *made->appointment;
  EXPECT_EQ(to_rfc3339(a.start), "2026-03-03T19:00:00.000Z");
  EXPECT_EQ(to_rfc3339(a.end), "2026-03-03T19:30:00.000Z");
  EXPECT_EQ(a.customer.phone, "+12125550101");
  EXPECT_EQ(a.version, 1);
  auto read_back = run([&] { return booking->get(ctx, a.id); });
  ASSERT_TRUE(read_back);
  EXPECT_EQ(calendar::to_text(read_back->local_start), "2026-03-03T14:00");
  EXPECT_EQ(read_back->notes, "First visit");
  EXPECT_EQ(read_back->call, CallId("call_1"));
  EXPECT_EQ(read_back->source, Source::voice_agent);
  EXPECT_EQ(read_back->service_name, "Cleaning");
  auto recorded = events();
  ASSERT_EQ(recorded.size(), 1u);
  EXPECT_EQ(recorded[0].type, "appointment.booked");
  EXPECT_EQ(recorded[0].stream, a.id.str());
  EXPECT_EQ(recorded[0].data.at("appointment").at("localStart"), "2026-03-03T14:00");
}

TEST_P(BookingDbTest, RefusesByRule) {
  add_holiday("2026-03-04");
  add_holiday("2026-03-05", {{9h, 12h}});
  EXPECT_EQ(refusal("2026-03-03T14:00"), "ok");
  EXPECT_EQ(refusal("2026-03-01T14:00"), "past");
  EXPECT_EQ(refusal("2026-03-02T09:59"), "past");
  EXPECT_EQ(refusal("2026-03-02T10:59"), "too_soon");
  EXPECT_EQ(refusal("2026-03-02T11:00"), "ok");
  EXPECT_EQ(refusal("2026-05-31T14:00"), "closed");  // a Sunday, day 90
  EXPECT_EQ(refusal("2026-06-01T14:00"), "too_far");
  EXPECT_EQ(refusal("2026-03-03T08:45"), "closed");
  EXPECT_EQ(refusal("2026-03-03T16:30"), "ok");
  EXPECT_EQ(refusal("2026-03-03T16:45"), "closed");  // would end at 17:15
  EXPECT_EQ(refusal("2026-03-07T14:00"), "closed");  // Saturday
  EXPECT_EQ(refusal("2026-03-04T14:00"), "holiday");
  EXPECT_EQ(refusal("2026-03-05T11:30"), "ok");
  EXPECT_EQ(refusal("2026-03-05T11:45"), "holiday");
  EXPECT_EQ(refusal("2026-03-08T02:30"), "no_such_time");
  auto unknown = slot("2026-03-03T14:00");
  unknown.service = ServiceId("svc_none");
  EXPECT_EQ(validated(unknown), "unknown_service");
  unknown = slot("2026-03-03T14:00");
  unknown.resource = ResourceId("res_none");
  EXPECT_EQ(validated(unknown), "error invalid");
  unknown.business = BusinessId("biz_none");
  EXPECT_EQ(validated(unknown), "error not_found");
  EXPECT_TRUE(events().empty());
}

TEST_P(BookingDbTest, OffersTheNearestFreeTimes) {
  set_resources({"Dr. Lee"});
  booked("2026-03-03T14:00");
  EXPECT_EQ(validated(slot("2026-03-03T14:00")), "taken 03-03T13:30 03-03T14:30 03-03T13:15");
  EXPECT_EQ(validated(slot("2026-03-07T14:00")), "closed 03-06T16:30 03-06T16:15 03-06T16:00");
  EXPECT_EQ(validated(slot("2026-03-01T14:00")), "past 03-02T11:00 03-02T11:15 03-02T11:30");
  EXPECT_EQ(validated(slot("2027-03-01T14:00")), "too_far 05-29T16:30 05-29T16:15 05-29T16:00");
  for (int day = 2; day <= 20; ++day)
    add_holiday((day < 10 ? "2026-03-0" : "2026-03-") + std::to_string(day));
  EXPECT_EQ(validated(slot("2026-03-05T14:00")), "holiday 03-23T09:00 03-23T09:15 03-23T09:30");
}

TEST_P(BookingDbTest, AnyFreeResourceIsTheLeastBusyThenTheFirstByName) {
  EXPECT_EQ(booked("2026-03-03T09:00").resource_name, "Dr. Kim");
  EXPECT_EQ(booked("2026-03-03T09:00").resource_name, "Dr. Lee");
  EXPECT_EQ(outcome(book(wish("2026-03-03T09:00"))).substr(0, 5), "taken");
  EXPECT_EQ(booked("2026-03-03T11:00").resource_name, "Dr. Kim");
  EXPECT_EQ(booked("2026-03-03T15:00").resource_name, "Dr. Lee");  // Dr. Kim has two
  EXPECT_EQ(booked("2026-03-04T15:00").resource_name, "Dr. Kim");  // another day

  auto only_lee = wish("2026-03-03T12:00");
  only_lee.slot.resource = resource("Dr. Lee");
  EXPECT_EQ(book(only_lee)->appointment->resource_name, "Dr. Lee");
  EXPECT_EQ(outcome(book(only_lee)).substr(0, 5), "taken");
}

TEST_P(BookingDbTest, AServiceMayNeedCertainResources) {
  business::Service crown;
  crown.name = "Crown";
  crown.duration = 60min;
  crown.resources = {resource("Dr. Lee")};
  add_service(crown);
  EXPECT_EQ(book(wish("2026-03-03T09:00", "Crown"))->appointment->resource_name, "Dr. Lee");
  EXPECT_EQ(outcome(book(wish("2026-03-03T09:30", "Crown"))).substr(0, 5), "taken");
  auto kim = wish("2026-03-03T11:00", "Crown");
  kim.slot.resource = resource("Dr. Kim");
  EXPECT_EQ(outcome(book(kim)), "error invalid");
}

TEST_P(BookingDbTest, ABusinessWithoutResourcesIsOneItself) {
  profile = run([&] { return businesses->set_resources(ctx, profile->id, {}); }).value();
  EXPECT_EQ(booked("2026-03-03T09:00").resource_name, "");
  EXPECT_EQ(outcome(book(wish("2026-03-03T09:15"))).substr(0, 5), "taken");
  EXPECT_EQ(outcome(book(wish("2026-03-03T09:30"))), "ok");
}

TEST_P(BookingDbTest, BuffersKeepAppointmentsApartAndMayLieOutsideOpeningHours) {
  set_resources({"Dr. Lee"});
  business::Service surgery;
  surgery.name = "Surgery";
  surgery.duration = 60min;
  surgery.buffer_before = 15min;
  surgery.buffer_after = 30min;
  add_service(surgery);
  ASSERT_EQ(outcome(book(wish("2026-03-03T09:00", "Surgery"))), "ok");  // prepared before nine
  EXPECT_EQ(refusal("2026-03-03T10:15"), "taken");                      // still cleaning up
  EXPECT_EQ(refusal("2026-03-03T10:30"), "ok");
  EXPECT_EQ(refusal("2026-03-03T10:30", "Surgery"), "taken");  // preparation meets cleaning up
  EXPECT_EQ(refusal("2026-03-03T10:45", "Surgery"), "ok");
  EXPECT_EQ(refusal("2026-03-03T16:00", "Surgery"), "ok");  // cleaned up after closing
}

TEST_P(BookingDbTest, AvailabilityListsTheGrid) {
  set_resources({"Dr. Lee"});
  change_profile([](auto& p) { p.hours[2] = {{9h, 10h}, {14h, 15h}}; });
  EXPECT_EQ(free_times("2026-03-03T00:00", "2026-03-04T00:00"),
            "09:00 09:15 09:30 14:00 14:15 14:30");
  booked("2026-03-03T09:15");
  EXPECT_EQ(free_times("2026-03-03T00:00", "2026-03-04T00:00"), "14:00 14:15 14:30");
  EXPECT_EQ(free_times("2026-03-03T14:15", "2026-03-03T14:30"), "14:15");
  EXPECT_EQ(free_times("2026-03-03T00:00", "2026-03-10T00:00", 2), "14:00 14:15");
  EXPECT_EQ(free_times("2026-02-03T00:00", "2026-02-10T00:00"), "");
  EXPECT_EQ(free_times("2026-03-03T00:00", "2026-04-04T00:00"), "error invalid");
  EXPECT_EQ(free_times("2026-03-04T00:00", "2026-03-03T00:00"), "error invalid");
  EXPECT_EQ(free_times("2026-03-03T00:00", "2026-03-04T00:00", 0), "error invalid");
  EXPECT_EQ(code([&] {
              AvailabilityQuery query{.business = profile->id, .service = ServiceId("svc_none")};
              return booking->availability(ctx, query);
            }),
            Errc::not_found);
}

TEST_P(BookingDbTest, SpringGapAndAutumnOverlap) {
  set_resources({"Dr. Lee"});
  change_profile([](auto& p) {
    p.hours[0] = {{0h, 6h}};  // Sunday night
    p.booking.furthest_ahead = std::chrono::days{365};
  });
  // 2026-03-08: 2:00 to 3:00 is skipped.
  EXPECT_EQ(free_times("2026-03-08T01:00", "2026-03-08T04:00"),
            "01:00 01:15 01:30 01:45 03:00 03:15 03:30 03:45");
  auto over_gap = book(wish("2026-03-08T01:45"));
  ASSERT_EQ(outcome(over_gap), "ok");
  EXPECT_EQ(to_rfc3339(over_gap->appointment->end), "2026-03-08T07:15:00.000Z");  // 3:15 there
  EXPECT_EQ(refusal("2026-03-08T03:00"), "taken");
  EXPECT_EQ(refusal("2026-03-08T03:15"), "ok");
  EXPECT_EQ(outcome(book(wish("2026-03-08T02:30"))).substr(0, 12), "no_such_time");

  // 2026-11-01: 1:00 to 2:00 occurs twice; the first is meant.
  auto overlap = book(wish("2026-11-01T01:30"));
  ASSERT_EQ(outcome(overlap), "ok");
  EXPECT_EQ(to_rfc3339(overlap->appointment->start), "2026-11-01T05:30:00.000Z");
  EXPECT_EQ(refusal("2026-11-01T01:30"), "taken");
  EXPECT_EQ(refusal("2026-11-01T02:00"), "ok");
}

TEST_P(BookingDbTest, TheSameKeyIsTheSameAppointment) {
  auto request = wish("2026-03-03T14:00");
  request.idempotency_key = "key-1";
  auto first = book(request);
  auto again = book(request);
  ASSERT_EQ(outcome(first), "ok");
  ASSERT_EQ(outcome(again), "ok");
  EXPECT_EQ(first->appointment->id, again->appointment->id);
  EXPECT_EQ(events().size(), 1u);
  auto different = request;
  different.slot.start = local("2026-03-03T15:00");
  EXPECT_EQ(outcome(book(different)), "error invalid");
  different = request;
  different.customer.name = "Bob";
  EXPECT_EQ(outcome(book(different)), "error invalid");
  // Another organization's keys are its own: it only fails to find the business.
  EXPECT_EQ(code([&] { return booking->book(other, request); }), Errc::not_found);
  // A refused wish leaves no mark: the key is still good for another time.
  auto closed = wish("2026-03-07T14:00");
  closed.idempotency_key = "key-2";
  EXPECT_EQ(outcome(book(closed)).substr(0, 6), "closed");
  closed.slot.start = local("2026-03-06T14:00");
  EXPECT_EQ(outcome(book(closed)), "ok");
}

TEST_P(BookingDbTest, MovesWithVersions) {
  auto a = booked("2026-03-03T14:00");
  auto move = [&](std::string_view start, std::int64_t version) {
    return run([&] { return booking->move(ctx, a.id, local(start), version); });
  };
  auto moved = move("2026-03-03T14:15", 1);  // overlaps only itself
  ASSERT_EQ(outcome(moved), "ok");
  EXPECT_EQ(moved->appointment->version, 2);
  EXPECT_EQ(moved->appointment->resource, a.resource);
  EXPECT_EQ(outcome(move("2026-03-04T14:00", 1)), "error conflict");
  EXPECT_EQ(move("2026-03-03T14:15", 0)->appointment->version, 2);  // already there
  EXPECT_EQ(outcome(move("2026-03-07T14:00", 0)).substr(0, 6), "closed");
  EXPECT_EQ(outcome(run([&] {
              return booking->move(ctx, AppointmentId("appt_none"), local("2026-03-03T14:00"), 0);
            })),
            "error not_found");
  // Both are taken at nine; the moved one keeps its time.
  booked("2026-03-04T09:00");
  booked("2026-03-04T09:00");
  EXPECT_EQ(outcome(move("2026-03-04T09:00", 2)), "taken 03-04T09:30 03-04T09:45 03-04T10:00");
  EXPECT_EQ(run([&] { return booking->get(ctx, a.id); })->version, 2);

  auto recorded = events({"appointment.moved"});
  ASSERT_EQ(recorded.size(), 1u);
  EXPECT_EQ(recorded[0].data.at("previousStart"), "2026-03-03T19:00:00.000Z");
  EXPECT_EQ(recorded[0].version, 2);
}

TEST_P(BookingDbTest, CancelFreesTheSlotAndIsIdempotent) {
  set_resources({"Dr. Lee"});
  auto a = booked("2026-03-03T14:00");
  auto cancelled = run([&] { return booking->cancel(ctx, a.id); });
  ASSERT_TRUE(cancelled);
  EXPECT_EQ(cancelled->status, AppointmentStatus::cancelled);
  EXPECT_EQ(run([&] { return booking->cancel(ctx, a.id); })->version, 2);
  EXPECT_EQ(events({"appointment.cancelled"}).size(), 1u);
  EXPECT_EQ(code([&] { return booking->move(ctx, a.id, local("2026-03-04T14:00"), 0); }),
            Errc::conflict);
  EXPECT_EQ(refusal("2026-03-03T14:00"), "ok");
  EXPECT_EQ(code([&] { return booking->cancel(ctx, AppointmentId("appt_none")); }),
            Errc::not_found);
}

TEST_P(BookingDbTest, UpdatesCustomerAndNotes) {
  auto a = booked("2026-03-03T14:00");
  Customer customer{"  Ann Jones ", "212-555-0199", "ann@example.com"};
  auto updated = run([&] { return booking->update(ctx, a.id, customer, "line\r\nbreak", 1); });
  ASSERT_TRUE(updated) << updated.error().detail;
  EXPECT_EQ(updated->customer.name, "Ann Jones");
  EXPECT_EQ(updated->customer.phone, "+12125550199");
  EXPECT_EQ(updated->notes, "line\nbreak");
  EXPECT_EQ(updated->version, 2);
  EXPECT_EQ(code([&] { return booking->update(ctx, a.id, customer, "", 1); }), Errc::conflict);
  EXPECT_EQ(events({"appointment.updated"}).size(), 1u);
}

TEST_P(BookingDbTest, RefusesAWrongCustomerByName) {
  auto with = [&](Customer customer, std::string notes = "") {
    auto request = wish("2026-03-03T14:00");
    request.customer = std::move(customer);
    request.notes = std::move(notes);
    auto made = book(request);
    return made ? "booked"
                : std::string(to_string(made.error().code)) + " " +
                      made.error().detail.substr(0, made.error().detail.find(':'));
  };
  EXPECT_EQ(with({"", "", ""}), "invalid customer name");
  EXPECT_EQ(with({"  ", "", ""}), "invalid customer name");
  EXPECT_EQ(with({"A\nB", "", ""}), "invalid customer name");
  EXPECT_EQ(with({"\xff", "", ""}), "invalid customer name");
  EXPECT_EQ(with({std::string(201, 'a'), "", ""}), "invalid customer name");
  EXPECT_EQ(with({"Ann", "12", ""}), "invalid customer phone");
  EXPECT_EQ(with({"Ann", "", "nobody"}), "invalid customer email");
  EXPECT_EQ(with({"Ann", "", "a@b\r\nBcc: c@d"}), "invalid customer email");
  EXPECT_EQ(with({"Ann", "", ""}, std::string(2001, 'x')), "invalid notes");
  EXPECT_EQ(with({"Ann", "", ""}, std::string("a\0b", 3)), "invalid notes");
  EXPECT_EQ(with({"Ann", "", ""}), "booked");
}

TEST_P(BookingDbTest, ListsWithFiltersAndPages) {
  auto first = booked("2026-03-03T09:00");
  auto request = wish("2026-03-04T10:00");
  request.source = Source::web;
  request.customer.phone = "+12125550102";
  auto second = *book(request)->appointment;
  auto third = booked("2026-03-05T10:00");
  ASSERT_TRUE(run([&] { return booking->cancel(ctx, third.id); }));
  auto found = [&](AppointmentQuery query) {
    auto list = run([&] { return booking->list(ctx, query); });
    if (!list) return "error " + std::string(to_string(list.error().code));
    std::string text = std::to_string(list->total) + ":";
    for (const auto& a : list->items)
      text += a.id == first.id ? " first" : a.id == second.id ? " second" : " third";
    return text;
  };
  EXPECT_EQ(found({}), "3: first second third");
  EXPECT_EQ(found({.business = profile->id}), "3: first second third");
  EXPECT_EQ(found({.business = BusinessId("biz_none")}), "0:");
  EXPECT_EQ(found({.from = second.start}), "2: second third");
  EXPECT_EQ(found({.from = second.start, .to = third.start}), "1: second");
  EXPECT_EQ(found({.source = Source::web}), "1: second");
  EXPECT_EQ(found({.status = AppointmentStatus::cancelled}), "1: third");
  EXPECT_EQ(found({.phone = "212 555 0102"}), "1: second");
  EXPECT_EQ(found({.page = 2, .limit = 2}), "3: third");
  EXPECT_EQ(found({.limit = 0}), "error invalid");
  EXPECT_EQ(found({.page = 0}), "error invalid");
  EXPECT_EQ(found({.phone = "nobody"}), "error invalid");
}

TEST_P(BookingDbTest, AnotherOrganizationSeesNothing) {
  auto a = booked("2026-03-03T14:00");
  EXPECT_EQ(code([&] { return booking->get(other, a.id); }), Errc::not_found);
  EXPECT_EQ(code([&] { return booking->cancel(other, a.id); }), Errc::not_found);
  EXPECT_EQ(code([&] { return booking->move(other, a.id, local("2026-03-04T14:00"), 0); }),
            Errc::not_found);
  EXPECT_EQ(code([&] { return booking->update(other, a.id, a.customer, "", 0); }), Errc::not_found);
  EXPECT_EQ(code([&] { return booking->validate(other, slot("2026-03-03T14:00")); }),
            Errc::not_found);
  EXPECT_EQ(code([&] { return booking->book(other, wish("2026-03-03T14:00")); }), Errc::not_found);
  EXPECT_EQ(code([&] { return booking->calendar_feed(other, profile->id); }), Errc::not_found);
  EXPECT_EQ(run([&] { return booking->list(other, {}); })->total, 0);
  EXPECT_EQ(run([&] { return booking->get(ctx, a.id); })->version, 1);
}

TEST_P(BookingDbTest, TwoWeeksOfAppointmentsFit) {
  int made = 0;
  for (int day = 3; day <= 16; ++day)
    for (int hour = 9; hour < 17; ++hour) {
      auto text = "2026-03-" + std::string(day < 10 ? "0" : "") + std::to_string(day) + "T" +
                  (hour < 10 ? "0" : "") + std::to_string(hour) + ":00";
      made += outcome(book(wish(text))) == "ok";
    }
  EXPECT_EQ(made, 10 * 8);
  EXPECT_EQ(run([&] { return booking->list(ctx, {}); })->total, made);
}

}  // namespace
}  // namespace parley::booking
