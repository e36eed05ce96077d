#pragma once
#include "parley/base/race.hpp"

namespace parley {

namespace detail {

/// Whether `work` ended before `deadline`, which cancels it.
asio::awaitable<bool> run_until(Clock& clock, TimePoint deadline, asio::awaitable<void> work);

}  // namespace detail

template <class T>
Task<T> with_deadline(Clock& clock, TimePoint deadline, Task<T> work) {
  if (deadline == TimePoint::max()) co_return co_await std::move(work);
  std::optional<Result<T>> outcome;
  auto working = detail::into(std::move(work), outcome);
  auto running = detail::run_until(clock, deadline, std::move(working));
  bool in_time = co_await std::move(running);
  if (!in_time) co_return fail(Errc::timeout, "deadline passed");
  co_return std::move(*outcome);
}

}  // namespace parley
