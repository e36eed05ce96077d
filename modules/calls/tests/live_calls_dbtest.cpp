#include <gmock/gmock.h>

#include "calls_fixture.hpp"
#include "parley/calls/live_calls.hpp"

namespace parley::calls {
namespace {

using ::testing::Contains;
using namespace testing;  // fakes

class LiveCallsDbTest : public CallsDbTest {
 protected:
  LiveCalls& live() { return service->live(); }
  CallId id;
  /// Does it while the call runs, and hangs up.
  void during_a_call(std::function<Task<int>()> what) {
    auto token = token_of(ring());
    id = await_call([](auto&) { return true; }).id;
    ASSERT_TRUE(talk(token, hung_up, std::move(what)));
  }
  /// Of the whole call: the timeline's end is stored soon after the call's.
  std::vector<std::string> kinds() {
    std::vector<std::string> kinds;
    auto limit = std::chrono::steady_clock::now() + 20s;
    while (kinds.empty() || kinds.back() != "session.ended") {
      if (std::chrono::steady_clock::now() > limit) {
        ADD_FAILURE() << "the timeline never ended";
        break;
      }
      kinds.clear();
      auto timeline = run([&] { return service->timeline(ctx, id); });
      for (auto& item : *timeline) kinds.push_back(item.kind);
    }
    return kinds;
  }
  /// Until the running call's timeline has it: what is ordered at the very end may come too late.
  asio::awaitable<void> until_noted(std::string kind) {
    while (true) {
      auto reading = service->timeline(ctx, id);
      auto items = co_await std::move(reading);
      if (items && std::ranges::find(*items, kind, &TimelineItem::kind) != items->end()) co_return;
    }
  }
  template <class T>
  asio::awaitable<Errc> error_of(Task<T> doing) {
    auto done = co_await std::move(doing);
    co_return done ? Errc{} : done.error().code;
  }
};
PARLEY_ON_BOTH_DATABASES(LiveCallsDbTest);

TEST_P(LiveCallsDbTest, OrdersReachTheSessionAndStandInTheTimelineWithWhoGaveThem) {
  during_a_call([&]() -> Task<int> {
    for (auto order : {&LiveCalls::hold, &LiveCalls::resume, &LiveCalls::take_over}) {
      auto ordering = (live().*order)(ctx, id);
      auto ordered = co_await std::move(ordering);
      EXPECT_TRUE(ordered && ordered->id == id);
    }
    auto whispering = live().whisper(ctx, id, LiveCalls::Whisper::instruction, "Be brief.");
    EXPECT_TRUE(co_await std::move(whispering));
    auto pressing = live().press_keys(ctx, id, "12#");
    EXPECT_TRUE(co_await std::move(pressing));
    auto noting = until_noted("keys.sent");
    co_await std::move(noting);
    co_return 0;
  });
  auto found = kinds();
  for (auto* kind : {"hold", "handed_back", "taken_over", "whisper", "keys.sent"})
    EXPECT_THAT(found, Contains(kind));
  auto timeline = run([&] { return service->timeline(ctx, id); });
  for (auto& item : *timeline)
    if (item.kind == "hold") EXPECT_EQ(text_in(item.data, "by"), "user_test");
}

TEST_P(LiveCallsDbTest, AnotherOrganizationsCallIsNotThere) {
  during_a_call([&]() -> Task<int> {
    auto other = ctx;
    other.organization = OrganizationId("org_other");
    EXPECT_EQ(co_await error_of(live().hold(other, id)), Errc::not_found);
    EXPECT_EQ(co_await error_of(live().listen(other, id)), Errc::not_found);
    EXPECT_EQ(co_await error_of(live().whisper(other, id, LiveCalls::Whisper::sentence, "Hi")),
              Errc::not_found);
    co_return 0;
  });
  auto found = kinds();
  EXPECT_THAT(found, ::testing::Not(Contains("hold")));
  EXPECT_THAT(found, ::testing::Not(Contains("listening")));
}

TEST_P(LiveCallsDbTest, ACallThatDoesNotRunTakesNoOrders) {
  during_a_call([&]() -> Task<int> { co_return 0; });
  kinds();
  auto refused = [&](auto doing) { return run(std::move(doing)).error().code; };
  EXPECT_EQ(refused([&] { return live().hold(ctx, id); }), Errc::conflict);
  EXPECT_EQ(refused([&] { return live().listen(ctx, id); }), Errc::conflict);
  EXPECT_EQ(refused([&] { return live().press_keys(ctx, id, "1x"); }), Errc::invalid);
  EXPECT_EQ(live().speak(ctx, id, {1, 2}).error().code, Errc::conflict);
}

TEST_P(LiveCallsDbTest, AListenerHearsTheCallToItsEnd) {
  std::unique_ptr<CallSound> sound;
  std::size_t heard = 0;
  during_a_call([&]() -> Task<int> {
    auto listening = live().listen(ctx, id);
    auto listened = co_await std::move(listening);
    EXPECT_TRUE(listened) << listened.error().detail;
    if (!listened) co_return 0;
    sound = std::move(*listened);
    auto taking = sound->next();
    auto piece = co_await std::move(taking);
    EXPECT_TRUE(piece);
    heard = piece ? piece->size() : 0;
    co_return 0;
  });
  EXPECT_GT(heard, 0u);
  EXPECT_EQ(heard % 2, 0u);
  ASSERT_TRUE(sound);
  Errc end{};
  while (end == Errc{}) {
    auto piece = run([&] { return sound->next(); });
    if (!piece) end = piece.error().code;
  }
  EXPECT_EQ(end, Errc::end_of_stream);
  sound.reset();
  EXPECT_THAT(kinds(), Contains("listening"));
}

}  // namespace
}  // namespace parley::calls
