#include <boost/asio/co_spawn.hpp>

#include "fixture.hpp"

namespace parley::booking {
namespace {

class ConcurrencyDbTest : public BookingFixture {
 protected:
  /// Starts them all before the first can end, and waits for the last.
  std::vector<Result<Booked>> all_at_once(const std::vector<BookRequest>& requests,
                                          const std::vector<Booking*>& nodes) {
    std::vector<std::optional<Result<Booked>>> results(requests.size());
    std::size_t open = requests.size();
    for (std::size_t i = 0; i < requests.size(); ++i) {
      auto* node = nodes[i % nodes.size()];
      asio::co_spawn(io, node->book(ctx, requests[i]),
                     [&, i](std::exception_ptr e, Result<Booked> r) {
                       if (!e) results[i].emplace(std::move(r));
                       --open;
                     });
    }
    auto give_up = std::chrono::steady_clock::now() + 60s;
    auto guard = asio::make_work_guard(io);
    io.restart();
    while (open > 0 && io.run_one_until(give_up) > 0) {
    }
    EXPECT_EQ(open, 0u);
    std::vector<Result<Booked>> all;
    for (auto& result : results) all.push_back(std::move(result.value()));
    return all;
  }
  /// No two booked appointments of one resource touch.
  void expect_no_overlap() {
    auto list = run([&] { return booking->list(ctx, {.limit = 500}); }).value();
    for (const auto& a : list.items)
      for (const auto& b : list.items)
        if (a.id < b.id && a.resource == b.resource)
          EXPECT_TRUE(a.end <= b.start || b.end <= a.start) << to_rfc3339(a.start);
    EXPECT_EQ(events({"appointment.booked"}).size(), list.items.size());
  }
};
PARLEY_ON_BOTH_DATABASES(ConcurrencyDbTest);

TEST_P(ConcurrencyDbTest, FiftyCallersOneSlot) {
  std::vector<BookRequest> requests(50, wish("2026-03-03T14:00"));
  auto results = all_at_once(requests, {booking.get()});
  std::set<ResourceId> winners;
  for (const auto& result : results) {
    ASSERT_TRUE(result) << result.error().detail;
    if (result->appointment) {
      EXPECT_TRUE(winners.insert(result->appointment->resource).second) << "a resource twice";
      continue;
    }
    EXPECT_EQ(result->validation.refusal, Refusal::taken);
    EXPECT_EQ(result->validation.alternatives.size(), 3u);
  }
  EXPECT_EQ(winners.size(), 2u);
  expect_no_overlap();
}

TEST_P(ConcurrencyDbTest, OverlappingWishesOnTwoNodes) {
  // A second node of the same deployment; on SQLite there is only one, with two services.
  auto second_db = on_postgres() ? open_another() : nullptr;
  auto second = make_booking(second_db ? *second_db : db(), clock, random);
  std::vector<BookRequest> requests;
  for (auto* start :
       {"2026-03-03T14:00", "2026-03-03T14:10", "2026-03-03T14:20", "2026-03-03T14:29"})
    for (int i = 0; i < 8; ++i) requests.push_back(wish(start));
  auto results = all_at_once(requests, {booking.get(), second.get()});
  for (const auto& result : results) ASSERT_TRUE(result) << result.error().detail;
  expect_no_overlap();
  // All of these overlap each other, so each resource is in exactly one.
  EXPECT_EQ(run([&] { return booking->list(ctx, {}); })->total, 2);
}

TEST_P(ConcurrencyDbTest, DifferentSlotsAllSucceed) {
  std::vector<BookRequest> requests;
  for (auto* day : {"03", "04"})
    for (int hour = 9; hour < 17; ++hour)
      for (int twice = 0; twice < 2; ++twice)
        requests.push_back(wish(std::string("2026-03-") + day + (hour < 10 ? "T0" : "T") +
                                std::to_string(hour) + ":00"));
  auto results = all_at_once(requests, {booking.get()});
  for (const auto& result : results) {
    ASSERT_TRUE(result) << result.error().detail;
    EXPECT_TRUE(result->appointment);
  }
  expect_no_overlap();
}

TEST_P(ConcurrencyDbTest, OneKeyRepeatedAtOnceIsOneAppointment) {
  auto request = wish("2026-03-03T14:00");
  request.idempotency_key = "key-1";
  auto results = all_at_once(std::vector<BookRequest>(20, request), {booking.get()});
  std::set<AppointmentId> ids;
  for (const auto& result : results) {
    ASSERT_TRUE(result) << result.error().detail;
    ASSERT_TRUE(result->appointment);
    ids.insert(result->appointment->id);
  }
  EXPECT_EQ(ids.size(), 1u);
  EXPECT_EQ(events().size(), 1u);
}

}  // namespace
}  // namespace parley::booking
