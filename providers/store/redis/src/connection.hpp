#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "parley/providers/redis/client.hpp"

struct redisReader;

namespace parley::providers::redis {

/// The bytes of a command, as RESP has it.
std::string encode(const std::vector<std::string>& words);

/// One connection that has said who it is. hiredis reads the protocol; the socket is Asio's, so
/// that TLS, deadlines and cancellation are as everywhere. Of one executor: a read and a write may
/// be under way together.
class Connection {
 public:
  Connection(const asio::any_io_executor& executor, const Address& address);
  ~Connection();

  /// Resolves, connects, authenticates, selects the database. Errors: unavailable.
  Task<void> open();
  /// Errors: unavailable (closed), corrupt (that was not Redis).
  Task<Reply> read();
  Task<void> write(std::string bytes);
  void close();

 private:
  Task<void> expect_good(std::vector<std::string> words);
  Task<void> secure();

  const Address& address_;
  asio::ssl::context tls_context_;
  asio::ssl::stream<asio::ip::tcp::socket> stream_;
  std::unique_ptr<redisReader, void (*)(redisReader*)> reader_;
  std::array<char, 16384> received_{};
};

/// Pauses between attempts to connect.
class Backoff {
 public:
  Backoff(Random& random, const Options& options) : random_(random), options_(options) {}
  Duration next();
  void reset() { pause_ = Duration::zero(); }

 private:
  Random& random_;
  const Options& options_;
  Duration pause_{};
};

/// What a connection shows of itself.
struct ConnectionMetrics {
  ConnectionMetrics(metrics::Registry& registry, const std::string& connection);
  metrics::Gauge connected;
  metrics::Counter lost;
};

}  // namespace parley::providers::redis
