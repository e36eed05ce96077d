// SIGKILL between storing and processing: whatever was acknowledged takes effect once, later.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "parley/store/event_log.hpp"
#include "webhooks_fixture.hpp"

namespace parley::webhooks::testing {
namespace {

constexpr const char* child_url = "PARLEY_TEST_CHILD_URL";
constexpr const char* child_point = "PARLEY_TEST_CHILD_POINT";

NewReceived numbered(int n) {
  return {.source = "shop",
          .kind = "effect",
          .event_id = std::to_string(n),
          .event_type = "x",
          .subject = {},
          .sequence = {},
          .body = "{}"};
}

/// Receives and processes webhooks until the n-th is at the named point, where the process dies.
TEST(ChildProcess, DISABLED_DiesInTheInbox) {
  auto* url = ::getenv(child_url);
  ASSERT_TRUE(url) << "only a child of WhatWasAcknowledgedTakesEffectOnce";
  std::string point = ::getenv(child_point);
  testkit::SettableClock clock;
  SystemRandom random;
  metrics::Registry registry;
  trace::NoSpanSink spans;
  trace::Tracer tracer(clock, random, spans);
  auto db = store::open_database(clock, url).value();
  asio::io_context io(1);
  queue::Queue queue({io.get_executor(), clock, random, *db, registry, tracer});
  Inbox inbox({clock, random, *db, queue, registry});
  inbox.add("effect", [&](store::Tx& tx, const Received& event) -> Result<Processed> {
    bool third = event.what.event_id == "3";
    if (third && point == "before") ::raise(SIGKILL);
    auto appended = tx.append("effect/" + event.what.event_id, {"effect.happened", {}});
    if (!appended) return std::unexpected(appended.error());
    if (third && point == "inside") ::raise(SIGKILL);
    if (third && point == "committed") tx.after_commit([] { ::raise(SIGKILL); });
    return Processed::applied;
  });
  Context ctx;
  ctx.organization = OrganizationId("org_test");
  auto start = [&]() -> asio::awaitable<void> {
    for (int n = 0; n < 6; ++n) {
      auto storing = inbox.receive(ctx, numbered(n));
      auto stored = co_await std::move(storing);
      if (!stored) ::_exit(3);
      auto line = "stored " + std::to_string(n) + "\n";
      if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) ::_exit(4);
      if (n == 3 && point == "stored") ::raise(SIGKILL);
      if (n == 2 && point != "stored") queue.start();
    }
  };
  auto ended = [](std::exception_ptr) {};
  asio::co_spawn(io, start(), ended);
  io.run();
}

class InboxCrashDbTest : public WebhooksDbTest {
 protected:
  /// How many the child acknowledged before it died at `point`.
  int die_at(const std::string& point) {
    int out[2];
    EXPECT_EQ(::pipe2(out, O_CLOEXEC), 0);
    std::vector<std::string> texts{std::string(child_url) + "=" + url(),
                                   std::string(child_point) + "=" + point};
    char* environment[] = {texts[0].data(), texts[1].data(), nullptr};
    const char* arguments[] = {"webhooks_tests",
                               "--gtest_filter=ChildProcess.DISABLED_DiesInTheInbox",
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
    for (ssize_t got = 0; (got = ::read(out[0], buffer.data(), buffer.size())) > 0;)
      text.append(buffer.data(), static_cast<std::size_t>(got));
    ::close(out[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        << "the child ended by itself: " << text;
    int stored = 0;
    for (auto at = text.find("stored "); at != std::string::npos; at = text.find("stored ", at + 1))
      ++stored;
    return stored;
  }
};
PARLEY_ON_BOTH_DATABASES(InboxCrashDbTest);

TEST_P(InboxCrashDbTest, WhatWasAcknowledgedTakesEffectOnce) {
  for (std::string point : {"stored", "before", "inside", "committed"}) {
    auto acknowledged = die_at(point);
    ASSERT_GE(acknowledged, 3) << point;
    stop();
    lease = 30s;
    make_queue();
    // The dead node's jobs are known by its beat, which stands still for the lease.
    Inbox inbox({clock, random, db(), *queue, registry});
    inbox.add("effect", [&](store::Tx& tx, const Received& event) -> Result<Processed> {
      auto appended = tx.append("effect/" + event.what.event_id, {"effect.happened", {}});
      if (!appended) return std::unexpected(appended.error());
      return Processed::applied;
    });
    queue->start();
    auto left = [&] {
      return run([&] { return inbox.list(ctx, {.status = InboxStatus::received}); })->total;
    };
    pass_time(5s, [&] { return left() == 0; });
    // The sender repeats all it was not told about, and more.
    for (int n = 0; n < 6; ++n) ASSERT_TRUE(run([&] { return inbox.receive(ctx, numbered(n)); }));
    until([&] { return left() == 0; });
    let_run();
    auto happened = events("effect.happened");
    std::set<std::string> streams;
    for (auto& event : happened) streams.insert(event.stream);
    EXPECT_EQ(happened.size(), 6u) << point;
    EXPECT_EQ(streams.size(), 6u) << point;
    stop();
    ASSERT_TRUE(write([](store::Tx& tx) { return tx.execute("DELETE FROM inbox"); }));
    ASSERT_TRUE(write([](store::Tx& tx) { return tx.execute("DELETE FROM jobs"); }));
    ASSERT_TRUE(write([](store::Tx& tx) { return tx.execute("DELETE FROM events"); }));
    ASSERT_TRUE(write([](store::Tx& tx) { return tx.execute("DELETE FROM event_streams"); }));
  }
}

}  // namespace
}  // namespace parley::webhooks::testing
