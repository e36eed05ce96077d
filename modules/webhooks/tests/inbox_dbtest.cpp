#include "parley/store/event_log.hpp"
#include "webhooks_fixture.hpp"

namespace parley::webhooks::testing {
namespace {

using Statuses = std::vector<InboxStatus>;

class InboxDbTest : public WebhooksDbTest {
 protected:
  void SetUp() override {
    WebhooksDbTest::SetUp();
    Inbox::Options options;
    options.max_attempts = 4;
    inbox = std::make_unique<Inbox>(Inbox::Parts{clock, random, db(), *queue, registry}, options);
    inbox->add("event", make_event_processor());
    sources = std::make_unique<Sources>(clock, random, db(), master);
    receiver = std::make_unique<GenericReceiver>(clock, *sources, *inbox);
    receiver->mount(router);
    NewSource shop{.name = "shop", .kind = "event", .secret = {}};
    secret = run([&] { return sources->create(ctx, shop); }).value().secret;
  }
  void add(std::string kind, Processor processor) { inbox->add(std::move(kind), processor); }

  net::HttpRequest request(std::string body, std::string name = "shop") {
    auto timestamp = std::to_string(seconds());
    net::HttpRequest made;
    made.method = net::Method::post;
    made.path = "/webhooks/generic/" + name;
    made.headers.set("x-webhook-timestamp", timestamp);
    made.headers.set("x-webhook-signature", generic_signature(secret, timestamp, body));
    made.body = std::move(body);
    return made;
  }
  std::int64_t seconds() const {
    return std::chrono::floor<std::chrono::seconds>(clock.wall()).time_since_epoch().count();
  }
  asio::awaitable<Result<net::HttpResponse>> answer(net::HttpRequest asked) {
    auto found = router.match(asked.method, asked.path);
    auto* match = std::get_if<net::Router::HttpMatch>(&found);
    if (!match) co_return fail(Errc::not_found, "no route");
    asked.path_values = match->path_values;
    auto work = (*match->handler)(std::move(asked));
    auto response = co_await std::move(work);
    co_return response;
  }
  net::HttpResponse post(net::HttpRequest asked) {
    return run([&] { return answer(asked); }).value();
  }
  std::string code(const net::HttpResponse& response) {
    return std::string(json::parse(response.body).at("code").as_string());
  }
  std::vector<Received> all(Inbox::Filter filter = {}) {
    return run([&] { return inbox->list(ctx, filter); }).value().items;
  }
  bool settled() {
    for (auto& one : all())
      if (one.status == InboxStatus::received) return false;
    return true;
  }
  Received one() { return all().at(0); }
  std::string counted(std::string_view what) {
    auto text = registry.text();
    auto at = text.find("\n" + std::string(what) + " ");
    if (at == std::string::npos) return "0";
    at += what.size() + 2;
    return text.substr(at, text.find('\n', at) - at);
  }

