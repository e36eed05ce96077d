#include <gtest/gtest.h>
#include <sodium.h>

#include <set>

#include "parley/base/clock.hpp"
#include "parley/base/context.hpp"
#include "parley/base/json.hpp"
#include "parley/base/strings.hpp"
#include "parley/base/task_group.hpp"
#include "parley/base/worker_pool.hpp"
#include "parley/testkit/sim_world.hpp"

namespace parley {
namespace {

using testkit::SimWorld;

TEST(Errc, EveryCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(Errc::resource_exhausted); ++code) {
    auto name = to_string(static_cast<Errc>(code));
    EXPECT_NE(name, "unknown") << code;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  EXPECT_EQ(to_string(Errc::outcome_unknown), "outcome_unknown");
  EXPECT_EQ(to_string(static_cast<Errc>(1000)), "unknown");
}

TEST(Clock, Rfc3339RoundTripsAndReadsOffsets) {
  auto time = parse_rfc3339("2026-03-08T02:30:00.5-05:00");
  ASSERT_TRUE(time);
  EXPECT_EQ(to_rfc3339(*time), "2026-03-08T07:30:00.500Z");
  EXPECT_EQ(to_rfc3339(parse_rfc3339("1999-12-31T23:59:60Z").value()), "2000-01-01T00:00:00.000Z");
}

TEST(Clock, RefusesWhatIsNotATime) {
  for (auto* text :
       {"", "2026-02-30T00:00:00Z", "2026-01-01", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00",
        "2026-01-01T00:00:00Zx", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+99:00"}) {
    auto time = parse_rfc3339(text);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().code, Errc::invalid);
  }
}

TEST(Id, IsPrefixedUniqueAndInTimeOrder) {
  SimWorld world;
  auto first = CallId::make(world.clock(), world.random());
  auto second = CallId::make(world.clock(), world.random());
  EXPECT_EQ(first.str().substr(0, 5), "call_");
  EXPECT_EQ(first.str().size(), 31u);
  EXPECT_NE(first, second);
  world.clock().advance_to(world.clock().now() + 1ms);
  EXPECT_LT(first, CallId::make(world.clock(), world.random()));
}

TEST(Strings, Base64IsStrict) {
  EXPECT_EQ(base64_encode(as_bytes("any carnal pleas")), "YW55IGNhcm5hbCBwbGVhcw==");
  EXPECT_EQ(as_text(base64_decode("YW55IGNhcm5hbCBwbGVhcw==").value()), "any carnal pleas");
  for (auto* bad : {"YW5", "YW55IGNhcm5hbCBwbGVhcw=", "!!!!", "YW55 YW55"})
    EXPECT_EQ(base64_decode(bad).error().code, Errc::invalid) << bad;
}

TEST(Strings, UrlCodingAndUtf8) {
  EXPECT_EQ(url_encode("a b+c/Ü"), "a%20b%2Bc%2F%C3%9C");
  EXPECT_EQ(url_decode("a%20b+c", true).value(), "a b c");
  EXPECT_EQ(url_decode("%4").error().code, Errc::invalid);
  EXPECT_EQ(url_decode("%zz").error().code, Errc::invalid);
  EXPECT_TRUE(is_valid_utf8("Grüße ☎"));
  EXPECT_FALSE(is_valid_utf8("\xC0\x80"));
  EXPECT_FALSE(is_valid_utf8("\xED\xA0\x80"));
  EXPECT_EQ(latin1_to_utf8("caf\xE9 \x80"), "café €");
}

TEST(Strings, NearestKnownName) {
  std::vector<std::string> keys{"server.listen", "server.public_url", "data.dir"};
  EXPECT_EQ(nearest("server.lisen", keys), "server.listen");
  EXPECT_EQ(nearest("zzz", keys), std::nullopt);
}

TEST(Strings, PhoneNumbers) {
  EXPECT_EQ(normalize_e164("(212) 555-0100").value(), "+12125550100");
  EXPECT_EQ(normalize_e164("+44 20 7946 0000").value(), "+442079460000");
  for (auto* bad : {"", "12ab", "+0123456789", "+1234567890123456"})
    EXPECT_EQ(normalize_e164(bad).error().code, Errc::invalid) << bad;
}

TEST(Json, DepthIsBounded) {
  std::string deep(10000, '[');
  auto parsed = parse_json(deep);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, Errc::invalid);
  EXPECT_NE(parsed.error().detail.find("32 levels"), std::string::npos);
}

TEST(Json, FieldReaderReportsEveryProblemAtOnce) {
  auto body = parse_json(R"({"name": 7, "age": 200, "extra": true})").value();
  FieldReader in(body);
  in.text("name");
  in.integer("age", 0, 150);
  in.text("city");
  auto problems = in.finish();
  std::set<std::string> fields;
  for (auto& p : problems) fields.insert(p.field);
  EXPECT_EQ(fields, (std::set<std::string>{"name", "age", "city", "extra"}));
}

TEST(SimWorld, SleepsTakeNoTimeAndKeepOrder) {
  SimWorld world;
  std::vector<int> order;
  auto outcome = world.run([&]() -> Task<int> {
    TaskGroup group(world.executor());
    group.spawn("late", [&]() -> asio::awaitable<void> {
      co_await world.clock().sleep_for(2h);
      order.push_back(2);
    });
    group.spawn("early", [&]() -> asio::awaitable<void> {
      co_await world.clock().sleep_for(1h);
      order.push_back(1);
    });
    co_await world.clock().sleep_for(3h);
    co_await group.stop();
    co_return 7;
  });
  EXPECT_EQ(outcome.value(), 7);
  EXPECT_EQ(order, (std::vector{1, 2}));
  EXPECT_EQ(world.elapsed(), 3h);
}

TEST(Deadline, HungWorkTimesOutExactlyOnTime) {
  SimWorld world;
  auto outcome = world.run([&]() -> Task<int> {
    auto hung = [](Clock& clock) -> Task<int> {
      co_await clock.sleep_for(10h);
      co_return 1;
    };
    auto work = hung(world.clock());
    co_return co_await with_deadline(world.clock(), world.clock().now() + 2s, std::move(work));
  });
  EXPECT_EQ(outcome.error().code, Errc::timeout);
  EXPECT_EQ(world.elapsed(), 2s);
}

TEST(Deadline, WhatTheWorkThrowsComesOutAtOnce) {
  SimWorld world;
  auto throwing = [](Clock& clock) -> Task<int> {
    co_await clock.sleep_for(1s);
    throw std::runtime_error("broken");
  };
  EXPECT_THROW(world.run([&]() -> Task<int> {
    auto work = throwing(world.clock());
    co_return co_await with_deadline(world.clock(), world.clock().now() + 1h, std::move(work));
  }),
               std::runtime_error);
  EXPECT_EQ(world.elapsed(), 1s);
}

TEST(TaskGroup, StopCancelsAndAwaitsAndReportsFailures) {
  SimWorld world;
  std::vector<std::string> failed;
  bool cleaned_up = false;
  world.run([&]() -> Task<int> {
    TaskGroup group(world.executor(), [&](auto& name, auto&) { failed.push_back(name); });
    group.spawn("thrower", []() -> asio::awaitable<void> {
      throw std::runtime_error("broken");
      co_return;
    });
    group.spawn("sleeper", [&]() -> asio::awaitable<void> {
      struct Flag {
        bool& set;
        ~Flag() { set = true; }
      } flag{cleaned_up};
      co_await world.clock().sleep_for(24h);
    });
    co_await world.clock().sleep_for(1s);
    co_await group.stop();
    co_await group.stop();
    EXPECT_TRUE(cleaned_up);
    EXPECT_EQ(group.size(), 0u);
    co_return 0;
  });
  EXPECT_EQ(failed, std::vector<std::string>{"thrower"});
  EXPECT_EQ(world.elapsed(), 1s);
}

TEST(TaskGroup, CancellingATaskInsideADeadlineIsNoFailure) {
  SimWorld world;
  std::vector<std::string> failed;
  world.run([&]() -> Task<int> {
    TaskGroup group(world.executor(), [&](auto& name, auto&) { failed.push_back(name); });
    group.spawn("waiter", [&]() -> asio::awaitable<void> {
      auto hung = [](Clock& clock) -> Task<int> {
        co_await clock.sleep_for(10h);
        co_return 1;
      };
      auto work = hung(world.clock());
      (void)co_await with_deadline(world.clock(), world.clock().now() + 5h, std::move(work));
    });
    co_await world.clock().sleep_for(1s);
    co_await group.stop();
    co_return 0;
  });
  EXPECT_TRUE(failed.empty());
}

TEST(WorkerPool, RunsOffTheCallersThreadAndRefusesWhenFull) {
  asio::io_context io;
  WorkerPool pool({.name = "test", .threads = 1, .max_queued = 1});
  std::mutex gate;
  std::unique_lock hold(gate);
  std::atomic<bool> started = false;
  ASSERT_TRUE(pool.post([&] {
    started = true;
    std::lock_guard wait(gate);
  }));
  while (!started) std::this_thread::yield();
  ASSERT_TRUE(pool.post([] {}));
  std::vector<Result<int>> results;
  auto ask = [&]() -> asio::awaitable<void> {
    std::function<Result<int>()> work = [] { return 1; };
    results.push_back(co_await pool.run<int>(std::move(work)));
    hold.unlock();
    while (pool.queued() > 0) co_await asio::post(asio::use_awaitable);
    std::function<Result<int>()> second = [] { return 2; };
    results.push_back(co_await pool.run<int>(std::move(second)));
  };
  asio::co_spawn(io, ask(), [](std::exception_ptr e) { ASSERT_FALSE(e); });
  io.run();
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].error().code, Errc::rate_limited);
  EXPECT_EQ(results[1].value(), 2);
}

