#pragma once
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

/// Whether `first` won.
asio::awaitable<bool> run_to_first_end(asio::awaitable<void> first, asio::awaitable<void> second);

}  // namespace detail

/// Runs both until the first of them ends, cancels the other, and waits for it. The result tells
/// which it was; what it threw is thrown at once. The caller's own cancellation cancels both and
/// comes out as operation_aborted.
template <class First, class Second>
asio::awaitable<std::variant<detail::Held<First>, detail::Held<Second>>> race(
    asio::awaitable<First> first, asio::awaitable<Second> second) {
  using Outcome = std::variant<detail::Held<First>, detail::Held<Second>>;
  std::optional<detail::Held<First>> from_first;
  std::optional<detail::Held<Second>> from_second;
  auto one = detail::into(std::move(first), from_first);
  auto other = detail::into(std::move(second), from_second);
  auto both = detail::run_to_first_end(std::move(one), std::move(other));
  bool first_won = co_await std::move(both);
  if (first_won) co_return Outcome(std::in_place_index<0>, std::move(*from_first));
  co_return Outcome(std::in_place_index<1>, std::move(*from_second));
}

}  // namespace parley
