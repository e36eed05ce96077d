#include "keeper.hpp"

#include "group_rows.hpp"
#include "lane.hpp"
#include "parley/telemetry/log.hpp"

namespace parley::queue {

namespace {
constexpr std::size_t swept_at_once = 1000;
constexpr std::size_t counted_at_most = 10'000;
}  // namespace

asio::awaitable<void> Keeper::keep() {
  auto& clock = shared_.parts.clock;
  while (true) {
    auto seen = rejoin_.generation();
    auto turning = turn();
    auto done = co_await std::move(turning);
    if (!done) log::warn("queue.keeper_failed", {{"reason", done.error().detail}});
    auto pause = done ? shared_.options.lease / 3 : shared_.options.lease / 10;
    auto waiting = rejoin_.wait(clock, seen, clock.now() + pause);
    co_await std::move(waiting);
  }
}

Task<void> Keeper::turn() {
  if (shared_.node().empty()) {
    auto joining = join();
    auto joined = co_await std::move(joining);
    if (!joined) co_return joined;
  } else {
    auto began = shared_.parts.clock.now();
    auto node = shared_.node();
    auto beating = shared_.relaxed([&](store::Tx& tx) { return beat(tx, node); });
    auto alive = co_await std::move(beating);
    if (!alive) co_return std::unexpected(alive.error());
    if (!*alive) {
      lost();
      co_return Result<void>{};
    }
    std::lock_guard lock(mutex_);
    last_beat_ = began;
  }
  auto looking = look_after_others();
  auto looked = co_await std::move(looking);
  if (!looked) co_return looked;
  auto cancelling = cancel_as_asked();
  auto cancelled = co_await std::move(cancelling);
  if (!cancelled) co_return cancelled;
  auto sweeping = sweep_old();
  auto swept = co_await std::move(sweeping);
  if (!swept) co_return swept;
  auto showing = show_depth();
  co_return co_await std::move(showing);
}

Task<void> Keeper::join() {
  auto name = "node_" + make_ulid(shared_.parts.clock.wall(), shared_.parts.random);
  auto began = shared_.parts.clock.now();
  auto work = shared_.relaxed([&](store::Tx& tx) { return register_node(tx, name); });
  auto joined = co_await std::move(work);
  if (!joined) co_return joined;
  {
    std::lock_guard lock(mutex_);
    last_beat_ = began;
  }
  shared_.set_node(name);
  co_return joined;
}

void Keeper::lost() {
  log::error("queue.node_lost", {{"node", shared_.node()}, {"jobs", shared_.running().size()}});
  shared_.set_node("");
  for (const auto& run : shared_.running()) shared_.ask_to_stop(*run, Running::Stop::lost);
  rejoin_.raise();
}

asio::awaitable<void> Keeper::watch() {
  auto& clock = shared_.parts.clock;
  while (true) {
    auto pause = clock.sleep_for(std::min<Duration>(shared_.options.lease / 10, 1s));
    co_await std::move(pause);
    auto now = clock.now();
    TimePoint beaten;
    {
      std::lock_guard lock(mutex_);
      beaten = last_beat_;
    }
    // Before anybody can have taken its jobs.
    if (!shared_.node().empty() && now - beaten > shared_.options.lease * 8 / 10) lost();
    for (const auto& run : shared_.running()) {
      if (now < run->give_up() || run->settled.exchange(true)) continue;
      const auto& claimed = run->claimed;
      const auto* registration = shared_.find(claimed.job.handler);
      log::error("queue.handler_deaf",
                 {{"job", claimed.job.id.str()}, {"handler", claimed.job.handler}});
      if (run->stop == Running::Stop::lost || !registration) continue;
      Error error{Errc::timeout, "the handler passed its time limit and ignored being cancelled"};
      settler_.add(claimed.job.handler, after_failure(shared_, *registration, claimed, error));
    }
  }
}

Task<void> Keeper::look_after_others() {
  auto reading = shared_.relaxed([](store::Tx& tx) { return load_nodes(tx); });
  auto nodes = co_await std::move(reading);
  if (!nodes) co_return std::unexpected(nodes.error());
  Beats beats;
  for (const auto& node : *nodes)
    if (node.name != shared_.node()) beats.emplace(node.name, node.beat);
  auto still = others_.still(beats, shared_.parts.clock.now());
  for (const auto& [name, beat] : still) {
    auto taking = take_over(name, beat);
    auto taken = co_await std::move(taking);
    if (!taken) co_return taken;
  }
  co_return Result<void>{};
}

Task<void> Keeper::take_over(std::string name, std::int64_t beat) {
  std::int64_t jobs = 0;
  auto take = [&](store::Tx& tx) -> Result<void> {
    jobs = 0;
    auto dead = declare_dead(tx, Node{name, beat});
    if (!dead) return std::unexpected(dead.error());
    if (!*dead) return {};
    auto orphans = running_on(tx, name);
    if (!orphans) return std::unexpected(orphans.error());
    for (const auto& orphan : *orphans) {
      const auto* registration = shared_.find(orphan.job.handler);
      bool hopeless = registration && orphan.job.attempts >= registration->options.max_attempts;
      Settlement settlement{orphan.lease};
      settlement.error = "the node that ran it died";
      if (orphan.cancel_requested) {
        settlement.as = Settlement::As::cancelled;
      } else if (hopeless) {
        settlement.as = Settlement::As::dead;
        settlement.error = "the node that ran it died, in the last of its attempts";
      } else {
        settlement.as = Settlement::As::again;
        settlement.run_at = shared_.steady_now();
        settlement.position = Shared::position_of(orphan.job.run_at);
      }
      auto settled = settle_job(tx, shared_.kind(), settlement);
      if (!settled) return std::unexpected(settled.error());
      jobs += *settled ? 1 : 0;
      bool ended = *settled && settlement.as != Settlement::As::again;
      if (!ended || orphan.job.group.empty()) continue;
      auto left = leave_group(tx, orphan.job.organization, orphan.job.group, orphan.job.id);
      if (!left) return left;
    }
    tx.after_commit(shared_.waker_of_delays());
    tx.after_commit(shared_.waker_of_all());
    return {};
  };
  auto work = shared_.relaxed(take);
  auto taken = co_await std::move(work);
  if (!taken) co_return taken;
  shared_.shown.taken_over.add(static_cast<double>(jobs));
  log::warn("queue.taken_over", {{"node", name}, {"jobs", jobs}});
  co_return taken;
}

Task<void> Keeper::cancel_as_asked() {
  auto node = shared_.node();
  auto reading = shared_.relaxed([&](store::Tx& tx) { return cancel_requests(tx, node); });
  auto ids = co_await std::move(reading);
  if (!ids) co_return std::unexpected(ids.error());
  for (const auto& id : *ids)
    if (auto run = shared_.running(id)) shared_.ask_to_stop(*run, Running::Stop::cancelled);
  co_return Result<void>{};
}

Task<void> Keeper::sweep_old() {
  auto now = shared_.parts.clock.wall();
  auto ms = [](Duration d) { return std::chrono::duration_cast<std::chrono::milliseconds>(d); };
  auto finished = now - ms(shared_.options.keep_finished);
  auto died = now - ms(shared_.options.keep_dead);
  while (true) {
    auto work =
        shared_.relaxed([&](store::Tx& tx) { return sweep(tx, finished, died, swept_at_once); });
    auto removed = co_await std::move(work);
    if (!removed) co_return std::unexpected(removed.error());
    if (*removed < static_cast<std::int64_t>(swept_at_once)) co_return Result<void>{};
  }
}

Task<void> Keeper::show_depth() {
  std::int64_t dead = 0;
  std::map<std::string, std::int64_t> ready;
  auto look = [&](store::Tx& tx) -> Result<void> {
    auto letters = count_dead(tx, counted_at_most);
    if (!letters) return std::unexpected(letters.error());
    dead = *letters;
    for (const auto& [name, lane] : shared_.lanes) {
      auto many = count_ready(tx, name, counted_at_most);
      if (!many) return std::unexpected(many.error());
      ready[name] = *many;
    }
    return {};
  };
  auto looking = shared_.parts.database.read(Context{}, look);
  auto looked = co_await std::move(looking);
  if (!looked) co_return looked;
  shared_.shown.dead.set(static_cast<double>(dead));
  for (const auto& [lane, many] : ready)
    shared_.shown.registry
        .gauge("parley_queue_ready_jobs", "Jobs to be run, counted no further than 10,000",
               {{"lane", lane}})
        .set(static_cast<double>(many));
  co_return looked;
}

asio::awaitable<void> Keeper::leave() {
  auto node = shared_.node();
  if (node.empty()) co_return;
  auto work = shared_.relaxed([&](store::Tx& tx) -> Result<void> {
    auto back = hand_back(tx, node);
    if (!back) return std::unexpected(back.error());
    if (*back > 0) tx.after_commit(shared_.waker_of_all());
    return remove_node(tx, node);
  });
  // When the database is away, the others take over what is left.
  auto left = co_await std::move(work);
  if (!left) log::warn("queue.not_handed_back", {{"reason", left.error().detail}});
  shared_.set_node("");
}

}  // namespace parley::queue
