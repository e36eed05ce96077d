#pragma once
#include <string>

#include "parley/base/json.hpp"

namespace parley::api {

/// Describes in an OpenAPI document what visitors' pages ask for at the root of the server, where
/// another module serves it: making a session, its socket, the widget.
void describe_visitors(json::object& document, const std::string& public_url);

}  // namespace parley::api
