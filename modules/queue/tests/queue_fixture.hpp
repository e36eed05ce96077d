#pragma once
#include <gtest/gtest.h>

#include "parley/queue/queue.hpp"
#include "parley/telemetry/log.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::queue {

/// One attempt that a handler saw.
struct Seen {
  std::string key;
  std::string what;
  std::int64_t attempt = 0;
  OrganizationId organization;
  friend bool operator==(const Seen&, const Seen&) = default;
};

class QueueDbTest : public testkit::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    ASSERT_TRUE(log::configure({.level = log::Level::off}));
  }
  void TearDown() override {
    for (auto& one : queues_) stop(*one);
    queues_.clear();
    DatabaseTest::TearDown();
  }

  /// Polls hardly ever: what runs was signalled. Leases outlast a test's leaps in time.
  static Queue::Options quiet() {
    Queue::Options options;
    options.poll = 1h;
    options.lease = 24h * 30;
    options.workers = {{"default", 4}, {"slow", 1}};
    return options;
  }
  Queue& make(Queue::Options options) { return make(std::move(options), io, db()); }
  Queue& make(Queue::Options options, asio::io_context& on, store::Database& database) {
    Queue::Parts parts{on.get_executor(), clock, random, database, registry_, tracer_};
    queues_.push_back(std::make_unique<Queue>(parts, std::move(options)));
    return *queues_.back();
  }
  void stop(Queue& queue) {
    run([&]() -> Task<void> {
      auto ending = queue.stop();
      co_await std::move(ending);
      co_return Result<void>{};
    });
  }

  /// A handler that notes what it saw and succeeds.
  Handler noting() {
    return [this](Context ctx, JobRun& run) -> Task<void> {
      note(ctx, run);
      co_return Result<void>{};
    };
  }
  void note(const Context& ctx, const JobRun& run) {
    auto* what = run.payload().if_contains("what");
    seen.push_back({run.idempotency_key(), what ? std::string(what->as_string()) : "",
                    run.attempt(), ctx.organization});
  }

  Enqueued put(Queue& queue, NewJob job) {
    auto enqueued = run([&] { return queue.enqueue(ctx, job); });
    EXPECT_TRUE(enqueued) << enqueued.error().detail;
    return enqueued.value_or(Enqueued{});
  }
  static NewJob job(std::string what, std::string handler = "work.v1") {
    NewJob made;
    made.handler = std::move(handler);
    made.payload = {{"what", what}};
    return made;
  }
  Job look(Queue& queue, const JobId& id) {
    auto found = run([&] { return queue.find(ctx, id); });
    EXPECT_TRUE(found) << found.error().detail;
    return found.value_or(Job{});
  }
  JobState state(Queue& queue, const JobId& id) { return look(queue, id).state; }

  void until_state(Queue& queue, const JobId& id, JobState wanted) {
    until([&] { return state(queue, id) == wanted; });
  }
  /// Nothing that was begun is unfinished: a clock that leaps past a lease would give it away.
  void until_finished() {
    until([&] {
      auto row = read([](store::Tx& tx) {
        return tx.one("SELECT COUNT(*) AS many FROM jobs WHERE state = 'running'");
      });
      return row && row->integer("many") == 0;
    });
  }
  std::vector<std::string> whats() const {
    std::vector<std::string> all;
    for (const auto& one : seen) all.push_back(one.what);
    return all;
  }

  std::vector<Seen> seen;
  metrics::Registry registry_;

 private:
  trace::NoSpanSink sink_;
  trace::Tracer tracer_{clock, random, sink_};
  std::vector<std::unique_ptr<Queue>> queues_;
};

}  // namespace parley::queue
