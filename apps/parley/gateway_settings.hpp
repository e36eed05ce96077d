#pragma once
#include "parley/base/settings.hpp"
#include "parley/gateway/gateway.hpp"

namespace parley::app {

/// Reads and checks the routes file. Errors: invalid, naming the file and every fault in it.
Result<gateway::Gateway::Options> read_gateway_options(const Settings& settings);

}  // namespace parley::app
