#include "lane.hpp"

#include <boost/asio/cancellation_type.hpp>
#include <boost/system/system_error.hpp>

#include "job_run.hpp"
#include "parley/telemetry/log.hpp"
#include "time_limits.hpp"

namespace parley::queue {

namespace {

/// An older node may not know the name yet or any more; another one will.
constexpr Duration unknown_handler_pause = 60s;
/// How long notices wait for a hand to be free before other nodes get them.
constexpr Duration notices_wait = 1s;

/// What the handler throws becomes its failure, also its being cancelled.
Task<void> guarded(const Handler& handler, Context ctx, JobRun& run) {
  try {
    auto work = handler(std::move(ctx), run);
    co_return co_await std::move(work);
  } catch (const std::exception& e) {
    co_return fail(Errc::unavailable, std::string("the handler threw: ") + e.what());
  } catch (...) {
    co_return fail(Errc::unavailable, "the handler threw");
  }
}

bool cannot_help(Errc code) { return code == Errc::invalid || code == Errc::unsupported; }

}  // namespace

Settlement after_failure(Shared& shared, const Registration& registration, const Claimed& claimed,
                         const Error& error) {
  Settlement settlement{claimed.lease};
  settlement.error = error.detail.empty() ? std::string(to_string(error.code)) : error.detail;
  const auto& options = registration.options;
  auto attempts = claimed.job.attempts;
  if (attempts >= options.max_attempts || cannot_help(error.code)) {
    settlement.as = Settlement::As::dead;
    return settlement;
  }
  auto pause = options.first_pause;
  for (std::int64_t i = 1; i < attempts && pause < options.longest_pause; ++i) pause *= 2;
  pause = std::min(pause, options.longest_pause);
  auto jitter = shared.parts.random.next_unit() * static_cast<double>(pause.count()) / 2;
  pause = pause / 2 + Duration(static_cast<Duration::rep>(jitter));
  pause = std::max<Duration>(pause, error.retry_after);
  settlement.as = Settlement::As::again;
  settlement.run_at = shared.steady_now() + std::chrono::ceil<std::chrono::milliseconds>(pause);
  settlement.position = Shared::position_of(settlement.run_at);
  return settlement;
}

asio::awaitable<void> Lane::run() {
  auto& clock = shared_.parts.clock;
  Duration trouble = 100ms;
  while (true) {
    auto seen = state_.news.generation();
    auto free = state_.workers - state_.busy;
    if (free > 0 && !shared_.node().empty()) {
      auto asked = claim_size(static_cast<std::size_t>(free));
      state_.more = false;
      auto held = state_.take_held();
      auto claiming = claim(asked);
      auto claimed = co_await std::move(claiming);
      for (auto& respond : held)
        respond(claimed ? Broker::Answer::looked : Broker::Answer::not_now);
      if (!claimed) {
        log::warn("queue.not_claimed", {{"lane", name_}, {"reason", claimed.error().detail}});
        auto pause = clock.sleep_for(trouble);
        co_await std::move(pause);
        trouble = std::min<Duration>(trouble * 2, 5s);
        continue;
      }
      trouble = 100ms;
      bool all = claimed->size() == asked;
      for (auto& one : *claimed) start(std::move(one));
      if (!all) state_.passed_on = false;
      // All hands are full, and there may be more: another node may have some free.
      if (all && state_.busy >= state_.workers && !state_.passed_on.exchange(true))
        shared_.herald->tell({name_, "", {}});
      if (all) {
        state_.more = true;
        continue;
      }
    }
    auto until = clock.now() + shared_.poll();
    if (auto since = state_.holds_since()) {
      if (clock.now() >= *since + notices_wait)
        for (auto& respond : state_.take_held()) respond(Broker::Answer::elsewhere);
      else
        until = std::min(until, *since + notices_wait);
    }
    auto waiting = state_.news.wait(clock, seen, until);
    co_await std::move(waiting);
  }
}

Task<std::vector<Claimed>> Lane::claim(std::size_t limit) {
  auto node = shared_.node();
  std::vector<Claimed> taken;
  auto take = [&](store::Tx& tx) -> Result<void> {
    auto claimed = claim_jobs(tx, shared_.kind(), name_, node, limit);
    if (!claimed) return std::unexpected(claimed.error());
    taken = std::move(*claimed);
    return {};
  };
  auto work = shared_.relaxed(take);
  auto done = co_await std::move(work);
  if (!done && done.error().code == Errc::outcome_unknown) {
    auto looking = look_for(std::move(taken));
    co_return co_await std::move(looking);
  }
  if (!done) co_return std::unexpected(done.error());
  co_return taken;
}

Task<std::vector<Claimed>> Lane::look_for(std::vector<Claimed> perhaps) {
  auto& clock = shared_.parts.clock;
  Duration pause = 100ms;
  while (true) {
    std::vector<Claimed> ours;
    auto look = [&](store::Tx& tx) -> Result<void> {
      ours.clear();
      for (const auto& one : perhaps) {
        auto held = is_held(tx, one.lease);
        if (!held) return std::unexpected(held.error());
        if (*held) ours.push_back(one);
      }
      return {};
    };
    auto work = shared_.relaxed(look);
    auto done = co_await std::move(work);
    if (done) co_return ours;
    auto sleeping = clock.sleep_for(pause);
    co_await std::move(sleeping);
    pause = std::min<Duration>(pause * 2, 5s);
  }
}

void Lane::start(Claimed claimed) {
  ++state_.busy;
  const auto* registration = shared_.find(claimed.job.handler);
  auto limit = registration ? registration->options.time_limit : Duration::zero();
  auto deadline = shared_.parts.clock.now() + limit;
  auto run = std::make_shared<Running>(std::move(claimed), deadline);
  shared_.begin(run);
  tasks_.spawn("job " + run->claimed.job.id.str(), [this, run] { return work(run); });
}

asio::awaitable<void> Lane::work(std::shared_ptr<Running> run) {
  struct Leave {
    Lane& lane;
    std::shared_ptr<Running> run;
    ~Leave() {
      lane.shared_.end(run);
      --lane.state_.busy;
      if (lane.state_.more) lane.state_.news.raise();
    }
  } leave{*this, run};
  const auto& claimed = run->claimed;
  const auto& job = claimed.job;
  auto now = shared_.steady_now();
  const auto* registration = shared_.find(job.handler);
  Settlement settlement{claimed.lease};
  if (!registration) {
    settlement.as = Settlement::As::again;
    settlement.attempt = Settlement::Attempt::does_not_count;
    settlement.error = "this node has no handler of that name";
    settlement.run_at =
        now + std::chrono::duration_cast<std::chrono::milliseconds>(unknown_handler_pause);
    settlement.position = Shared::position_of(settlement.run_at);
    settler_.add(job.handler, std::move(settlement));
    co_return;
  }
  if (claimed.expires_at && *claimed.expires_at <= now && job.attempts == 1) {
    settlement.as = Settlement::As::dead;
    settlement.error = "expired: it was not started in time";
    settler_.add(job.handler, std::move(settlement));
    co_return;
  }
  auto trying = attempt(*registration, run);
  auto outcome = co_await std::move(trying);
  if (run->settled.exchange(true)) co_return;
  if (auto decided = settlement_of(*registration, *run, outcome))
    settler_.add(job.handler, std::move(*decided));
}

std::optional<Settlement> Lane::settlement_of(const Registration& registration, Running& run,
                                              const Result<void>& outcome) const {
  if (run.finished) {
    shared_.shown.ended(run.claimed.job.handler, "done");
    return std::nullopt;
  }
  if (outcome) return Settlement{run.claimed.lease};
  switch (run.stop.load()) {
    case Running::Stop::lost:
      return std::nullopt;
    case Running::Stop::cancelled: {
      Settlement settlement{run.claimed.lease};
      settlement.as = Settlement::As::cancelled;
      return settlement;
    }
    case Running::Stop::none:
      break;
  }
  return after_failure(shared_, registration, run.claimed, outcome.error());
}

Task<void> Lane::attempt(const Registration& registration, const std::shared_ptr<Running>& run) {
  auto& clock = shared_.parts.clock;
  const auto& job = run->claimed.job;
  auto began = clock.now();
  auto waited = shared_.steady_now() - job.run_at;
  shared_.shown.waited.observe(std::max<Duration>(waited, Duration::zero()));

  Context ctx;
  ctx.organization = job.organization;
  ctx.principal = {Principal::Kind::system, job.handler, Role::owner};
  ctx.trace = run->claimed.trace;
  auto span = shared_.parts.tracer.start("job " + job.handler, ctx, trace::SpanKind::consumer);
  span.set("attempt", job.attempts);
  ActiveRun active(shared_, run);
  auto working = guarded(registration.handler, span.context().until(run->deadline), active);
  auto stoppable = until_told_to_stop(run, std::move(working));
  auto outcome = co_await std::move(stoppable);
  // The queue itself is being stopped: its jobs are handed back.
  auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none)
    throw boost::system::system_error(asio::error::operation_aborted);
  shared_.shown.ran.observe(clock.now() - began);
  if (outcome) {
    span.ok();
  } else {
    span.fail(outcome.error());
  }
  co_return outcome;
}

}  // namespace parley::queue
