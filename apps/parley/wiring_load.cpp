// Whether this node keeps up, and who hears of it: new calls, and health.
#include "wiring_impl.hpp"

namespace parley::app {

LoadWatch& Server::Impl::make_load() {
  load.emplace(clock, metrics::process_registry(), LoadWatch::Options{.bound = numbers.late_loop});
  return *load;
}

void Server::Impl::watch_load() {
  for (std::size_t i = 0; i < loops.size(); ++i)
    load->watch(*tasks, loops[i]->get_executor(), "core-" + std::to_string(i));
}

void Server::Impl::add_load_probe() {
  health::Probe probe;
  probe.name = "load";
  probe.kind = "node";
  probe.advice =
      "it ends by itself; if it comes often, lower calls.max or add a node, and look at "
      "parley_loop_lag_seconds";
  probe.look = [this](Context) -> Task<health::Finding> {
    auto now = load->condition();
    if (now.well()) co_return health::Finding{};
    co_return health::Finding{health::Status::degraded, now.reason};
  };
  health->add(std::move(probe));
}

}  // namespace parley::app
