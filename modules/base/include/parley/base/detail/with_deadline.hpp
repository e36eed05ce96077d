#pragma once
#include "parley/base/race.hpp"

namespace parley {

template <class T>
Task<T> with_deadline(Clock& clock, TimePoint deadline, Task<T> work) {
  if (deadline == TimePoint::max()) co_return co_await std::move(work);
  auto timer = clock.sleep_until(deadline);
  auto first = co_await race(std::move(work), std::move(timer));
  if (first.index() == 1) co_return fail(Errc::timeout, "deadline passed");
  co_return std::get<0>(std::move(first));
}

}  // namespace parley
