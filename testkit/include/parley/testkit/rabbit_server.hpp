#pragma once
#include <filesystem>
#include <string>

#include "parley/testkit/supervisor.hpp"

namespace parley::testkit {

/// A real RabbitMQ of its own for this test process, with an epmd of its own: started on first use
/// in a temporary folder, all on loopback, stopped and removed when the process ends in whatever
/// way. It takes many seconds to start. Needs the Debian package rabbitmq-server; throws
/// std::runtime_error naming it when it is missing.
class RabbitServer {
 public:
  static RabbitServer& instance();

  /// amqp://guest:guest@127.0.0.1:<port>/
  std::string url() const;
  /// amqps://guest:guest@localhost:<port>/, with a certificate that `authorities()` vouch for.
  std::string tls_url() const;
  std::filesystem::path authorities() const;

  /// Kills it as a crash would; what it has on disk stays.
  void crash();
  /// Again, on the same ports and data; returns when it accepts connections.
  void start();
  /// It keeps its connections and answers nothing, until go_on().
  void freeze();
  void go_on();

 private:
  RabbitServer();
  ~RabbitServer();
  RabbitServer(const RabbitServer&) = delete;
  RabbitServer& operator=(const RabbitServer&) = delete;
  void launch();
  void wait_until_ready() const;

  std::filesystem::path folder_;
  int port_ = 0;
  int tls_port_ = 0;
  Supervisor supervisor_{"RabbitMQ"};
};

}  // namespace parley::testkit
