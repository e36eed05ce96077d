// Jobs whose workers are told of by a real RabbitMQ, on a real PostgreSQL.
#include "parley/providers/rabbitmq/rabbit_broker.hpp"
#include "parley/queue/queue.hpp"
#include "parley/telemetry/log.hpp"
#include "parley/testkit/database_test.hpp"
#include "parley/testkit/rabbit_server.hpp"

namespace parley::providers::rabbitmq {
namespace {

using testkit::RabbitServer;

/// A node: its database connection, its broker, its queue. It looks by itself hardly ever.
struct Node {
  Node(asio::io_context& io, Clock& clock, Random& random, std::unique_ptr<store::Database> opened,
       const std::string& lane, int workers)
      : database(std::move(opened)),
        tracer(clock, random, sink),
        broker(make_broker(Address::parse(RabbitServer::instance().url()).value(), system_random,
                           registry, quick())) {
    queue::Queue::Options options;
    options.workers = {{lane, workers}};
    options.poll = 1h;
    options.sweep = 1h;
    options.lease = 24h;
    queue::Queue::Parts parts{io.get_executor(), clock,  random,      *database,
                              registry,          tracer, broker.get()};
    queue = std::make_unique<queue::Queue>(parts, options);
  }
  static Options quick() {
    Options options;
    options.longest_pause = std::chrono::milliseconds(500);
    return options;
  }
  SystemRandom system_random;
  metrics::Registry registry;
  trace::NoSpanSink sink;
  std::unique_ptr<store::Database> database;
  trace::Tracer tracer;
  std::unique_ptr<queue::Broker> broker;
  std::unique_ptr<queue::Queue> queue;
};

class RabbitJobsDbTest : public testkit::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    ASSERT_TRUE(log::configure({.level = log::Level::off}));
  }
  void TearDown() override {
    for (auto& node : nodes_)
      run([&]() -> Task<void> {
        auto ending = node->queue->stop();
        co_await std::move(ending);
        co_return Result<void>{};
      });
    nodes_.clear();
    DatabaseTest::TearDown();
  }
  Node& make(const std::string& lane, int workers) {
    nodes_.push_back(std::make_unique<Node>(io, clock, random, open_another(), lane, workers));
    return *nodes_.back();
  }
  void until_well(Node& node) {
    until([&] { return node.broker->condition().well(); });
  }
  Result<queue::Enqueued> put(Node& node) {
    return run([&] { return node.queue->enqueue(ctx, {.handler = "work.v1"}); });
  }

 private:
  std::vector<std::unique_ptr<Node>> nodes_;
};
PARLEY_ON_DATABASE(RabbitJobsDbTest, postgresql);

TEST_P(RabbitJobsDbTest, AnotherNodeIsToldOfWhatThisOneCannotDo) {
  int mine = 0;
  int theirs = 0;
  bool release = false;
  auto& busy = make("told", 1);
  busy.queue->add("work.v1", {.lane = "told"}, [&](Context, queue::JobRun&) -> Task<void> {
    ++mine;
    while (!release) {
      auto pause = clock.sleep_for(1ms);
      co_await std::move(pause);
    }
    co_return Result<void>{};
  });
  auto& free = make("told", 4);
  free.queue->add("work.v1", {.lane = "told"}, [&](Context, queue::JobRun&) -> Task<void> {
    ++theirs;
    co_return Result<void>{};
  });
  busy.queue->start();
  free.queue->start();
  until_well(busy);
  until_well(free);
  // The first keeps one of the nodes busy until the others are done; none of them ever polls.
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(put(busy));
  until([&] { return mine == 1 && theirs == 19; });
  release = true;
  until([&] {
    auto lanes = run([&] { return busy.queue->lanes(ctx); });
    return lanes && lanes->at(0).running == 0;
  });
  EXPECT_EQ(mine + theirs, 20);
}

TEST_P(RabbitJobsDbTest, RabbitMqRestartedInMidPublish) {
  auto& server = RabbitServer::instance();
  std::map<std::string, int> times;
  std::vector<Node*> workers;
  auto& teller = make("restart", 1);
  teller.queue->add("work.v1", {.lane = "restart"}, [](Context, queue::JobRun&) -> Task<void> {
    co_return fail(Errc::invalid, "this node runs nothing");
  });
  for (int n = 0; n < 2; ++n) {
    auto& node = make("restart", 4);
    node.queue->add("work.v1", {.lane = "restart"}, [&](Context, queue::JobRun& job) -> Task<void> {
      ++times[job.idempotency_key()];
      co_return Result<void>{};
    });
    node.queue->start();
    until_well(node);
    workers.push_back(&node);
  }
  // This one only tells: its jobs are done by nodes that hear of them, or by nobody.
  teller.broker->start({}, {});
  until_well(teller);
  constexpr std::size_t many = 300;
  std::set<std::string> wanted;
  for (std::size_t i = 0; i < many; ++i) {
    if (i == many / 3) server.crash();
    auto job = put(teller);
    ASSERT_TRUE(job) << "whatever becomes of RabbitMQ";
    wanted.insert(job->id.str());
  }
  until([&] { return !teller.broker->condition().well(); });
  server.start();
  until([&] { return times.size() == many; });
  until_well(teller);
  for (auto* node : workers) until_well(*node);
  for (const auto& [job, often] : times) EXPECT_EQ(often, 1) << job;
  // And it goes on as before.
  auto after = put(teller);
  until([&] { return times.contains(after->id.str()); });
  auto state = read([](store::Tx& tx) {
    return tx.one("SELECT COUNT(*) AS n FROM jobs WHERE state NOT IN ('done', 'running')");
  });
  EXPECT_EQ(state->integer("n"), 0);
  teller.broker->stop();
}

}  // namespace
}  // namespace parley::providers::rabbitmq
