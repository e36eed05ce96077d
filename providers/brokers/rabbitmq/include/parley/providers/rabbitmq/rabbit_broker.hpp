#pragma once
#include <memory>
#include <string>
#include <vector>

#include "parley/base/random.hpp"
#include "parley/queue/broker.hpp"
#include "parley/telemetry/metrics.hpp"

namespace parley::providers::rabbitmq {

/// Where RabbitMQ is: amqp://[user:password@]host[:port][/vhost], amqps:// for TLS.
struct Address {
  std::string host;
  int port = 5672;
  std::string user = "guest";
  std::string password = "guest";
  std::string vhost = "/";
  enum class Transport { plain, tls } transport = Transport::plain;
  /// PEM file of the authorities that TLS trusts.
  std::string authorities = "/etc/ssl/certs/ca-certificates.crt";

  /// Errors: invalid, without repeating the URL, which has a password in it.
  static Result<Address> parse(const std::string& url);
};

struct Options {
  /// The delays that notices can have, shortest first; a notice gets the next longer one, and one
  /// that wants more than the longest is not sent. A queue each: the names have the milliseconds.
  std::vector<std::chrono::milliseconds> delays{std::chrono::seconds(1),  std::chrono::seconds(5),
                                                std::chrono::seconds(30), std::chrono::minutes(2),
                                                std::chrono::minutes(10), std::chrono::hours(1)};
  int max_deliveries = 5;               ///< of a notice that nobody can answer; then: dead letter
  std::size_t max_waiting = 10'000;     ///< notices not sent yet; more are dropped
  std::size_t max_unconfirmed = 1'000;  ///< sent, and RabbitMQ has not said that it has them
  std::chrono::seconds heartbeat{10};   ///< twice as long without a word: the connection is dead
  std::chrono::milliseconds connect_timeout{5'000};
  /// Between attempts to connect, doubled from first to longest, half of it random.
  std::chrono::milliseconds first_pause{100};
  std::chrono::milliseconds longest_pause{10'000};
};

/// Notices over RabbitMQ, upon a thread of its own. `random` and `registry` outlive it.
///
///   parley.jobs (direct) ──► parley.jobs.<lane> ──► workers ──► looked
///        ▲                         │                   │
///        │ after its time          │ too often         │ not now
///   parley.later.<ms> ◄────────────┼───────────────────┘
///                                  └──► parley.dead
std::unique_ptr<queue::Broker> make_broker(Address address, Random& random,
                                           metrics::Registry& registry, Options options = {});

}  // namespace parley::providers::rabbitmq
