#pragma once
#include <memory>
#include <string>
#include <vector>

#include "parley/simulators/model_script.hpp"
#include "parley/simulators/stand_in_server.hpp"

namespace parley::simulators {

struct OpenAiSimulatorOptions {
  enum class Dialect { hosted, local };
  StandInOptions where;
  std::string api_key = "sk-simulated";
  std::vector<std::string> models{"gpt-5-mini", "gpt-5", "local-model"};
  Dialect dialect = Dialect::hosted;
  /// Models that refuse max_tokens and want max_completion_tokens.
  std::vector<std::string> without_max_tokens{"gpt-5"};
};

/// OpenAI's chat completions and models. Used from one strand; its script from any thread.
class OpenAiSimulator {
 public:
  /// All outlive it.
  OpenAiSimulator(asio::any_io_executor executor, Clock& clock, Random& random,
                  OpenAiSimulatorOptions options = {});
  ~OpenAiSimulator();
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
