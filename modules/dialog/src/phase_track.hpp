#pragma once
#include <string>
#include <vector>

#include "parley/business/agent.hpp"

namespace parley::dialog {

/// Which phase of the agent's a conversation is in.
class PhaseTrack {
 public:
  explicit PhaseTrack(const business::Agent& agent);
  const std::string& current() const noexcept { return current_; }
  const business::AgentPhase& phase() const;
  const std::vector<business::AgentPhase>& all() const noexcept { return phases_; }
  /// Errors: invalid (no such phase), conflict (not from here); both say what may follow.
  Result<void> change(std::string_view name);
  /// To `name` if the agent has that phase, whatever the transitions: the call is over.
  void force(std::string_view name);

 private:
  std::vector<business::AgentPhase> phases_;
  std::string current_;
};

}  // namespace parley::dialog
