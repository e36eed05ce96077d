#pragma once
#include <memory>
#include <string>
#include <vector>

#include "parley/base/condition.hpp"
#include "parley/base/context.hpp"
#include "parley/base/random.hpp"
#include "parley/telemetry/metrics.hpp"

namespace parley::providers::redis {

/// Where Redis is: redis://[[user]:password@]host[:port][/database], rediss:// for TLS.
struct Address {
  std::string host;
  std::string port = "6379";
  std::string user;
  std::string password;
  int database = 0;
  enum class Transport { plain, tls } transport = Transport::plain;
  /// PEM file of the authorities that TLS trusts; empty: the system's.
  std::string authorities;

  /// Errors: invalid, without repeating the URL, which has a password in it.
  static Result<Address> parse(const std::string& url);
};

struct Options {
  /// What a command waits for at most, also when the caller has longer.
  Duration command_timeout = std::chrono::milliseconds(100);
  /// Commands under way, from all threads; more are refused.
  std::size_t max_commands = 1024;
  Duration connect_timeout = std::chrono::seconds(2);
  /// An answer that is owed for so long means that the connection is dead.
  Duration patience = std::chrono::seconds(1);
  /// An idle connection is asked whether it lives.
  Duration ping_every = std::chrono::seconds(5);
  /// Between attempts to connect, doubled from first to longest, half of it random.
  Duration first_pause = std::chrono::milliseconds(50);
  Duration longest_pause = std::chrono::seconds(5);
};

/// All of them outlive what is made of them. `executor` is that of one thread.
struct Parts {
  asio::any_io_executor executor;
  Clock& clock;
  Random& random;
  metrics::Registry& registry;
};

struct Reply {
  enum class Kind { nil, text, integer, array, error } kind = Kind::nil;
  std::string text;  ///< of an error: what Redis says
  std::int64_t integer = 0;
  std::vector<Reply> items;
};

/// Commands over one connection, pipelined. While Redis is away they fail at once, and it connects
/// again by itself. Thread-safe but for start() and stop().
class Client {
 public:
  Client(Parts parts, Address address, Options options = {});
  ~Client();  ///< stop() must have completed, or start() was never called
  void start();
  /// Idempotent; safe before start().
  asio::awaitable<void> stop();

  enum class Effect { none, some };
  /// Errors: unavailable (away, or does not answer: nothing was sent), rate_limited (too many under
  /// way), timeout or, with some effect, outcome_unknown; invalid: Redis refused it.
  Task<Reply> command(Context ctx, std::vector<std::string> words, Effect effect);

  Condition condition() const;
  /// Another number whenever Redis came or went.
  std::uint64_t epoch() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::providers::redis
