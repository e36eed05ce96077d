// The process is killed at every boundary of an outgoing webhook: before and after each commit of
// the projection, the queue and the sender, before the request and after its answer. The receiver
// lives on, as receivers do.
#include <iostream>
#include <thread>

#include "parley/auth/master_key.hpp"
#include "parley/net/server.hpp"
#include "parley/telemetry/log.hpp"
#include "parley/testkit/database_test.hpp"
#include "parley/testkit/kill_program.hpp"
#include "parley/webhooks/webhooks.hpp"

namespace parley::webhooks {
namespace {

using testkit::KillRun;
using testkit::ledger_of;

/// Kill points before a request goes out and after its answer came in.
class KillingHttp final : public net::HttpClient {
 public:
  explicit KillingHttp(testkit::KillProgram& program)
      : program_(program), inner_(net::make_http_client(program.io.get_executor())) {}
  Task<net::HttpResponse> send(Context ctx, net::OutgoingRequest request) override {
    testkit::kill_point("before the request");
    ++program_.in_hand;
    auto sending = inner_->send(std::move(ctx), std::move(request));
    auto answer = co_await std::move(sending);
    --program_.in_hand;
    testkit::kill_point("after the answer");
    co_return answer;
  }

 private:
  testkit::KillProgram& program_;
  std::unique_ptr<net::HttpClient> inner_;
};

auth::MasterKey master_of(const KillRun& run, Random& random) {
  return auth::MasterKey::load_or_create(run.folder / "master_key", random).value();
}

/// Something happens, once, and what it makes is sent until it is delivered.
void run_delivery(const KillRun& run) {
  testkit::KillProgram program(run, "webhooks");
  auto master = master_of(run, program.random);
  KillingHttp http(program);
  queue::Queue::Options lanes;
  lanes.lease = program.lease;
  lanes.poll = 1h;
  queue::Queue queue({program.io.get_executor(), program.clock, program.random, *program.watched,
                      program.registry, program.tracer},
                     lanes);
  Webhooks::Options options;
  options.deliveries.addresses = Deliveries::Options::Addresses::any;
  Webhooks webhooks(
      {program.clock, program.random, *program.watched, queue, http, master, program.registry},
      options);
  events::Subscriptions::Options follow;
  follow.lease = program.lease;
  events::Subscriptions subscriptions(program.io.get_executor(), program.clock, program.random,
                                      *program.watched, follow);
  subscriptions.add(webhooks.deliveries.subscription());
  program.run([&]() -> asio::awaitable<void> {
    queue.start();
    subscriptions.start();
    // From now on it follows: what happened before that makes no deliveries.
    auto following = program.until_found("SELECT * FROM event_subscriptions", {});
    co_await std::move(following);
    auto happen = program.watched->write(program.ctx, [&](store::Tx& tx) -> Result<void> {
      auto fresh = tx.execute("INSERT INTO wanted VALUES (?1) ON CONFLICT DO NOTHING", {run.key});
      if (!fresh) return std::unexpected(fresh.error());
      if (*fresh == 0) return {};
      auto appended = tx.append("thing/" + run.key, {"thing.happened", {{"key", run.key}}});
      if (!appended) return std::unexpected(appended.error());
      return {};
    });
    if (auto done = co_await std::move(happen); !done)
      throw std::runtime_error(done.error().detail);
    auto delivered = program.until_found(
        "SELECT d.id FROM webhook_deliveries d JOIN events e ON e.id = d.event_id "
        "WHERE e.stream = ?1 AND d.status = 'delivered'",
        {"thing/" + run.key});
    co_await std::move(delivered);
    auto unfollowing = subscriptions.stop();
    co_await std::move(unfollowing);
    auto ending = queue.stop();
    co_await std::move(ending);
  });
}

const testkit::KillScenario scenario{"delivery", run_delivery};

/// Lives as long as the test. Acts once for each webhook-id, as a receiver should.
class Receiver {
 public:
  explicit Receiver(const KillRun& run) : ledger_(ledger_of(run)) {
    auto receive = [this](net::HttpRequest request) -> asio::awaitable<net::HttpResponse> {
      auto id = std::string(request.headers.get("webhook-id").value_or("none"));
      ledger_.book("arrived", id);
      ledger_.book_once("effect", id);
      co_return net::text_response(200, "thanks");
    };
    router_.add(net::Method::post, "/hook", receive);
    net::ServerOptions options;
    options.port = 0;
    server_ = std::make_unique<net::HttpServer>(
        std::vector<asio::any_io_executor>{io_.get_executor()}, router_, clock_, random_, options);
    if (!server_->start()) throw std::runtime_error("the receiver has no port");
    thread_ = std::jthread([this] { io_.run(); });
  }
  ~Receiver() {
    asio::co_spawn(io_, server_->stop(TimePoint::min()), [](const std::exception_ptr&) {});
    thread_.join();
  }
  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(server_->port()) + "/hook";
  }

