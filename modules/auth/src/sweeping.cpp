#include "parley/auth/sweeping.hpp"

#include "parley/telemetry/log.hpp"

namespace parley::auth {

namespace {

asio::awaitable<void> sweep_on(Clock& clock, Sessions& sessions, SweepOptions options) {
  while (true) {
    auto next = clock.now() + options.every;
    Context ctx;
    ctx.deadline = clock.now() + options.limit;
    ctx.principal = {Principal::Kind::system, "sweep", Role::owner};
    auto sweeping = sessions.sweep(std::move(ctx));
    auto swept = co_await std::move(sweeping);
    if (!swept) log::warn("sessions.not_swept", {{"error", swept.error().detail}});
    co_await clock.sleep_until(next);
  }
}

}  // namespace

void keep_swept(TaskGroup& tasks, Clock& clock, Sessions& sessions, SweepOptions options) {
  tasks.spawn("sessions/sweep",
              [&clock, &sessions, options] { return sweep_on(clock, sessions, options); });
}

}  // namespace parley::auth
