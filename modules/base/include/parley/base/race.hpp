#pragma once
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/system/system_error.hpp>

#include "parley/base/task.hpp"

namespace parley {

/// Runs both until the first ends, and cancels the other. The caller's own cancellation comes out
/// as operation_aborted (the operator alone would throw multiple_exceptions).
template <class First, class Second>
auto race(asio::awaitable<First> first, asio::awaitable<Second> second)
    -> decltype(asio::experimental::awaitable_operators::operator||(std::move(first),
                                                                    std::move(second))) {
  using namespace asio::experimental::awaitable_operators;
  auto both = std::move(first) || std::move(second);
  try {
    co_return co_await std::move(both);
  } catch (const asio::multiple_exceptions& thrown) {
    std::rethrow_exception(thrown.first_exception());
  }
}

}  // namespace parley