 private:
  testkit::OutsideLedger ledger_;
  SystemClock clock_;
  SystemRandom random_;
  asio::io_context io_{1};
  net::Router router_;
  std::unique_ptr<net::HttpServer> server_;
  std::jthread thread_;
};

class DeliveryKillDbTest : public testkit::DatabaseTest {};
PARLEY_ON_BOTH_DATABASES(DeliveryKillDbTest);

TEST_P(DeliveryKillDbTest, ArrivesAtLeastOnceUnderOneIdAndEndsAsDelivered) {
  KillRun run{"delivery", url(), folder(), ""};
  Receiver receiver(run);
  SystemRandom system_random;
  auto master = master_of(run, system_random);
  Endpoints endpoints(clock, system_random, db(), master);
  NewEndpoint wanted{receiver.url(), "", {"thing.*"}};
  ASSERT_TRUE(this->run([&] { return endpoints.create(ctx, wanted); }));
  ASSERT_TRUE(write(
      [](store::Tx& tx) { return tx.execute("CREATE TABLE wanted (key TEXT PRIMARY KEY)"); }));
  int arrived_twice = 0;
  auto walked = testkit::walk_kill_points(run, [&](const KillRun& round) {
    auto deliveries = read([&](store::Tx& tx) {
      return tx.query(
          "SELECT d.id, d.event_id, d.status, d.attempts FROM webhook_deliveries d "
          "JOIN events e ON e.id = d.event_id WHERE e.stream = ?1",
          {"thing/" + round.key});
    });
    ASSERT_TRUE(deliveries) << deliveries.error().detail;
    ASSERT_EQ(deliveries->size(), 1u) << "one event, one endpoint, one delivery";
    auto& delivery = deliveries->front();
    EXPECT_EQ(delivery.text("status"), "delivered");
    auto id = delivery.text("event_id");
    auto ledger = ledger_of(round);
    EXPECT_GE(ledger.count("arrived", id), 1);
    EXPECT_LE(ledger.count("arrived", id), 2) << "one kill, one repetition at most";
    EXPECT_EQ(ledger.count("effect", id), 1);
    arrived_twice += ledger.count("arrived", id) > 1 ? 1 : 0;
    auto attempts = read([&](store::Tx& tx) {
      return tx.query(
          "SELECT number, response_status, error FROM webhook_attempts "
          "WHERE delivery_id = ?1 ORDER BY number",
          {delivery.text("id")});
    });
    ASSERT_GE(static_cast<int>(attempts->size()), ledger.count("arrived", id))
        << "what arrived is in the log";
    EXPECT_EQ(delivery.integer("attempts"), static_cast<std::int64_t>(attempts->size()));
    EXPECT_EQ(attempts->back().integer("response_status"), 200);
    for (std::size_t i = 0; i + 1 < attempts->size(); ++i) {
      EXPECT_TRUE((*attempts)[i].is_null("response_status"));
      EXPECT_NE((*attempts)[i].text("error"), "");
    }
  });
  std::cout << "delivery: killed at " << walked.killed.size() << " points, arrived twice "
            << arrived_twice << " times\n";
  EXPECT_GE(walked.killed.size(), 10u);
  EXPECT_GE(arrived_twice, 1) << "killed between the answer and its commit, it is sent again";
  EXPECT_FALSE(ledger_of(run).has("arrived", "none"));
  auto left = read(
      [](store::Tx& tx) { return tx.one("SELECT COUNT(*) AS n FROM jobs WHERE state <> 'done'"); });
  EXPECT_EQ(left->integer("n"), 0);
}

}  // namespace
}  // namespace parley::webhooks
