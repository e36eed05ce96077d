#pragma once
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "parley/base/task.hpp"

namespace parley {

namespace detail {

template <class T>
using Held = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class T>
asio::awaitable<void> into(asio::awaitable<T> work, std::optional<Held<T>>& out) {
  if constexpr (std::is_void_v<T>) {
    co_await std::move(work);
    out.emplace();
  } else {
    out.emplace(co_await std::move(work));
  }
}

}  // namespace detail

/// Runs both until the first of them ends, cancels the other, and waits for it. The result tells
/// which it was; what it threw is thrown at once. The caller's own cancellation cancels both and
/// comes out as operation_aborted.
template <class First, class Second>
asio::awaitable<std::variant<detail::Held<First>, detail::Held<Second>>> race(
    asio::awaitable<First> first, asio::awaitable<Second> second) {
  using Outcome = std::variant<detail::Held<First>, detail::Held<Second>>;
  auto executor = co_await asio::this_coro::executor;
  std::optional<detail::Held<First>> from_first;
  std::optional<detail::Held<Second>> from_second;
  auto one = asio::co_spawn(executor, detail::into(std::move(first), from_first), asio::deferred);
  auto other =
      asio::co_spawn(executor, detail::into(std::move(second), from_second), asio::deferred);
  auto both = asio::experimental::make_parallel_group(std::move(one), std::move(other))
                  .async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  auto [order, first_thrown, second_thrown] = co_await std::move(both);
  bool first_won = order[0] == 0;
  if (auto& thrown = first_won ? first_thrown : second_thrown) std::rethrow_exception(thrown);
  if (first_won) co_return Outcome(std::in_place_index<0>, std::move(*from_first));
  co_return Outcome(std::in_place_index<1>, std::move(*from_second));
}

}  // namespace parley
