#pragma once
#include <memory>
#include <string>
#include <vector>

#include "parley/simulators/model_script.hpp"
#include "parley/simulators/stand_in_server.hpp"

namespace parley::simulators {

struct AnthropicSimulatorOptions {
  StandInOptions where;
  std::string api_key = "sk-ant-simulated";
  std::vector<std::string> models{"claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"};
  std::size_t min_cached_tokens = 1024;  ///< a shorter prefix is silently not cached
};

/// Anthropic's Messages API. Used from one strand; its script from any thread.
class AnthropicSimulator {
 public:
  /// All outlive it.
  AnthropicSimulator(asio::any_io_executor executor, Clock& clock, Random& random,
                     AnthropicSimulatorOptions options = {});
  ~AnthropicSimulator();
  /// Errors: unavailable (the address is in use).
  Result<void> start();
  asio::awaitable<void> stop(TimePoint deadline);
  std::uint16_t port() const noexcept;

  StandInServer& server() noexcept;
  ModelScript& script() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::simulators
