#pragma once
#include "parley/base/run_to_end.hpp"

namespace parley::app {

/// Runs one coroutine on `io` in this thread until it ends: at start and stop, when no other thread
/// serves that io_context. What else is ready there runs along.
template <class Start>
auto run_blocking(asio::io_context& io, Start start) {
  return run_to_end(io, std::move(start), [&io](const bool& done) {
    io.restart();
    while (!done && io.run_one() > 0) {
    }
  });
}

}  // namespace parley::app
