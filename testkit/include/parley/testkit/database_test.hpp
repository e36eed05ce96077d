#pragma once
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <memory>

#include "parley/base/context.hpp"
#include "parley/base/random.hpp"
#include "parley/base/run_to_end.hpp"
#include "parley/store/database.hpp"
#include "parley/testkit/settable_clock.hpp"

namespace parley::testkit {

/// A suite that runs on a fresh SQLite file and on a fresh PostgreSQL database, both migrated:
///
///   class BookingDbTest : public testkit::DatabaseTest {};
///   PARLEY_ON_BOTH_DATABASES(BookingDbTest);
///   TEST_P(BookingDbTest, TwoCallersOneSlot) {
///     auto booked = run([&]() -> Task<Appointment> {
///       auto work = service.book(ctx, request);
///       co_return co_await std::move(work);
///     });
///     ASSERT_TRUE(booked) << booked.error().detail;
///   }
///
/// The tests' module must depend on store. Files are tests/*_dbtest.cpp.
class DatabaseTest : public ::testing::TestWithParam<store::Database::Kind> {
 protected:
  void SetUp() override;
  void TearDown() override;

  store::Database& db() { return *db_; }
  bool on_postgres() const { return GetParam() == store::Database::Kind::postgresql; }
  /// Another Database on the same data: a second node, or this one after a restart.
  std::unique_ptr<store::Database> open_another();
  void close_database() { db_.reset(); }
  void reopen_database() { db_ = open_another(); }
  /// "sqlite:<path>" or "postgresql://..."; for child processes.
  std::string url() const;
  const std::filesystem::path& folder() const { return folder_; }

  /// Runs the coroutine that `start` makes on a real io_context, beside whatever else runs there,
  /// until it ends, and returns its result. A minute without an end fails the test by an exception.
  template <class Start>
  auto run(Start start) {
    return run_to_end(io, std::move(start), [this](const bool& done) { drive(done); });
  }

  /// Runs what is in `io` until it holds. Two minutes in vain fail the test.
  template <class Condition>
  void until(Condition condition) {
    auto guard = asio::make_work_guard(io);
    auto give_up = std::chrono::steady_clock::now() + 2min;
    io.restart();
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up) << "it never came true";
      io.run_one_for(1ms);
    }
  }
  /// Lets what is in `io` go on for so many turns of at most a millisecond, and until nobody asks
  /// the databases for anything (or for long, where nodes poll): to see what does not happen.
  void let_run(int turns = 200);
  /// Virtual time passes, `step` by step, until it holds. What comes due is done in between: time
  /// that ran ahead of the databases would end limits and leases of what they are busy with.
  template <class Condition>
  void pass_time(Duration step, Condition condition) {
    auto give_up = std::chrono::steady_clock::now() + 2min;
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up) << "it never came true";
      clock.advance(step);
      let_run(1);
    }
  }

  /// A transaction in one line, for arranging and looking.
  template <class Function>
  auto write(Function change) {
    return run([&] { return db().write(ctx, change); });
  }
  template <class Function>
  auto read(Function look) {
    return run([&] { return db().read(ctx, look); });
  }

  asio::io_context io{1};
  SettableClock clock;
  SeededRandom random{1};
  Context ctx;  ///< organization org_test, principal user_test as owner

 private:
  void drive(const bool& done);
  std::filesystem::path folder_;
  std::string database_;
  std::atomic<int> in_hand_{0};  ///< transactions that were asked for and are not answered yet
  std::unique_ptr<store::Database> db_;
};

/// The databases a suite runs on; the test's name ends in /sqlite or /postgresql.
#define PARLEY_ON_BOTH_DATABASES(Suite)                                                       \
  INSTANTIATE_TEST_SUITE_P(                                                                   \
      On, Suite,                                                                              \
      ::testing::Values(parley::store::Database::Kind::sqlite,                                \
                        parley::store::Database::Kind::postgresql),                           \
      [](const auto& info) {                                                                  \
        return info.param == parley::store::Database::Kind::sqlite ? "sqlite" : "postgresql"; \
      })
/// For what only one of them has: PARLEY_ON_DATABASE(DiskFullDbTest, sqlite).
#define PARLEY_ON_DATABASE(Suite, kind_name)                                                       \
  INSTANTIATE_TEST_SUITE_P(On, Suite, ::testing::Values(parley::store::Database::Kind::kind_name), \
                           [](const auto&) { return #kind_name; })

}  // namespace parley::testkit
