#include <gtest/gtest.h>

#include <condition_variable>
#include <thread>

#include "parley/providers/rabbitmq/rabbit_broker.hpp"
#include "parley/telemetry/log.hpp"
#include "parley/testkit/rabbit_server.hpp"

namespace parley::providers::rabbitmq {
namespace {

using namespace std::chrono_literals;
using queue::Broker;
using testkit::RabbitServer;

TEST(RabbitAddress, SaysWhereWhoAndWhichHost) {
  auto full = Address::parse("amqp://me:secret@broker.example.com:5673/calls");
  ASSERT_TRUE(full);
  EXPECT_EQ(full->host, "broker.example.com");
  EXPECT_EQ(full->port, 5673);
  EXPECT_EQ(full->user, "me");
  EXPECT_EQ(full->password, "secret");
  EXPECT_EQ(full->vhost, "calls");
  EXPECT_EQ(full->transport, Address::Transport::plain);
  auto secure = Address::parse("amqps://broker.example.com/");
  ASSERT_TRUE(secure);
  EXPECT_EQ(secure->port, 5671);
  EXPECT_EQ(secure->vhost, "/");
  EXPECT_EQ(secure->transport, Address::Transport::tls);
  for (auto wrong : {"", "http://host", "amqp://me:secret@host:port/"}) {
    auto parsed = Address::parse(wrong);
    ASSERT_FALSE(parsed) << wrong;
    EXPECT_EQ(parsed.error().code, Errc::invalid);
    EXPECT_EQ(parsed.error().detail.find("secret"), std::string::npos);
  }
}

/// A node that notes what it is told; lanes of its own, so that tests do not meet.
class Listening {
 public:
  explicit Listening(std::map<std::string, int> lanes, Options options = quick())
      : Listening(Address::parse(RabbitServer::instance().url()).value(), std::move(lanes),
                  std::move(options)) {}
  Listening(Address address, std::map<std::string, int> lanes, Options options = quick()) {
    broker = make_broker(std::move(address), random, registry, std::move(options));
    Broker::Listener listener;
    listener.on_notice = [this](std::string lane, Broker::Respond respond) {
      std::lock_guard lock(mutex_);
      heard_.push_back(std::move(lane));
      held_.push_back(std::move(respond));
      changed_.notify_all();
    };
    listener.on_change = [this] {
      std::lock_guard lock(mutex_);
      ++changes_;
      changed_.notify_all();
    };
    broker->start(std::move(lanes), std::move(listener));
  }
  ~Listening() { broker->stop(); }

  static Options quick() {
    Options options;
    options.delays = {200ms, 400ms};
    options.max_deliveries = 2;
    options.longest_pause = 500ms;
    return options;
  }

  /// Waits, at most two minutes.
  template <class Holds>
  void until(Holds holds) {
    std::unique_lock lock(mutex_);
    auto give_up = std::chrono::steady_clock::now() + 120s;
    while (!holds()) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up)
          << "it never came true: " << broker->condition().reason << "\n"
          << registry.text();
      changed_.wait_for(lock, 5ms);
    }
  }
  void until_well() {
    until([&] { return broker->condition().well(); });
  }
  void until_heard(std::size_t many) {
    until([&] { return heard_.size() >= many; });
  }
  void until_shown(const std::string& line) {
    until([&] { return registry.text().find(line + "\n") != std::string::npos; });
  }
  std::size_t heard() {
    std::lock_guard lock(mutex_);
    return heard_.size();
  }
  void answer(Broker::Answer with) {
    std::vector<Broker::Respond> all;
    {
      std::lock_guard lock(mutex_);
      all = std::exchange(held_, {});
    }
    for (auto& respond : all) respond(with);
  }
  int changes() {
    std::lock_guard lock(mutex_);
    return changes_;
  }

  SystemRandom random;
  metrics::Registry registry;
  std::unique_ptr<Broker> broker;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> heard_;
  std::vector<Broker::Respond> held_;
  int changes_ = 0;
};

class RabbitBrokerTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(log::configure({.level = log::Level::off})); }
};

TEST_F(RabbitBrokerTest, ANoticeIsConfirmedHeardAndAnswered) {
  Listening node({{"first", 2}});
  node.until_well();
  EXPECT_EQ(node.changes(), 1);
  node.broker->publish({"first", "job_1", {}});
  node.until_heard(1);
  node.until_shown("parley_amqp_published_total{outcome=\"confirmed\"} 1");
  node.answer(Broker::Answer::looked);
  node.until_shown("parley_amqp_delivered_total{answer=\"looked\"} 1");
  EXPECT_NE(node.registry.text().find("parley_amqp_connected 1"), std::string::npos);
}

TEST_F(RabbitBrokerTest, OverTlsANoticeIsHeardAndOnlyAKnownAuthorityIsTrusted) {
  auto& server = RabbitServer::instance();
  auto address = Address::parse(server.tls_url()).value();
  address.authorities = server.authorities();
  Listening node(address, {{"sealed", 1}});
  node.until_well();
  node.broker->publish({"sealed", "job_1", {}});
  node.until_heard(1);

  // Debian's authorities do not know the server's certificate.
  Listening wary(Address::parse(server.tls_url()).value(), {{"wary", 1}});
  wary.until([&] { return wary.broker->condition().reason.contains("peer cert"); });
  EXPECT_EQ(wary.changes(), 0);
}

