#pragma once
#include <memory>
#include <string>

#include "parley/simulators/stand_in_server.hpp"

namespace parley::simulators {

struct PineconeSimulatorOptions {
  StandInOptions where;
  std::string api_key = "pcsk-parley";
  std::string index = "parley";
  std::size_t dimension = 256;
  Duration visible_after{};  ///< so much later a write shows
};

/// A stand-in for one index of Pinecone, control plane and data plane. Thread-safe once started.
class PineconeSimulator {
 public:
  /// `executor`, `clock` and `random` outlive it.
  PineconeSimulator(asio::any_io_executor executor, Clock& clock, Random& random,
                    PineconeSimulatorOptions options = {});
  ~PineconeSimulator();
  /// Errors: unavailable (the address is in use).
  Result<void> start();
  asio::awaitable<void> stop(TimePoint deadline);
  std::uint16_t port() const noexcept;
  StandInServer& server() noexcept;
  std::size_t records() const;  ///< in all namespaces

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::simulators
