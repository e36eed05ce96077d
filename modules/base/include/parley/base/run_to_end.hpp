#pragma once
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "parley/base/task.hpp"

namespace parley {

namespace detail {

struct End {
  bool reached = false;
  std::exception_ptr thrown;
};
/// `work` must not outlive `end`.
void begin(asio::io_context& io, asio::awaitable<void> work, End& end);

}  // namespace detail

/// Runs the coroutine that `start` makes on `io` until it ends, in this thread, and gives its
/// result; what it throws is thrown. `drive(done)` lets `io` run until `done` is true, or throws.
template <class Start, class Drive>
auto run_to_end(asio::io_context& io, Start start, Drive drive) {
  using Value = typename decltype(start())::value_type;
  std::optional<Value> value;
  detail::End end;
  auto body = [](Start& s, std::optional<Value>& out) -> asio::awaitable<void> {
    auto work = s();
    out.emplace(co_await std::move(work));
  };
  detail::begin(io, body(start, value), end);
  drive(std::as_const(end.reached));
  if (end.thrown) std::rethrow_exception(end.thrown);
  return std::move(*value);
}

}  // namespace parley