/// The decoder and encoder are our own, for speed; libsodium's say the same of every text.
TEST(Base64, IsWhatSodiumSays) {
  constexpr std::string_view some = "AZaz09+/=\n -_";
  std::uint64_t state = 7;
  auto next = [&state] {
    return (state = state * 6364136223846793005U + 1442695040888963407U) >> 33U;
  };
  int valid = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    auto letters = round % 2 ? 9 : some.size();
    for (auto left = next() % 9; left > 0; --left) text += some[next() % letters];
    std::vector<unsigned char> wanted(text.size() + 3);
    std::size_t length = 0;
    const char* end = nullptr;
    bool sound = sodium_base642bin(wanted.data(), wanted.size(), text.data(), text.size(), nullptr,
                                   &length, &end, sodium_base64_VARIANT_ORIGINAL) == 0 &&
                 end == text.data() + text.size();
    auto decoded = base64_decode(text);
    ASSERT_EQ(decoded.has_value(), sound) << '"' << text << '"';
    if (!sound) continue;
    ++valid;
    ASSERT_TRUE(std::ranges::equal(std::as_bytes(std::span(wanted).first(length)), *decoded));
    ASSERT_EQ(base64_encode(*decoded), text);
  }
  EXPECT_GT(valid, 500);
}

}  // namespace
}  // namespace parley
