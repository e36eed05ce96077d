#pragma once
#include "parley/auth/master_key.hpp"
#include "parley/business/business.hpp"
#include "route.hpp"

namespace parley::api {

/// Secrets of own tools are told of, never shown.
json::object agent_json(const business::Agent& agent);
/// Only what is in the body changes. A tool's secret that is left out stays the one of the tool of
/// that name; null takes it away. `key` seals new ones.
void change_agent(business::Profile& profile, const json::object& body, const auth::SecretKey& key);
/// Errors: invalid, naming the tool.
Result<void> check_tool_secrets(const json::object& body);

/// Defines Agent and its parts.
void define_agent_schemas(RouteTable& table);
/// What change_agent() takes.
std::vector<schema::Field> agent_fields();

}  // namespace parley::api
