#pragma once
#include "parley/net/router.hpp"
#include "simulation.hpp"

namespace parley::app {

/// /_simulator: what runs; under it, for each by name: GET and PUT faults (a plan as text), GET
/// requests, DELETE connections of a gate. `all` outlives the router.
void mount_control(net::Router& router, std::vector<StandIn>& all);

}  // namespace parley::app
