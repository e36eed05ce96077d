// What the queue tells a broker, and what it does when a broker tells it something.
#include "queue_fixture.hpp"

namespace parley::queue {
namespace {

/// Notes what it is told; the test delivers.
class NotingBroker final : public Broker {
 public:
  void start(std::map<std::string, int> lanes, Listener listener) override {
    wanted = std::move(lanes);
    listener_ = std::move(listener);
  }
  void stop() override { listener_ = {}; }
  void publish(Notice notice) override {
    std::lock_guard lock(mutex_);
    notices_.push_back(std::move(notice));
  }
  Condition condition() const override { return away ? Condition::degraded("away") : Condition{}; }

  void deliver(const std::string& lane) {
    listener_.on_notice(lane, [this](Answer answer) {
      std::lock_guard lock(mutex_);
      answers_.push_back(answer);
    });
  }
  void come_or_go() { listener_.on_change(); }
  std::vector<Notice> notices() {
    std::lock_guard lock(mutex_);
    return notices_;
  }
  std::vector<Answer> answers() {
    std::lock_guard lock(mutex_);
    return answers_;
  }
  std::map<std::string, int> wanted;
  std::atomic<bool> away{false};

 private:
  std::mutex mutex_;
  Listener listener_;
  std::vector<Notice> notices_;
  std::vector<Answer> answers_;
};

class BrokerDbTest : public QueueDbTest {
 protected:
  using Answer = Broker::Answer;
  static Queue::Options rarely() {
    auto options = quiet();
    options.poll = 20ms;
    options.sweep = 1h;
    return options;
  }
  Queue& make_told() {
    Queue::Parts parts{io.get_executor(), clock, random, db(), registry_, tracer_, &broker};
    told_ = std::make_unique<Queue>(parts, rarely());
    told_->add("work.v1", {}, noting());
    return *told_;
  }
  void TearDown() override {
    if (told_) stop(*told_);
    told_.reset();
    QueueDbTest::TearDown();
  }
  /// Another node, which tells nobody.
  Queue& make_other() {
    auto& other = make(quiet());
    other.add("work.v1", {}, noting());
    return other;
  }
  NotingBroker broker;

 private:
  trace::NoSpanSink sink_;
  trace::Tracer tracer_{clock, random, sink_};
  std::unique_ptr<Queue> told_;
};
PARLEY_ON_BOTH_DATABASES(BrokerDbTest);

TEST_P(BrokerDbTest, AJobIsToldOfAfterItsCommitAndOnlyThen) {
  auto& queue = make_told();
  auto id = put(queue, job("x")).id;
  ASSERT_EQ(broker.notices().size(), 1u);
  EXPECT_EQ(broker.notices()[0].lane, "default");
  EXPECT_EQ(broker.notices()[0].job, id.str());
  EXPECT_EQ(broker.notices()[0].delay, 0s);
  auto undone = run([&] {
    return db().write(ctx, [&](store::Tx& tx) -> Result<void> {
      auto enqueued = queue.enqueue(tx, job("never"));
      EXPECT_TRUE(enqueued);
      return fail(Errc::conflict, "the change itself failed");
    });
  });
  EXPECT_EQ(undone.error().code, Errc::conflict);
  EXPECT_EQ(broker.notices().size(), 1u);
  auto later = job("later");
  later.delay = 10s;
  put(queue, later);
  ASSERT_EQ(broker.notices().size(), 2u);
  EXPECT_EQ(broker.notices()[1].lane, "@due");
  EXPECT_EQ(broker.notices()[1].delay, 10s);
}

TEST_P(BrokerDbTest, ANoticeBringsAnotherNodesJobAndIsAnsweredThen) {
  auto& queue = make_told();
  queue.start();
  EXPECT_EQ(broker.wanted, (std::map<std::string, int>{{"@due", 1}, {"default", 4}, {"slow", 1}}));
  let_run(50);
  put(make_other(), job("x"));
  let_run(100);
  EXPECT_TRUE(seen.empty()) << "it does not look while the broker is well";
  EXPECT_TRUE(broker.answers().empty());
  broker.deliver("default");
  until([&] { return seen.size() == 1 && broker.answers().size() == 1; });
  EXPECT_EQ(broker.answers()[0], Answer::looked);
  // A second time it is a look for nothing.
  broker.deliver("default");
  until([&] { return broker.answers().size() == 2; });
  EXPECT_EQ(seen.size(), 1u);
}

TEST_P(BrokerDbTest, ANoticeOfSomethingDueIsAnsweredAtOnce) {
  auto& queue = make_told();
  queue.start();
  let_run(50);
  auto later = job("later");
  later.delay = 10s;
  put(make_other(), later);
  clock.advance(11s);
  broker.deliver("@due");
  until([&] { return seen.size() == 1; });
  EXPECT_EQ(broker.answers(), std::vector{Answer::looked});
}

TEST_P(BrokerDbTest, WhileTheBrokerIsAwayTheNodeLooks) {
  auto& queue = make_told();
  queue.start();
  let_run(50);
  put(make_other(), job("lost"));
  // It went, and perhaps a notice with it.
  broker.away = true;
  broker.come_or_go();
  until([&] { return seen.size() == 1; });
  put(make_other(), job("polled"));
  until([&] { return seen.size() == 2; });
}

TEST_P(BrokerDbTest, FullHandsPassTheWordOnOnceAndHandBackWhatTheyHold) {
  auto& queue = make_told();
  bool release = false;
  queue.add("long.v1", {.lane = "slow"}, [&](Context c, JobRun& run) -> Task<void> {
    note(c, run);
    while (!release) {
      auto pause = clock.sleep_for(1ms);
      co_await std::move(pause);
    }
    co_return Result<void>{};
  });
  queue.start();
  for (int i = 0; i < 3; ++i) put(queue, job("x", "long.v1"));
  until([&] { return seen.size() == 1; });
  let_run(50);
  int passed_on = 0;
  for (const auto& notice : broker.notices())
    if (notice.job.empty() && notice.lane == "slow") ++passed_on;
  EXPECT_EQ(passed_on, 1);
  broker.deliver("slow");
  until([&] { return broker.answers().size() == 1; });
  EXPECT_EQ(broker.answers()[0], Answer::elsewhere);
  release = true;
  until([&] { return seen.size() == 3; });
}

}  // namespace
}  // namespace parley::queue
