#pragma once
#include "parley/business/agent.hpp"

namespace parley::business {

/// As it is stored in the business's row.
json::object agent_to_json(const Agent& agent);
/// What rows of older versions lack has its default.
Agent agent_from_json(const json::object& stored);

}  // namespace parley::business