TEST_F(RabbitBrokerTest, ABusyNodeHoldsNoMoreThanItCanDoAndTheOtherHasTheRest) {
  Listening busy({{"prefetch", 2}});
  busy.until_well();
  for (int i = 0; i < 5; ++i) busy.broker->publish({"prefetch", "job", {}});
  busy.until_heard(2);
  busy.until_shown("parley_amqp_published_total{outcome=\"confirmed\"} 5");
  Listening free({{"prefetch", 10}});
  free.until_heard(3);
  EXPECT_EQ(busy.heard(), 2u);
  // A node that goes hands back what it has not answered.
  busy.broker->stop();
  free.until_heard(5);
  free.answer(Broker::Answer::looked);
  free.until_shown("parley_amqp_delivered_total{answer=\"looked\"} 5");
}

TEST_F(RabbitBrokerTest, ADelayedNoticeComesLater) {
  Listening node({{"delayed", 10}});
  node.until_well();
  auto began = std::chrono::steady_clock::now();
  node.broker->publish({"delayed", "job_1", 150ms});
  node.broker->publish({"delayed", "job_2", 1h});  // longer than any: the sweep's
  node.until_heard(1);
  EXPECT_GE(std::chrono::steady_clock::now() - began, 200ms);
  node.answer(Broker::Answer::looked);
  node.until_shown("parley_amqp_delivered_total{answer=\"looked\"} 1");
  EXPECT_NE(node.registry.text().find("published_total{outcome=\"sent\"} 1\n"), std::string::npos);
}

TEST_F(RabbitBrokerTest, WhatNobodyCanAnswerComesAgainAndThenIsADeadLetter) {
  Listening node({{"stubborn", 10}});
  node.until_well();
  node.broker->publish({"stubborn", "job_1", {}});
  node.until_heard(1);
  node.answer(Broker::Answer::not_now);
  node.until_heard(2);
  node.answer(Broker::Answer::not_now);
  node.until_shown("parley_amqp_delivered_total{answer=\"dead\"} 1");
  node.until_shown("parley_amqp_delivered_total{answer=\"not_now\"} 1");
}

TEST_F(RabbitBrokerTest, ALaneThatNobodyHasIsCounted) {
  Listening node({{"known", 1}});
  node.until_well();
  node.broker->publish({"unknown", "job_1", {}});
  node.until_shown("parley_amqp_published_total{outcome=\"returned\"} 1");
}

TEST_F(RabbitBrokerTest, MoreThanTheBoundAreDroppedAndNobodyWaits) {
  auto options = Listening::quick();
  options.max_waiting = 3;
  metrics::Registry registry;
  SystemRandom random;
  // Nothing listens there.
  auto broker =
      make_broker(Address::parse("amqp://127.0.0.1:1/").value(), random, registry, options);
  broker->start({{"default", 1}}, {});
  for (int i = 0; i < 5; ++i) broker->publish({"default", "job", {}});
  EXPECT_NE(registry.text().find("parley_amqp_published_total{outcome=\"dropped\"} 2\n"),
            std::string::npos);
  EXPECT_FALSE(broker->condition().well());
  broker->stop();
}

TEST_F(RabbitBrokerTest, AWrongPasswordIsSaidWithoutRepeatingIt) {
  auto address = Address::parse(RabbitServer::instance().url()).value();
  address.password = "wrong-one";
  metrics::Registry registry;
  SystemRandom random;
  auto broker = make_broker(address, random, registry, Listening::quick());
  broker->start({{"default", 1}}, {});
  auto give_up = std::chrono::steady_clock::now() + 60s;
  while (broker->condition().reason.find("ACCESS_REFUSED") == std::string::npos) {
    ASSERT_LT(std::chrono::steady_clock::now(), give_up) << broker->condition().reason;
    std::this_thread::yield();
  }
  EXPECT_EQ(broker->condition().reason.find("wrong-one"), std::string::npos);
  broker->stop();
}

TEST_F(RabbitBrokerTest, KilledInMidPublishNothingIsLost) {
  auto& server = RabbitServer::instance();
  Listening node({{"crash", 1000}});
  node.until_well();
  constexpr int many = 2000;
  std::jthread publisher([&] {
    for (int i = 0; i < many; ++i) {
      node.broker->publish({"crash", "job", {}});
      if (i % 20 == 0) std::this_thread::yield();
    }
  });
  node.until_heard(50);
  server.crash();
  publisher.join();
  node.until([&] { return !node.broker->condition().well(); });
  server.start();
  // Those that were not confirmed are sent again: what is heard may be more, and is not less.
  auto give_up = std::chrono::steady_clock::now() + 120s;
  while (node.heard() < many) {
    ASSERT_LT(std::chrono::steady_clock::now(), give_up) << node.heard();
    node.answer(Broker::Answer::looked);
    std::this_thread::yield();
  }
  node.answer(Broker::Answer::looked);
  EXPECT_GE(node.changes(), 3) << "it came, went and came";
}

}  // namespace
}  // namespace parley::providers::rabbitmq
