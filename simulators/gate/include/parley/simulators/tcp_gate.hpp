#pragma once
#include <memory>
#include <string>

#include "parley/simulators/faults.hpp"

namespace parley::simulators {

struct TcpGateOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: a free one
  std::string target_host = "127.0.0.1";
  std::uint16_t target_port = 0;
  std::size_t max_connections = 1000;  ///< more are reset
  std::uint64_t seed = 1;
};

/// Stands before any real service and passes bytes on both ways, except for what its plan says of a
/// connection ("host:port" of the target is what `on` looks at). Of the language:
/// - refuse resets the connection as soon as it is made, and nothing reaches the service;
/// - reset, close and hang act on the client's first bytes, which the service never sees; with
///   `lost` it does see them, and its answer is what does not come;
/// - half gives BYTES of what the service says (half of its first piece without), then ends;
/// - garbage gives random bytes instead, as many; slow lets them trickle; delay is before the
///   service is connected to.
/// Used from one strand, on which `executor` runs.
class TcpGate {
 public:
  /// `executor` and `clock` outlive it.
  TcpGate(asio::any_io_executor executor, Clock& clock, TcpGateOptions options);
  ~TcpGate();
  TcpGate(const TcpGate&) = delete;
  TcpGate& operator=(const TcpGate&) = delete;

  /// Errors: unavailable (the address is in use), invalid (it is none).
  Result<void> start();
  /// Cuts what is open. Idempotent; safe before start.
  asio::awaitable<void> stop();
  std::uint16_t port() const noexcept;

  Faults& faults() noexcept;
  /// Resets what is open now, and what is not connected to the service yet as soon as it is; a new
  /// plan does not touch it otherwise.
  void cut();
  struct Counts {
    std::size_t accepted = 0;
    std::size_t open = 0;
    std::size_t unreachable = 0;  ///< the service did not take the connection
  };
  Counts counts() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::simulators
