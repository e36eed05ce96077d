#pragma once
#include <memory>
#include <vector>

#include "parley/business/business.hpp"
#include "parley/dialog/tool.hpp"

namespace parley::dialog {

/// The tools of an agent's own (business::Agent::own_tools), ready to be called. Thread-safe.
class OwnTools {
 public:
  virtual ~OwnTools() = default;
  /// Those that can be had now: a server that does not answer leaves its tools out. Never fails.
  virtual asio::awaitable<std::vector<std::shared_ptr<Tool>>> of(
      Context ctx, std::shared_ptr<const business::Profile> profile) = 0;
};

}  // namespace parley::dialog
