#include <set>

#include "deliveries_fixture.hpp"

namespace parley::webhooks::testing {
namespace {

PARLEY_ON_BOTH_DATABASES(DeliveriesDbTest);

TEST_P(DeliveriesDbTest, AnEventIsSentSignedAsStandardWebhooksSays) {
  queue->start();
  auto made = endpoint(url());
  auto event = happen("call.ended", {{"callId", "call_1"}});
  until_status(DeliveryStatus::delivered);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(header(got[0], "webhook-id"), event.id);
  EXPECT_EQ(header(got[0], "content-type"), "application/json");
  EXPECT_EQ(right_signatures(got[0], {made.secret}), 1);
  auto body = json::parse(got[0].body).as_object();
  EXPECT_EQ(body.at("type").as_string(), "call.ended");
  EXPECT_EQ(body.at("timestamp").as_string(), to_rfc3339(event.time));
  EXPECT_EQ(body.at("data").at("callId").as_string(), "call_1");
  auto tried = log();
  ASSERT_EQ(tried.size(), 1u);
  EXPECT_EQ(tried[0].url, url());
  EXPECT_EQ(tried[0].response_status, 200);
  EXPECT_EQ(tried[0].response_body, "thanks");
  EXPECT_EQ(tried[0].error, "");
}

TEST_P(DeliveriesDbTest, ExactlyOneDeliveryAnEventAndEndpoint) {
  auto calls = endpoint(url("/calls"), {"call.*"});
  endpoint(url("/all"));
  endpoint(url("/booked"), {"appointment.booked", "lead.created"});
  auto off = endpoint(url("/off"));
  EndpointChange change;
  change.state = Endpoint::State::disabled;
  ASSERT_TRUE(run([&] { return hooks->endpoints.change(ctx, off.endpoint.id, change); }));
  auto event = happen("call.ended");
  project(event);
  project(event);
  EXPECT_EQ(all().size(), 2u);
  queue->start();
  until([&] { return got.size() == 2; });
  let_run();
  EXPECT_EQ(got.size(), 2u);
  EXPECT_EQ(all({.endpoint = calls.endpoint.id}).size(), 1u);
  EXPECT_EQ(all({.endpoint = {}, .status = DeliveryStatus::delivered}).size(), 2u);
  EXPECT_EQ(all({.endpoint = {}, .status = {}, .event_type = "other"}).size(), 0u);
  happen("callous.thing");
  EXPECT_EQ(all({.endpoint = calls.endpoint.id}).size(), 1u);
}

TEST_P(DeliveriesDbTest, TheSubscriptionTurnsEventsIntoDeliveries) {
  events::Subscriptions subscriptions(io.get_executor(), clock, random, db());
  subscriptions.add(hooks->deliveries.subscription());
  subscriptions.start();
  endpoint(url(), {"call.*"});
  // It starts from now, which must have been written down before anything happens.
  until([&] {
    auto many = [](store::Tx& tx) {
      return tx.one("SELECT COUNT(*) AS n FROM event_subscriptions");
    };
    return read(many)->integer("n") == 1;
  });
  queue->start();
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(write([&](store::Tx& tx) { return tx.append("call/1", {"call.ended", {}}); }));
  Deliveries::Filter delivered;
  delivered.status = DeliveryStatus::delivered;
  pass_time(20ms, [&] { return all(delivered).size() == 5; });
  EXPECT_EQ(all().size(), 5u);
  run([&]() -> Task<void> {
    auto ending = subscriptions.stop();
    co_await std::move(ending);
    co_return Result<void>{};
  });
}

TEST_P(DeliveriesDbTest, AfterARotationBothSecretsSignForADay) {
  queue->start();
  auto first = endpoint(url());
  auto second = run([&] { return hooks->endpoints.rotate_secret(ctx, first.endpoint.id); }).value();
  EXPECT_NE(first.secret, second.secret);
  happen("call.ended");
  until([&] { return got.size() == 1; });
  EXPECT_EQ(right_signatures(got[0], {first.secret}), 1);
  EXPECT_EQ(right_signatures(got[0], {second.secret}), 1);
  clock.advance(25h);
  happen("call.ended");
  until([&] { return got.size() == 2; });
  EXPECT_EQ(right_signatures(got[1], {first.secret}), 0);
  EXPECT_EQ(right_signatures(got[1], {second.secret}), 1);
}

TEST_P(DeliveriesDbTest, RetriesKeepTheIdAndStampTheTimeAnew) {
  answers = {500, 404, 200};
  queue->start();
  auto made = endpoint(url());
  happen("call.ended");
  until([&] { return log().size() == 1; });
  EXPECT_EQ(one().status, DeliveryStatus::pending);
  EXPECT_GT(*one().next_attempt_at, clock.wall());
  days_pass(2s, [&] { return one().status == DeliveryStatus::delivered; });
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(header(got[0], "webhook-id"), header(got[2], "webhook-id"));
  EXPECT_NE(header(got[0], "webhook-timestamp"), header(got[2], "webhook-timestamp"));
  EXPECT_EQ(right_signatures(got[2], {made.secret}), 1);
  EXPECT_EQ(log()[0].response_status, 500);
  EXPECT_EQ(log()[0].error, "the endpoint answered 500");
  EXPECT_EQ(log()[1].response_status, 404);
  EXPECT_FALSE(look(made.endpoint.id).failing_since) << "a success ends the failing";
}

TEST_P(DeliveriesDbTest, RetryAfterIsHonoured) {
  answers = {429};
  retry_after = 3600;
  queue->start();
  endpoint(url());
  happen("call.ended");
  until([&] { return log().size() == 1; });
  EXPECT_EQ(*one().next_attempt_at - clock.wall(), 3600s);
}

TEST_P(DeliveriesDbTest, AnEndpointThatAnswers200After29Seconds) {
  hold = 29s;
  queue->start();
  endpoint(url());
  happen("call.ended");
  until([&] { return got.size() == 1; });
  let_run(20);
  EXPECT_EQ(one().status, DeliveryStatus::pending);
  clock.advance(29s);
  until_status(DeliveryStatus::delivered);
  EXPECT_GE(log()[0].duration, 29s);
}

TEST_P(DeliveriesDbTest, AnEndpointThatAnswersAfter30SecondsIsTriedAgainAndHoldsUpNoOther) {
  hold = 31s;
  queue->start();
  endpoint(url());
  happen("call.ended");
  until([&] { return got.size() == 1; });
  hold = 0s;
  auto quick = endpoint(url("/quick"), {"lead.created"});
  happen("lead.created");
  until([&] {
    return all({.endpoint = quick.endpoint.id, .status = DeliveryStatus::delivered}).size() == 1;
  });
  clock.advance(30s);
  Deliveries::Filter slow;
  slow.event_type = "call.ended";
  until([&] { return all(slow).at(0).attempts == 1; });
  EXPECT_EQ(all(slow).at(0).last_error, "deadline passed");
  EXPECT_EQ(all(slow).at(0).status, DeliveryStatus::pending);
}

TEST_P(DeliveriesDbTest, AnEndpointThatSends1GB) {
  stream_bytes = 1u << 30;
  queue->start();
  endpoint(url());
  happen("call.ended");
  until_status(DeliveryStatus::delivered);
  EXPECT_EQ(log()[0].response_body, std::string(4096, 'x'));
  let_run();
  EXPECT_LT(streamed, 64u << 20) << "the connection was closed";
}

TEST_P(DeliveriesDbTest, AnEndpointThatRedirectsTo127_0_0_1) {
  answers = {302};
  location = url("/inside");
  queue->start();
  endpoint(url());
  happen("call.ended");
  until([&] { return log().size() == 1; });
  let_run();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].path, "/hook");
  EXPECT_EQ(one().status, DeliveryStatus::pending);
  EXPECT_EQ(log()[0].response_status, 302);
}

