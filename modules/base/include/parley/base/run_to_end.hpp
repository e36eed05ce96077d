#pragma once
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>
#include <utility>

#include "parley/base/task.hpp"

namespace parley {

/// Runs the coroutine that `start` makes on `io` until it ends, in this thread, and gives its
/// result; what it throws is thrown. `drive(done)` lets `io` run until `done` is true, or throws.
template <class Start, class Drive>
auto run_to_end(asio::io_context& io, Start start, Drive drive) {
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
  drive(std::as_const(done));
  if (thrown) std::rethrow_exception(thrown);
  return std::move(*value);
}

}  // namespace parley
