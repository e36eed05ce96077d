// SIGKILL in the middle of a booking: afterwards the appointment is there with its event, or
// neither is.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/detached.hpp>

#include "fixture.hpp"
#include "parley/base/random.hpp"

namespace parley::booking {
namespace {

constexpr const char* child_url = "PARLEY_TEST_CHILD_URL";
constexpr const char* child_business = "PARLEY_TEST_CHILD_BUSINESS";

/// Books one free slot after the other and prints the id of each that was acknowledged.
asio::awaitable<void> book_for_ever(Booking& booking, Context ctx, BusinessId business,
                                    ServiceId service, int worker) {
  for (int n = worker;; n += 4) {
    BookRequest request;
    request.customer.name = "Caller " + std::to_string(n);
    request.slot = {.business = business,
                    .service = service,
                    .start = local("2026-03-03T00:00") + std::chrono::minutes{n},
                    .resource = {}};
    auto booked = co_await booking.book(ctx, std::move(request));
    if (!booked || !booked->appointment) ::_exit(3);
    auto line = booked->appointment->id.str() + "\n";
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) ::_exit(4);
  }
}

TEST(ChildProcess, DISABLED_BooksUntilItIsKilled) {
  auto* url = ::getenv(child_url);
  ASSERT_TRUE(url) << "only a child of EachBookingIsWholeOrAbsent";
  testkit::SettableClock clock;
  SystemRandom random;
  auto db = store::open_database(clock, url).value();
  auto booking = make_booking(*db, clock, random);
  Context ctx;
  ctx.organization = OrganizationId("org_test");
  BusinessId business(::getenv(child_business));
  asio::io_context io;
  auto look = [&](store::Tx& tx) { return business::load_profile(tx, ctx.organization, business); };
  auto start = [&]() -> asio::awaitable<void> {
    auto profile = co_await db->read(ctx, look);
    for (int worker = 0; worker < 4; ++worker)
      asio::co_spawn(io,
                     book_for_ever(*booking, ctx, business, profile.value().services[0].id, worker),
                     asio::detached);
  };
  asio::co_spawn(io, start(), asio::detached);
  io.run();
}

class CrashDbTest : public BookingFixture {
 protected:
  /// Lets the child book until it has printed `lines` ids, kills it, and returns them.
  std::vector<std::string> kill_after(std::size_t lines) {
    int out[2];
    EXPECT_EQ(::pipe2(out, O_CLOEXEC), 0);
    std::vector<std::string> texts{std::string(child_url) + "=" + url(),
                                   std::string(child_business) + "=" + profile->id.str()};
    char* environment[] = {texts[0].data(), texts[1].data(), nullptr};
    const char* arguments[] = {"booking_tests", "--gtest_filter=ChildProcess.*",
                               "--gtest_also_run_disabled_tests", nullptr};
    pid_t child = ::fork();
    if (child == 0) {
      ::dup2(out[1], STDOUT_FILENO);
      ::execve("/proc/self/exe", const_cast<char* const*>(arguments), environment);
      ::_exit(127);
    }
    ::close(out[1]);
    std::string text;
    std::array<char, 4096> buffer;
    bool killed = false;
    while (true) {
      auto got = ::read(out[0], buffer.data(), buffer.size());
      if (got <= 0) break;
      text.append(buffer.data(), static_cast<std::size_t>(got));
      std::size_t booked = 0;
      for (auto at = text.find("appt_"); at != std::string::npos; at = text.find("appt_", at + 1))
        ++booked;
      if (killed || booked < lines) continue;
      ::kill(child, SIGKILL);
      killed = true;
    }
    ::close(out[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(killed && WIFSIGNALED(status)) << "the child ended by itself: " << text;
    std::vector<std::string> ids;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
      if (line.starts_with("appt_") && !in.eof()) ids.push_back(line);
    return ids;
  }
};
PARLEY_ON_BOTH_DATABASES(CrashDbTest);

TEST_P(CrashDbTest, EachBookingIsWholeOrAbsent) {
  // One-minute appointments around the clock, so that the child never runs out of them.
  change_profile([](auto& p) {
    for (auto& day : p.hours) day = {{0h, 24h}};
  });
  auto services = profile->services;
  services[0].duration = 1min;
  profile = run([&] { return businesses->set_services(ctx, profile->id, services); }).value();
  std::size_t so_far = 0;
  for (int round = 0; round < 3; ++round) {
    close_database();
    auto acknowledged = kill_after(20 + 13 * static_cast<std::size_t>(round));
    reopen_database();
    booking = make_booking(db(), clock, random);
    std::set<std::string> stored;
    for (std::int64_t page = 1;; ++page) {
      auto list = run([&] { return booking->list(ctx, {.page = page, .limit = 500}); }).value();
      for (const auto& a : list.items) stored.insert(a.id.str());
      if (list.items.size() < 500) break;
    }
    std::set<std::string> with_event;
    for (const auto& event : events({"appointment.booked"})) with_event.insert(event.stream);
    EXPECT_EQ(stored, with_event);
    for (const auto& id : acknowledged) EXPECT_TRUE(stored.contains(id)) << id;
    ASSERT_GE(stored.size(), so_far + acknowledged.size());
    so_far = stored.size();
    // The children count from the start again, where these now are.
    auto cancelled = write(
        [&](store::Tx& tx) { return tx.execute("UPDATE appointments SET status = 'cancelled'"); });
    ASSERT_TRUE(cancelled);
  }
}

}  // namespace
}  // namespace parley::booking