TEST_P(DeliveriesDbTest, AnEndpointThatRedirectsTo169_254_169_254) {
  answers = {307};
  location = "http://169.254.169.254/latest/meta-data/";
  queue->start();
  endpoint(url());
  happen("call.ended");
  until([&] { return log().size() == 1; });
  EXPECT_EQ(log()[0].response_status, 307) << "its answer, not that of where it points to";
  EXPECT_EQ(one().last_error, "the endpoint answered 307");
}

TEST_P(DeliveriesDbTest, PrivateAddressesAreNotConnectedToWhateverTheNameSays) {
  make_hooks(Addresses::public_only);
  queue->start();
  auto port = std::to_string(server->port());
  int refused = 0;
  for (std::string host : {"127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1"}) {
    auto made = endpoint("http://" + host + ":" + port + "/");
    happen("call.ended");
    auto tried = [&] { return all({.endpoint = made.endpoint.id}).at(0); };
    until([&] { return tried().attempts == 1; });
    EXPECT_EQ(tried().last_error, "the address is not a public one") << host;
    ASSERT_TRUE(run([&] { return hooks->endpoints.remove(ctx, made.endpoint.id); }));
    ++refused;
  }
  EXPECT_EQ(refused, 5);
  EXPECT_TRUE(got.empty());
  EXPECT_TRUE(all().empty()) << "deliveries go with their endpoint";
}