  std::unique_ptr<Inbox> inbox;
  std::unique_ptr<Sources> sources;
  std::unique_ptr<GenericReceiver> receiver;
  net::Router router;
  std::string secret;
};
PARLEY_ON_BOTH_DATABASES(InboxDbTest);

TEST_P(InboxDbTest, AWebhookIsStoredAcknowledgedAndProcessed) {
  auto response = post(request(R"({"id":"e1","type":"order.paid"})"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(one().status, InboxStatus::received) << "stored before anything is done with it";
  EXPECT_EQ(events("webhook.received").size(), 0u);
  queue->start();
  until([&] { return settled(); });
  auto stored = one();
  EXPECT_EQ(stored.status, InboxStatus::applied);
  EXPECT_EQ(stored.what.event_id, "e1");
  EXPECT_EQ(stored.what.event_type, "order.paid");
  EXPECT_EQ(stored.what.body, R"({"id":"e1","type":"order.paid"})");
  auto happened = events("webhook.received");
  ASSERT_EQ(happened.size(), 1u);
  EXPECT_EQ(happened[0].data.at("inboxId").as_string(), stored.id.str());
}

TEST_P(InboxDbTest, TenIdenticalDeliveriesInParallelHaveOneEffect) {
  queue->start();
  auto asked = request(R"({"id":"e1","type":"order.paid"})");
  int good = 0, fresh = 0, ended = 0;
  for (int i = 0; i < 10; ++i)
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          auto work = answer(asked);
          auto response = co_await std::move(work);
          if (response && response->status == 200) ++good;
          if (response && !json::parse(response->body).at("data").at("repeated").as_bool()) ++fresh;
          ++ended;
        },
        [](std::exception_ptr e) {
          if (e) std::rethrow_exception(e);
        });
  until([&] { return ended == 10 && settled(); });
  EXPECT_EQ(good, 10);
  EXPECT_EQ(fresh, 1);
  ASSERT_EQ(all().size(), 1u);
  EXPECT_EQ(one().repeats, 9);
  EXPECT_EQ(events("webhook.received").size(), 1u);
  // And once more when it has long been processed.
  EXPECT_EQ(post(asked).status, 200);
  let_run();
  EXPECT_EQ(events("webhook.received").size(), 1u);
}

TEST_P(InboxDbTest, AWrongSignatureLeavesNothingButACount) {
  auto wrong = request("{}");
  wrong.headers.set("x-webhook-signature", std::string(64, '0'));
  EXPECT_EQ(post(wrong).status, 401);
  EXPECT_EQ(code(post(wrong)), "bad_signature");
  auto changed = request(R"({"amount":1})");
  changed.body = R"({"amount":9})";
  EXPECT_EQ(post(changed).status, 401);
  auto unsigned_one = request("{}");
  unsigned_one.headers = {};
  EXPECT_EQ(post(unsigned_one).status, 401);
  auto nobody = post(request("{}", "nobody"));
  EXPECT_EQ(nobody.status, 401);
  EXPECT_EQ(code(nobody), "bad_signature") << "which names exist is not told";
  EXPECT_TRUE(all().empty());
  EXPECT_EQ(counted(R"(parley_inbox_refused_total{reason="signature"})"), "5");
  auto jobs = read([](store::Tx& tx) { return tx.one("SELECT COUNT(*) AS n FROM jobs"); });
  EXPECT_EQ(jobs->integer("n"), 0);
}

TEST_P(InboxDbTest, AStaleTimeWithTheRightSignatureIs401) {
  auto asked = request(R"({"id":"e1"})");
  clock.advance(6min);
  auto response = post(asked);
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(code(response), "stale_timestamp");
  EXPECT_TRUE(all().empty());
  EXPECT_EQ(counted(R"(parley_inbox_refused_total{reason="stale"})"), "1");
}

TEST_P(InboxDbTest, WhatIsNoJsonObjectIs400) {
  for (std::string body : {"", "[1]", "{", "\"text\"", "{\"a\":\"\xff\"}"}) {
    auto response = post(request(body));
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_EQ(code(response), "malformed_json") << body;
  }
  auto long_id = R"({"id":")" + std::string(300, 'x') + R"("})";
  EXPECT_EQ(code(post(request(long_id))), "malformed_webhook");
  EXPECT_TRUE(all().empty());
}

TEST_P(InboxDbTest, WithoutTheDatabaseTheSenderIsToldToSendAgain) {
  auto asked = request(R"({"id":"e1"})");
  db().close();
  auto response = post(asked);
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers.get("Retry-After"), "5");
}

TEST_P(InboxDbTest, WithoutAnIdTheSignedBytesTellRepeats) {
  auto asked = request(R"({"type":"ping"})");
  EXPECT_EQ(post(asked).status, 200);
  EXPECT_EQ(post(asked).status, 200);
  EXPECT_EQ(all().size(), 1u);
  clock.advance(1s);
  EXPECT_EQ(post(request(R"({"type":"ping"})")).status, 200) << "another ping";
  EXPECT_EQ(all().size(), 2u);
}

TEST_P(InboxDbTest, OutOfOrderDeliveriesHaveNoVisibleEffect) {
  queue->start();
  auto body = [](int sequence) {
    return R"({"id":"e)" + std::to_string(sequence) +
           R"(","type":"order.changed","subject":"order_1","sequence":)" +
           std::to_string(sequence) + "}";
  };
  for (int sequence : {2, 1, 3, 3, 2}) {
    EXPECT_EQ(post(request(body(sequence))).status, 200);
    until([&] { return settled(); });
  }
  std::map<std::string, InboxStatus> status;
  for (auto& one : all()) status[one.what.event_id] = one.status;
  EXPECT_EQ(status, (std::map<std::string, InboxStatus>{{"e1", InboxStatus::stale},
                                                        {"e2", InboxStatus::applied},
                                                        {"e3", InboxStatus::applied}}));
  EXPECT_EQ(events("webhook.received").size(), 2u);
}

TEST_P(InboxDbTest, UnknownKindsAreStoredAndAcknowledged) {
  NewReceived strange{.source = "twilio",
                      .kind = "nobody.knows",
                      .event_id = "SM1",
                      .event_type = "x",
                      .subject = {},
                      .sequence = {},
                      .body = "a=b"};
  ASSERT_TRUE(run([&] { return inbox->receive(ctx, strange); }));
  queue->start();
  until([&] { return settled(); });
  EXPECT_EQ(one().status, InboxStatus::ignored);
}

TEST_P(InboxDbTest, AFailureIsTriedAgainThenDeadThenReplayed) {
  bool broken = true;
  add("flaky", [&](store::Tx& tx, const Received& event) -> Result<Processed> {
    auto appended = tx.append("flaky/1", {"flaky.happened", {}});
    if (!appended) return std::unexpected(appended.error());
    if (broken && event.attempts % 2 == 1) throw std::runtime_error("a bug");
    if (broken) return fail(Errc::unavailable, "not now");
    return Processed::applied;
  });
  NewReceived event{.source = "s",
                    .kind = "flaky",
                    .event_id = "1",
                    .event_type = "x",
                    .subject = {},
                    .sequence = {},
                    .body = "{}"};
  ASSERT_TRUE(run([&] { return inbox->receive(ctx, event); }));
  queue->start();
  pass_time(100ms, [&] { return one().status == InboxStatus::dead; });
  EXPECT_EQ(one().attempts, 4);
  EXPECT_EQ(one().last_error, "the processor threw: a bug");
  EXPECT_EQ(counted("parley_inbox_dead_total"), "1");
  EXPECT_EQ(events("flaky.happened").size(), 0u) << "what failed has left nothing";
  broken = false;
  auto id = one().id;
  ASSERT_TRUE(run([&] { return inbox->replay(ctx, id); }));
  until([&] { return one().status == InboxStatus::applied; });
  EXPECT_EQ(events("flaky.happened").size(), 1u);
  auto again = run([&] { return inbox->replay(ctx, id); });
  EXPECT_EQ(again.error().code, Errc::conflict);
}

