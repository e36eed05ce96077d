#pragma once
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

#include "parley/base/task.hpp"

namespace parley::app {

/// Runs one coroutine on `io` in this thread until it ends: at start and stop, when no other thread
/// serves that io_context. What else is ready there runs along.
template <class Start>
auto run_blocking(asio::io_context& io, Start start) {
  using Value = typename decltype(start())::value_type;
  std::optional<Value> value;
  std::exception_ptr thrown;
  bool done = false;
  auto body = [](Start& s, std::optional<Value>& out) -> asio::awaitable<void> {
    auto work = s();
    out.emplace(co_await std::move(work));
  };
  asio::co_spawn(io, body(start, value), [&](std::exception_ptr e) {
    thrown = e;
    done = true;
  });
  io.restart();
  while (!done && io.run_one() > 0) {
  }
  if (thrown) std::rethrow_exception(thrown);
  return std::move(*value);
}

}  // namespace parley::app