TEST_P(DeliveriesDbTest, ANameThatIsPublicWhenItIsGivenAndPrivateWhenItIsSentTo) {
  make_hooks(Addresses::public_only);
  queue->start();
  std::string host = "hooks.example.com";
  names[host] = {"93.184.215.14"};
  endpoint(fmt::format("http://{}:{}/hook", host, server->port()));
  using Answers = std::vector<std::string>;
  for (auto& private_now : {Answers{"127.0.0.1"}, Answers{"::1"}, Answers{"169.254.169.254"},
                            Answers{"10.0.0.1", "127.0.0.1"}}) {
    names[host] = private_now;
    auto before = all().empty() ? 0 : log().size();
    if (before == 0)
      happen("call.ended");
    else
      ASSERT_TRUE(run([&, id = one().id] { return hooks->deliveries.replay(ctx, id); }));
    until([&] { return log().size() > before; });
    EXPECT_EQ(log().back().error, "the address is not a public one") << private_now[0];
    EXPECT_FALSE(log().back().response_status);
  }
  EXPECT_TRUE(got.empty());
  // The name does lead here, where that is allowed.
  stop();
  make_hooks(Addresses::any);
  queue->start();
  names[host] = {"127.0.0.1"};
  ASSERT_TRUE(run([&, id = one().id] { return hooks->deliveries.replay(ctx, id); }));
  until_status(DeliveryStatus::delivered);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(header(got[0], "host"), fmt::format("{}:{}", host, server->port()));
}

TEST_P(DeliveriesDbTest, AnEndpointThatFailsForFiveDaysIsDisabledAndAnnounced) {
  answers.assign(1000, 500);
  queue->start();
  auto made = endpoint(url(), {"call.*"});
  auto began = clock.wall();
  happen("call.ended");
  days_pass(1h, [&] { return look(made.endpoint.id).state == Endpoint::State::disabled; });
  EXPECT_GE(clock.wall() - began, 24h * 5);
  EXPECT_LE(clock.wall() - began, 24h * 6);
  EXPECT_EQ(look(made.endpoint.id).disabled_reason, "it has failed for too long");
  EXPECT_EQ(one().status, DeliveryStatus::failed);
  auto told = events("webhook_endpoint.disabled");
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].data.at("endpointId").as_string(), made.endpoint.id.str());
  auto requests = got.size();
  EXPECT_LT(requests, 31u);
  happen("call.ended");
  EXPECT_EQ(all().size(), 1u) << "it gets nothing any more";
  // Enabled again, and what was missed is replayed.
  answers.clear();
  EndpointChange change;
  change.state = Endpoint::State::enabled;
  ASSERT_TRUE(run([&] { return hooks->endpoints.change(ctx, made.endpoint.id, change); }));
  auto id = one().id;
  ASSERT_TRUE(run([&] { return hooks->deliveries.replay(ctx, id); }));
  days_pass(1min, [&] { return one().status == DeliveryStatus::delivered; });
  EXPECT_EQ(got.size(), requests + 1);
}

