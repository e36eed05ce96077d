#pragma once
#include "parley/business/agent.hpp"

namespace parley::business {

/// What is wrong with the agent's persona, phases, pronunciations or own tools. Errors: invalid.
Result<void> check_agent_mind(const Agent& agent);

}  // namespace parley::business
