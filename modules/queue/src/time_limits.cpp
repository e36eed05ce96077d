#include "time_limits.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

namespace parley::queue {

asio::awaitable<void> TimeLimits::watch() {
  auto& clock = shared_.parts.clock;
  while (true) {
    auto seen = shared_.stops.generation();
    auto now = clock.now();
    auto next = TimePoint::max();
    for (const auto& run : shared_.running()) {
      if (run->stop != Running::Stop::none || now >= run->deadline)
        run->tell_to_stop();
      else
        next = std::min(next, run->deadline);
    }
    shared_.expect_limit(next);
    auto waiting = shared_.stops.wait(clock, seen, next);
    co_await std::move(waiting);
  }
}

Task<void> until_told_to_stop(std::shared_ptr<Running> run, Task<void> work) {
  // A stop asked for before the work could hear of it.
  if (run->stop != Running::Stop::none) co_return fail(Errc::timeout, "told to stop");
  auto executor = co_await asio::this_coro::executor;
  auto own = co_await asio::this_coro::cancellation_state;
  if (own.slot().is_connected())
    own.slot().assign([run](asio::cancellation_type type) { run->signal.emit(type); });
  auto cancellable = asio::bind_cancellation_slot(run->signal.slot(), asio::use_awaitable);
  auto working = asio::co_spawn(executor, std::move(work), std::move(cancellable));
  auto outcome = co_await std::move(working);
  if (run->was_told) co_return fail(Errc::timeout, "the handler passed its time limit");
  co_return outcome;
}

}  // namespace parley::queue