TEST_P(InboxDbTest, WhatCannotHelpIsDeadAtOnce) {
  add("wrong", [&](store::Tx&, const Received&) -> Result<Processed> {
    return fail(Errc::invalid, "no such order");
  });
  NewReceived event{.source = "s",
                    .kind = "wrong",
                    .event_id = "1",
                    .event_type = "x",
                    .subject = {},
                    .sequence = {},
                    .body = "{}"};
  ASSERT_TRUE(run([&] { return inbox->receive(ctx, event); }));
  queue->start();
  until([&] { return one().status == InboxStatus::dead; });
  EXPECT_EQ(one().attempts, 1);
  EXPECT_EQ(one().last_error, "no such order");
}

TEST_P(InboxDbTest, TwoReplaysAtOnceHaveOneEffect) {
  NewReceived event{.source = "s",
                    .kind = "event",
                    .event_id = "1",
                    .event_type = "x",
                    .subject = {},
                    .sequence = {},
                    .body = "{}"};
  auto id = run([&] { return inbox->receive(ctx, event); }).value().id;
  ASSERT_TRUE(run([&] { return inbox->replay(ctx, id); }));
  ASSERT_TRUE(run([&] { return inbox->replay(ctx, id); }));
  queue->start();
  until([&] { return settled(); });
  let_run();
  EXPECT_EQ(events("webhook.received").size(), 1u);
}

TEST_P(InboxDbTest, EachOrganizationSeesItsOwn) {
  auto others = ctx;
  others.organization = OrganizationId("org_other");
  EXPECT_EQ(post(request(R"({"id":"e1"})")).status, 200);
  auto id = one().id;
  EXPECT_EQ(run([&] { return inbox->list(others, {}); })->total, 0);
  EXPECT_EQ(run([&] { return inbox->get(others, id); }).error().code, Errc::not_found);
  EXPECT_EQ(run([&] { return inbox->replay(others, id); }).error().code, Errc::not_found);
  auto taken = run([&] { return sources->create(others, {.name = "shop"}); });
  EXPECT_EQ(taken.error().code, Errc::conflict);
  auto source = run([&] { return sources->list(ctx); }).value().at(0).id;
  EXPECT_EQ(run([&] { return sources->remove(others, source); }).error().code, Errc::not_found);
  ASSERT_TRUE(run([&] { return sources->remove(ctx, source); }));
  EXPECT_EQ(post(request(R"({"id":"e2"})")).status, 401) << "its secret is good no more";
}

TEST_P(InboxDbTest, FiltersAndPages) {
  for (int i = 0; i < 5; ++i)
    ASSERT_EQ(post(request(R"({"id":)" + std::to_string(i) + "}")).status, 200);
  auto page = run([&] {
                return inbox->list(ctx, {.status = {}, .source = "shop", .page = 2, .limit = 2});
              }).value();
  EXPECT_EQ(page.total, 5);
  EXPECT_EQ(page.items.size(), 2u);
  EXPECT_EQ(all({.status = InboxStatus::dead}).size(), 0u);
  EXPECT_EQ(all({.status = InboxStatus::received}).size(), 5u);
  EXPECT_EQ(all({.status = {}, .source = "elsewhere"}).size(), 0u);
}

TEST_P(InboxDbTest, OldOnesGoAsNewOnesCome) {
  queue->start();
  ASSERT_EQ(post(request(R"({"id":"old"})")).status, 200);
  until([&] { return settled(); });
  clock.advance(24h * 91);
  ASSERT_EQ(post(request(R"({"id":"new"})")).status, 200);
  until([&] { return settled() && all().size() == 1; });
  EXPECT_EQ(one().what.event_id, "new");
}

TEST_P(InboxDbTest, SourcesAreChecked) {
  for (NewSource wrong : {NewSource{.name = ""}, NewSource{.name = "A"}, NewSource{.name = "a/b"},
                          NewSource{.name = "ok", .kind = "event", .secret = "short"},
                          NewSource{.name = std::string(64, 'a')}})
    EXPECT_EQ(run([&] { return sources->create(ctx, wrong); }).error().code, Errc::invalid)
        << wrong.name;
  auto row = read([](store::Tx& tx) { return tx.one("SELECT * FROM inbox_sources"); });
  EXPECT_EQ(row->text("sealed_secret").find(secret), std::string::npos);
}

}  // namespace
}  // namespace parley::webhooks::testing
