#include "timekeeper.hpp"

#include "group_rows.hpp"
#include "parley/telemetry/log.hpp"

namespace parley::queue {

namespace {
constexpr std::size_t promoted_at_once = 500;
}

asio::awaitable<void> Timekeeper::run() {
  auto& clock = shared_.parts.clock;
  while (true) {
    auto seen = shared_.delays.generation();
    auto turning = turn();
    auto next = co_await std::move(turning);
    if (!next) log::warn("queue.timekeeper_failed", {{"reason", next.error().detail}});
    auto until = next.value_or(clock.now() + shared_.options.poll);
    auto waiting = shared_.delays.wait(clock, seen, until);
    co_await std::move(waiting);
  }
}

Task<TimePoint> Timekeeper::turn() {
  auto& clock = shared_.parts.clock;
  Duration drift = clock.wall() - shared_.steady_now();
  if (drift_ && drift < *drift_ - 1s) {
    auto mending = after_the_clock_went_back();
    auto mended = co_await std::move(mending);
    if (!mended) co_return std::unexpected(mended.error());
  }
  drift_ = drift;
  for (auto state : {JobState::delayed, JobState::scheduled}) {
    while (true) {
      auto now = state == JobState::delayed ? shared_.steady_now() : clock.wall();
      auto promoting = promote(state, now);
      auto more = co_await std::move(promoting);
      if (!more) co_return std::unexpected(more.error());
      if (!*more) break;
    }
  }
  while (true) {
    auto firing = fire_one();
    auto fired = co_await std::move(firing);
    if (!fired) co_return std::unexpected(fired.error());
    if (!*fired) break;
  }
  // The clocks are read together: what the look itself takes is no loss.
  auto began = clock.now();
  auto steady = shared_.steady_now();
  auto civil = clock.wall();
  Duration wait{};
  auto look = [&](store::Tx& tx) -> Result<void> {
    wait = shared_.poll();
    auto sooner = [&](const Result<std::optional<WallTime>>& due, WallTime now) -> Result<void> {
      if (!due) return std::unexpected(due.error());
      if (*due) wait = std::clamp<Duration>(**due - now, 1ms, wait);
      return {};
    };
    if (auto d = sooner(next_due(tx, JobState::delayed), steady); !d) return d;
    if (auto s = sooner(next_due(tx, JobState::scheduled), civil); !s) return s;
    return sooner(next_schedule(tx), civil);
  };
  auto looking = shared_.parts.database.read(Context{}, look);
  auto looked = co_await std::move(looking);
  if (!looked) co_return std::unexpected(looked.error());
  co_return began + wait;
}

Task<bool> Timekeeper::promote(JobState state, WallTime now) {
  auto move = [&](store::Tx& tx) -> Result<bool> {
    auto alone = promote_due(tx, shared_.kind(), state, now, promoted_at_once);
    if (!alone) return std::unexpected(alone.error());
    auto grouped = due_in_groups(tx, shared_.kind(), state, now, promoted_at_once);
    if (!grouped) return std::unexpected(grouped.error());
    for (const auto& due : *grouped)
      if (auto joined = join_group(tx, due, state); !joined) return std::unexpected(joined.error());
    if (*alone > 0 || !grouped->empty()) tx.after_commit(shared_.waker_of_all());
    return *alone == static_cast<std::int64_t>(promoted_at_once) ||
           grouped->size() == promoted_at_once;
  };
  auto work = shared_.relaxed(move);
  co_return co_await std::move(work);
}

Task<bool> Timekeeper::fire_one() {
  auto fire = [&](store::Tx& tx) -> Result<bool> {
    auto due = due_schedule(tx, tx.now());
    if (!due) return std::unexpected(due.error());
    if (!*due) return false;
    const auto& schedule = (*due)->schedule;
    auto cron = Cron::parse(schedule.cron, schedule.zone);
    // A zone that went away with an update: looked at again in a day.
    auto next = cron ? cron->next_after(tx.now()) : tx.now() + std::chrono::hours(24);
    if (!cron)
      log::error("queue.schedule_broken",
                 {{"schedule", schedule.name}, {"reason", cron.error().detail}});
    auto moved = move_schedule(tx, **due, next);
    if (!moved) return std::unexpected(moved.error());
    if (!*moved || !cron) return true;
    tx.act_for((*due)->organization);
    NewJob job;
    job.handler = schedule.handler;
    job.payload = schedule.payload;
    job.priority = schedule.priority;
    job.unique_key = "schedule/" + schedule.name;
    auto enqueued = enqueue_(tx, std::move(job));
    if (!enqueued && enqueued.error().code == Errc::not_found) {
      log::error("queue.schedule_broken",
                 {{"schedule", schedule.name}, {"reason", enqueued.error().detail}});
      return true;
    }
    if (!enqueued) return std::unexpected(enqueued.error());
    return true;
  };
  auto work = shared_.parts.database.write(Context{}, fire);
  co_return co_await std::move(work);
}

Task<void> Timekeeper::after_the_clock_went_back() {
  log::warn("queue.clock_went_back");
  auto mend = [](store::Tx& tx) -> Result<void> {
    auto all = schedules_after(tx, tx.now());
    if (!all) return std::unexpected(all.error());
    for (const auto& due : *all) {
      auto cron = Cron::parse(due.schedule.cron, due.schedule.zone);
      // Those of fixed hours have had their turn, and must not have it twice.
      if (!cron || !cron->through_the_day()) continue;
      auto next = cron->next_after(tx.now());
      if (next >= due.next_at) continue;
      if (auto set = set_next(tx, due, next); !set) return set;
    }
    return {};
  };
  auto work = shared_.parts.database.write(Context{}, mend);
  co_return co_await std::move(work);
}

}  // namespace parley::queue