TEST_P(DeliveriesDbTest, GoneDisablesAtOnce) {
  answers = {410};
  queue->start();
  auto made = endpoint(url());
  happen("call.ended");
  until_status(DeliveryStatus::failed);
  EXPECT_EQ(look(made.endpoint.id).disabled_reason, "it answered 410 Gone");
  EXPECT_EQ(events("webhook_endpoint.disabled").size(), 1u);
  auto id = one().id;
  ASSERT_TRUE(run([&] { return hooks->deliveries.replay(ctx, id); }));
  until_status(DeliveryStatus::failed);
  EXPECT_EQ(one().last_error, "the endpoint is disabled");
  EXPECT_EQ(got.size(), 1u);
}

TEST_P(DeliveriesDbTest, AFailingEndpointIsPausedBetweenSingleTries) {
  answers.assign(1000, 500);
  queue->start();
  endpoint(url());
  for (int i = 0; i < 20; ++i) happen("call.ended");
  until([&] { return got.size() >= 5; });
  let_run(300);
  EXPECT_LE(got.size(), 8u) << "five failures, and what was under way with them";
}

TEST_P(DeliveriesDbTest, ReplayOfOneAndOfARange) {
  queue->start();
  auto made = endpoint(url());
  for (int i = 0; i < 3; ++i) {
    happen("call.ended");
    until([&] {
      return all({.endpoint = {}, .status = DeliveryStatus::delivered}).size() ==
             static_cast<std::size_t>(i + 1);
    });
    clock.advance(1h);
  }
  auto id = one().id;
  ASSERT_TRUE(run([&] { return hooks->deliveries.replay(ctx, id); }));
  until([&] { return got.size() == 4; });
  EXPECT_EQ(header(got[3], "webhook-id"), header(got[2], "webhook-id"));
  Deliveries::Range range;
  range.endpoint = made.endpoint.id;
  range.from.created = clock.wall() - 3h;
  range.to = clock.wall() - 1h;
  EXPECT_EQ(run([&] { return hooks->deliveries.replay(ctx, range); })->count, 0) << "none failed";
  range.status.reset();
  EXPECT_EQ(run([&] { return hooks->deliveries.replay(ctx, range); })->count, 2);
  until([&] { return got.size() == 6; });
  range.to = range.from.created;
  EXPECT_EQ(run([&] { return hooks->deliveries.replay(ctx, range); }).error().code, Errc::invalid);
  range.to = clock.wall();
  range.endpoint = EndpointId("whep_none");
  EXPECT_EQ(run([&] { return hooks->deliveries.replay(ctx, range); }).error().code,
            Errc::not_found);
}

TEST_P(DeliveriesDbTest, ARangeBeginsAmongDeliveriesOfOneTime) {
  auto made = endpoint(url());
  for (int i = 0; i < 3; ++i) happen("call.ended");
  std::set<DeliveryId> ids;
  for (auto& delivery : all()) {
    EXPECT_EQ(delivery.created, clock.wall());
    ids.insert(delivery.id);
  }
  Deliveries::Range range;
  range.endpoint = made.endpoint.id;
  range.from.created = clock.wall();
  range.to = clock.wall() + 1s;
  range.status.reset();
  for (std::int64_t left = 3; auto& id : ids) {
    range.from.id = id;
    EXPECT_EQ(run([&] { return hooks->deliveries.replay(ctx, range); })->count, left--);
  }
}

TEST_P(DeliveriesDbTest, OldDeliveriesGoAsNewOnesCome) {
  queue->start();
  endpoint(url());
  happen("call.ended");
  until_status(DeliveryStatus::delivered);
  clock.advance(24h * 31);
  happen("call.ended");
  EXPECT_EQ(all().size(), 1u);
  auto id = one().id;
  auto kept = read([&](store::Tx& tx) {
    return tx.one("SELECT COUNT(*) AS n FROM webhook_attempts WHERE delivery_id <> ?1", {id});
  });
  until_status(DeliveryStatus::delivered);
  EXPECT_EQ(kept->integer("n"), 0);
}

}  // namespace
}  // namespace parley::webhooks::testing
