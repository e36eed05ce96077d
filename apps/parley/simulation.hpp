#pragma once
#include <memory>
#include <string>
#include <vector>

#include "stand_ins.hpp"

namespace parley::app {

struct SimulateOptions {
  std::vector<std::string> names;  ///< empty, and no gates: all of them
  std::string listen = "127.0.0.1";
  std::vector<std::string> ports;    ///< NAME=PORT; others are free ones
  std::vector<std::string> gates;    ///< HOST:PORT of the service behind each
  std::vector<std::string> faults;   ///< [NAME=]FILE or TEXT
  std::vector<std::string> callees;  ///< NUMBER=busy, no-answer, failed, human, machine_start...
  std::uint64_t seed = 1;
  bool json = false;
};

/// The stand-ins that a command line asks for, and the control server that changes their faults and
/// shows what came. Used from the thread that runs `io`.
class Simulation {
 public:
  explicit Simulation(asio::io_context& io);
  ~Simulation();
  /// Errors: invalid (the options), unavailable (an address in use).
  Result<void> start(const SimulateOptions& options);
  Task<void> stop();

  const std::vector<StandIn>& stand_ins() const noexcept;
  std::string control_url() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::app
