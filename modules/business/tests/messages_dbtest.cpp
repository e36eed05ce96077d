#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>

#include "parley/business/kept_messages.hpp"
#include "parley/store/event_log.hpp"
#include "parley/testkit/database_on_trial.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::business {
namespace {

class MessagesDbTest : public testkit::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    auto businesses = make_businesses(db(), clock, random);
    business = run([&] { return businesses->create(ctx, NewBusiness{.name = "B"}); }).value()->id;
    messages = make_messages(db(), clock, random);
  }
  Message message(std::string text) const {
    Message m;
    m.business = business;
    m.call = CallId("call_1");
    m.caller_name = "Ann";
    m.caller_phone = "212 555 0101";
    m.text = std::move(text);
    return m;
  }
  Result<Message> leave(Message m, std::string key = "") {
    return run([&] { return messages->leave(ctx, m, key); });
  }
  std::unique_ptr<Messages> messages;
  BusinessId business;
};
PARLEY_ON_BOTH_DATABASES(MessagesDbTest);

TEST_P(MessagesDbTest, IsKeptWithItsEventNewestFirst) {
  auto first = leave(message("Call me back"));
  ASSERT_TRUE(first) << first.error().detail;
  EXPECT_EQ(first->caller_phone, "+12125550101");
  clock.advance(1s);
  ASSERT_TRUE(leave(message("Never mind")));
  auto list = run([&] { return messages->list(ctx, business, {}); });
  ASSERT_TRUE(list);
  ASSERT_EQ(list->items.size(), 2u);
  EXPECT_EQ(list->items[0].text, "Never mind");
  EXPECT_EQ(list->items[1].text, "Call me back");
  EXPECT_EQ(list->items[1].received, first->received);
  auto events = read([&](store::Tx& tx) {
    return store::read_events(tx, {.organization = ctx.organization, .types = {"message.left"}}, {},
                              10);
  });
  ASSERT_EQ(events->size(), 2u);
  EXPECT_EQ((*events)[0].data.at("text"), "Call me back");
}

TEST_P(MessagesDbTest, OneLeftWithoutTheDatabaseIsThereOnceWhenItReturns) {
  testkit::DatabaseOnTrial database(db(), clock);
  auto stored = make_messages(database, clock, random);
  WorkerPool files{{.name = "files", .threads = 1}};
  auto make = [&] {
    return make_kept_messages(*stored, clock, random, files, folder() / "messages.owed");
  };
  auto kept = make();
  auto leave_kept = [&](std::string text, std::string key) {
    return run([&] { return kept->leave(ctx, message(text), key); });
  };
  auto pay = [&] { return run([&] { return kept->pay(Context{}); }); };
  database.lose_next_answer();
  ASSERT_TRUE(leave_kept("Its answer is lost", "k1"));
  database.go_away();
  auto at = clock.wall();
  ASSERT_TRUE(leave_kept("Away", "k2"));
  ASSERT_TRUE(leave_kept("Away", "k2")) << "a repeat is the same message";
  EXPECT_EQ(leave_kept("", "k3").error().code, Errc::invalid);
  EXPECT_EQ(pay().error().code, Errc::unavailable);
  clock.advance(1h);
  kept = make();  // another process
  database.come_back();
  ASSERT_TRUE(pay());
  ASSERT_TRUE(pay());
  auto list = run([&] { return kept->list(ctx, business, {}); });
  ASSERT_TRUE(list);
  ASSERT_EQ(list->items.size(), 2U);
  for (auto& item : list->items) EXPECT_LT(item.received - at, 1min) << item.text;
  EXPECT_FALSE(std::filesystem::exists(folder() / "messages.owed"));
}

TEST_P(MessagesDbTest, EachPageTellsHowManyThereAreOfThisBusiness) {
  auto another = make_businesses(db(), clock, random);
  auto elsewhere = message("Not yours");
  elsewhere.business =
      run([&] { return another->create(ctx, NewBusiness{.name = "C"}); }).value()->id;
  ASSERT_TRUE(leave(elsewhere));
  for (const auto* text : {"One", "Two", "Three"}) {
    clock.advance(1s);
    ASSERT_TRUE(leave(message(text)));
  }
  auto page = [&](std::int64_t number) {
    return run([&] {
             return messages->list(ctx, business, {.number = number, .limit = 2, .sort = ""});
           })
        .value();
  };
  EXPECT_EQ(page(1).items.size(), 2u);
  EXPECT_EQ(page(1).total, 3);
  ASSERT_EQ(page(2).items.size(), 1u);
  EXPECT_EQ(page(2).items[0].text, "One");
  EXPECT_EQ(page(2).total, 3);
  EXPECT_TRUE(page(3).items.empty());
  EXPECT_EQ(page(3).total, 3);
}

TEST_P(MessagesDbTest, ARepeatReturnsTheFirst) {
  auto first = leave(message("Hello"), "key-1");
  auto again = leave(message("Hello"), "key-1");
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->id, again->id);
  EXPECT_NE(leave(message("Hello"), "key-2")->id, first->id);
  EXPECT_EQ(run([&] { return messages->list(ctx, business, {}); })->total, 2);
}

TEST_P(MessagesDbTest, OneKeyRepeatedAtOnceIsOneMessage) {
  std::vector<Result<Message>> results;
  for (int i = 0; i < 20; ++i)
    asio::co_spawn(io, messages->leave(ctx, message("Hello"), "key-1"),
                   [&](std::exception_ptr, Result<Message> left) { results.push_back(left); });
  auto give_up = std::chrono::steady_clock::now() + 60s;
  auto guard = asio::make_work_guard(io);
  io.restart();
  while (results.size() < 20 && io.run_one_until(give_up) > 0) {
  }
  ASSERT_EQ(results.size(), 20u);
  for (const auto& left : results) {
    ASSERT_TRUE(left) << left.error().detail;
    EXPECT_EQ(left->id, results[0]->id);
  }
}

TEST_P(MessagesDbTest, RefusesWhatIsWrong) {
  EXPECT_EQ(leave(message("  ")).error().code, Errc::invalid);
  EXPECT_EQ(leave(message(std::string(4001, 'x'))).error().code, Errc::invalid);
  auto bad_phone = message("Hi");
  bad_phone.caller_phone = "nobody";
  EXPECT_EQ(leave(bad_phone).error().code, Errc::invalid);
  auto bad_name = message("Hi");
  bad_name.caller_name = "a\nb";
  EXPECT_EQ(leave(bad_name).error().code, Errc::invalid);
  auto nowhere = message("Hi");
  nowhere.business = BusinessId("biz_none");
  EXPECT_EQ(leave(nowhere).error().code, Errc::not_found);
}

TEST_P(MessagesDbTest, AnotherOrganizationSeesNothing) {
  ASSERT_TRUE(leave(message("Private"), "key-1"));
  ctx.organization = OrganizationId("org_other");
  EXPECT_EQ(leave(message("Hi"), "key-1").error().code, Errc::not_found);
  EXPECT_EQ(run([&] { return messages->list(ctx, business, {}); }).error().code, Errc::not_found);
}

}  // namespace
}  // namespace parley::business
