#include "follower.hpp"

#include <boost/asio/cancellation_type.hpp>
#include <boost/system/system_error.hpp>

#include "parley/base/task_group.hpp"

namespace parley::events {

namespace {

/// How far a checkpoint may stay behind events that do not match, before it is moved for nothing
/// but a shorter start.
constexpr std::int64_t max_unmatched = 1000;
/// And for how long: what is before the checkpoint may be removed from the log.
constexpr Duration unmatched_for = 1h;

/// The events at the front that may share a transaction, whose organization is the event's.
std::vector<store::StoredEvent> of_one_organization(std::vector<store::StoredEvent> events) {
  auto& first = events.front().organization;
  auto other = std::ranges::find_if(events, [&](auto& e) { return e.organization != first; });
  events.erase(other, events.end());
  return events;
}

}  // namespace

Context Follower::context(const OrganizationId& organization) const {
  Context ctx;
  ctx.organization = organization;
  ctx.principal = {Principal::Kind::system, subscription_.name, Role::owner};
  return ctx;
}

Claim Follower::claim(WallTime now) const {
  // Long enough for the reaction that comes next: two nodes must not react both.
  auto lease = shared_.options.lease;
  if (std::holds_alternative<Reaction>(subscription_.handler))
    lease += shared_.options.reaction_limit;
  auto until = now + std::chrono::ceil<std::chrono::milliseconds>(lease);
  return {subscription_.name, shared_.node, until};
}

Duration Follower::pause_after(std::int64_t failures) const {
  auto pause = shared_.options.first_retry;
  for (std::int64_t i = 1; i < failures && pause < shared_.options.longest_retry; ++i) pause *= 2;
  return std::min(pause, shared_.options.longest_retry);
}

asio::awaitable<void> Follower::run() {
  // On PostgreSQL an event becomes readable when older transactions have ended, which nobody
  // announces: after a sign of news, look again soon and then less and less often.
  bool settles_later = shared_.database.kind() == store::Database::Kind::postgresql;
  constexpr Duration soon = 5ms;
  Duration idle = shared_.options.poll;
  std::int64_t troubles = 0;
  while (true) {
    auto seen = shared_.committed.generation();
    auto turn = co_await take_turn();
    auto now = shared_.clock.now();
    if (!turn) {
      // The database is away, or another node was faster: nothing is lost by waiting.
      auto pause = shared_.clock.sleep_until(now + pause_after(++troubles));
      co_await std::move(pause);
      continue;
    }
    troubles = 0;
    if (now < not_before_) {
      auto pause = shared_.clock.sleep_until(not_before_);
      co_await std::move(pause);
    } else if (*turn == Turn::went_on) {
      idle = soon;
    } else {
      auto until =
          now + (settles_later ? std::min(idle, shared_.options.poll) : shared_.options.poll);
      auto news = shared_.committed.wait(shared_.clock, seen, until);
      co_await std::move(news);
      idle = shared_.committed.generation() != seen ? soon : idle * 2;
      if (idle > shared_.options.poll) idle = shared_.options.poll;
    }
  }
}

Result<Follower::Look> Follower::look_in(store::Tx& tx) {
  auto checkpoint = load_checkpoint(tx, subscription_.name);
  if (!checkpoint) return std::unexpected(checkpoint.error());
  auto newest = store::newest_position(tx);
  if (!newest) return std::unexpected(newest.error());
  Look look;
  look.newest = *newest;
  if (!*checkpoint) return look;
  look.checkpoint = std::move(**checkpoint);
  look.ours = look.checkpoint.free_for(shared_.node, tx.now());
  if (!look.ours) return look;
  auto after = look.checkpoint.position;
  // A rebuild takes the checkpoint back.
  if (looked_from_ == after) after = std::max(looked_, after);
  auto events = store::read_events(tx, subscription_.filter, after, shared_.options.batch);
  if (!events) return std::unexpected(events.error());
  look.events = std::move(*events);
  return look;
}

Task<Follower::Look> Follower::look() {
  auto work = shared_.database.read(Context{}, [this](store::Tx& tx) { return look_in(tx); });
  auto seen = co_await std::move(work);
  bool can_rebuild = static_cast<bool>(subscription_.empty);
  if (!seen) co_return seen;
  bool none_yet = !seen->ours && seen->checkpoint.lease_owner.empty();
  bool undeclared = seen->ours && seen->checkpoint.rebuildable != can_rebuild;
  if (!none_yet && !undeclared) co_return seen;
  // No checkpoint yet: this is the first time that the subscription runs; or another version of it
  // ran.
  auto start = subscription_.start == Subscription::Start::now ? seen->newest : store::Position{};
  auto create = [this, start, can_rebuild](store::Tx& tx) -> Result<void> {
    auto made = create_checkpoint(tx, subscription_.name, start);
    if (!made) return made;
    return declare_rebuildable(tx, subscription_.name, can_rebuild);
  };
  auto making = shared_.database.write(Context{}, create);
  auto made = co_await std::move(making);
  if (!made) co_return std::unexpected(made.error());
  auto again = shared_.database.read(Context{}, [this](store::Tx& tx) { return look_in(tx); });
  co_return co_await std::move(again);
}

bool Follower::is_database_trouble(Errc code) const {
  // A projection touches nothing but the database; a reaction's code may be of anything.
  if (std::holds_alternative<Reaction>(subscription_.handler)) return false;
  return code == Errc::unavailable || code == Errc::outcome_unknown || code == Errc::timeout ||
         code == Errc::rate_limited || code == Errc::resource_exhausted || code == Errc::corrupt;
}

Task<Follower::Turn> Follower::take_turn() {
  auto looking = look();
  auto seen = co_await std::move(looking);
  if (!seen) co_return std::unexpected(seen.error());
  if (!seen->ours) {
    looked_ = {};
    co_return Turn::not_ours;
  }
  if (seen->checkpoint.rebuild && seen->checkpoint.rebuild->phase == Rebuild::Phase::emptying) {
    auto emptying = empty_some(std::move(seen->checkpoint));
    co_return co_await std::move(emptying);
  }
  // A new start may have a better handler; otherwise somebody has to say that it goes on.
  if (seen->checkpoint.stopped_at && !fresh_) co_return Turn::idle;
  auto from = seen->checkpoint.position;
  if (seen->events.empty()) {
    auto looking_on = nothing_new(seen->checkpoint, seen->newest);
    co_return co_await std::move(looking_on);
  }

  Failure failure;
  auto first = seen->events.front();
  bool alone = one_by_one_ || seen->checkpoint.attempts > 0 ||
               std::holds_alternative<Reaction>(subscription_.handler);
  if (alone) seen->events.resize(1);
  auto events = of_one_organization(std::move(seen->events));
  auto many = events.size();
  auto handling = std::holds_alternative<Projection>(subscription_.handler)
                      ? project(from, std::move(events), failure)
                      : react(seen->checkpoint, first, failure);
  auto handled = co_await std::move(handling);
  if (handled) {
    one_by_one_ = fresh_ = false;
    co_return Turn::went_on;
  }
  if (!failure.reason || is_database_trouble(handled.error().code))
    co_return std::unexpected(handled.error());
  if (many > 1) {
    one_by_one_ = true;
    co_return Turn::went_on;
  }
  auto counting = count_failure(seen->checkpoint, std::move(first), *failure.reason);
  auto counted = co_await std::move(counting);
  if (!counted) co_return std::unexpected(counted.error());
  fresh_ = false;
  co_return Turn::went_on;
}

Task<Follower::Turn> Follower::nothing_new(const Checkpoint& checkpoint, store::Position newest) {
  auto from = checkpoint.position;
  looked_from_ = from;
  looked_ = std::max(newest, from);
  bool replayed = checkpoint.rebuild && looked_ >= checkpoint.rebuild->until;
  auto now = shared_.clock.now();
  if (move_idle_at_ == TimePoint::min()) move_idle_at_ = now + unmatched_for;
  bool due = looked_ > from && now >= move_idle_at_;
  bool far = looked_.sequence - from.sequence > max_unmatched;
  if (!replayed && !far && !due) co_return Turn::idle;
  move_idle_at_ = now + unmatched_for;
  auto skipping = skip_to(from, looked_);
  auto skipped = co_await std::move(skipping);
  if (!skipped) co_return std::unexpected(skipped.error());
  co_return Turn::idle;
}

Task<Follower::Turn> Follower::empty_some(Checkpoint checkpoint) {
  // A node of another version may know how.
  if (!subscription_.empty) co_return Turn::idle;
  auto from = checkpoint.position;
  std::optional<std::string> reason;
  auto change = [&](store::Tx& tx) -> Result<void> {
    reason.reset();
    if (auto held = renew_lease(tx, claim(tx.now()), from); !held) return held;
    Result<std::int64_t> removed;
    try {
      removed = subscription_.empty(tx);
    } catch (const std::exception& e) {
      removed = fail(Errc::invalid, e.what());
    }
    if (!removed) {
      reason = removed.error().detail;
      return std::unexpected(removed.error());
    }
    if (*removed > 0) return {};
    return begin_replay(tx, claim(tx.now()), from);
  };
  auto work = shared_.database.write(context({}), change);
  auto changed = co_await std::move(work);
  if (changed) co_return Turn::went_on;
  if (!reason || is_database_trouble(changed.error().code))
    co_return std::unexpected(changed.error());
  // Nothing can be put aside here: it is tried until it succeeds, and the reason shows.
  auto attempts = checkpoint.attempts + 1;
  auto note = [&](store::Tx& tx) {
    return note_failure(tx, claim(tx.now()), from, attempts, "emptying: " + *reason);
  };
  auto noting = shared_.database.write(Context{}, note);
  auto noted = co_await std::move(noting);
  if (!noted) co_return std::unexpected(noted.error());
  not_before_ = shared_.clock.now() + pause_after(attempts);
  co_return Turn::went_on;
}

Task<void> Follower::project(store::Position from, std::vector<store::StoredEvent> events,
                             Failure& failure) {
  const auto& projection = std::get<Projection>(subscription_.handler);
  auto ctx = context(events.front().organization);
  auto apply = [&](store::Tx& tx) -> Result<void> {
    failure.reason.reset();
    auto moved = move_checkpoint(tx, claim(tx.now()), from, events.back().position);
    if (!moved) return moved;
    for (const auto& event : events) {
      try {
        auto done = projection(tx, event);
        if (!done) failure.reason = done.error().detail;
        if (!done) return done;
      } catch (const std::exception& e) {
        failure.reason = e.what();
        return fail(Errc::invalid, "the projection threw");
      }
    }
    return {};
  };
  auto work = shared_.database.write(std::move(ctx), apply);
  co_return co_await std::move(work);
}

namespace {

/// What the handler throws becomes its failure, also the cancellation at its deadline.
Task<void> call_guarded(const Reaction& reaction, Context ctx, store::StoredEvent event) {
  try {
    auto work = reaction(std::move(ctx), std::move(event));
    co_return co_await std::move(work);
  } catch (const std::exception& e) {
    co_return fail(Errc::unavailable, e.what());
  } catch (...) {
    co_return fail(Errc::unavailable, "unknown exception");
  }
}

}  // namespace

Task<void> Follower::call_reaction(store::StoredEvent event) {
  const auto& reaction = std::get<Reaction>(subscription_.handler);
  auto deadline = shared_.clock.now() + shared_.options.reaction_limit;
  auto ctx = context(event.organization).until(deadline);
  auto work = call_guarded(reaction, std::move(ctx), std::move(event));
  auto limited = with_deadline(shared_.clock, deadline, std::move(work));
  Result<void> done;
  try {
    done = co_await std::move(limited);
  } catch (const std::exception& e) {
    done = fail(Errc::unavailable, e.what());
  }
  // A subscription that is being stopped has no failed event.
  auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none)
    throw boost::system::system_error(asio::error::operation_aborted);
  co_return done;
}

Task<void> Follower::hold_lease(const Checkpoint& checkpoint) {
  auto now = shared_.clock.wall();
  bool long_enough = checkpoint.lease_owner == shared_.node && checkpoint.lease_until &&
                     *checkpoint.lease_until > now + shared_.options.reaction_limit;
  if (long_enough) co_return Result<void>{};
  auto from = checkpoint.position;
  auto take = [this, from](store::Tx& tx) { return renew_lease(tx, claim(tx.now()), from); };
  auto work = shared_.database.write(Context{}, take);
  co_return co_await std::move(work);
}

Task<void> Follower::react(Checkpoint checkpoint, store::StoredEvent event, Failure& failure) {
  auto position = event.position;
  auto holding = hold_lease(checkpoint);
  auto held = co_await std::move(holding);
  if (!held) co_return held;
  auto calling = call_reaction(std::move(event));
  auto done = co_await std::move(calling);
  if (!done) failure.reason = done.error().detail;
  if (!done) co_return done;
  auto skipping = skip_to(checkpoint.position, position);
  co_return co_await std::move(skipping);
}

Task<void> Follower::skip_to(store::Position from, store::Position to) {
  auto move = [this, from, to](store::Tx& tx) {
    return move_checkpoint(tx, claim(tx.now()), from, to);
  };
  auto work = shared_.database.write(Context{}, move);
  co_return co_await std::move(work);
}

Task<void> Follower::count_failure(const Checkpoint& checkpoint, store::StoredEvent event,
                                   std::string reason) {
  auto attempts = checkpoint.attempts + 1;
  bool give_up = attempts >= shared_.options.max_attempts;
  auto from = checkpoint.position;
  auto note = [&, this](store::Tx& tx) -> Result<void> {
    if (!give_up) return note_failure(tx, claim(tx.now()), from, attempts, reason);
    if (subscription_.on_failure == Subscription::OnFailure::stop)
      return stop_at(tx, claim(tx.now()), from, attempts, reason);
    if (auto parked = park(tx, subscription_.name, event, attempts, reason); !parked) return parked;
    return move_checkpoint(tx, claim(tx.now()), from, event.position);
  };
  auto work = shared_.database.write(context(event.organization), note);
  auto noted = co_await std::move(work);
  if (noted && !give_up) not_before_ = shared_.clock.now() + pause_after(attempts);
  co_return noted;
}

Task<void> Follower::handle_apart(store::StoredEvent event,
                                  std::function<Result<void>(store::Tx&)> finish) {
  auto ctx = context(event.organization);
  if (auto* projection = std::get_if<Projection>(&subscription_.handler)) {
    auto apply = [&](store::Tx& tx) -> Result<void> {
      if (auto done = (*projection)(tx, event); !done) return done;
      return finish(tx);
    };
    auto work = shared_.database.write(ctx, apply);
    co_return co_await std::move(work);
  }
  auto calling = call_reaction(std::move(event));
  auto done = co_await std::move(calling);
  if (!done) co_return done;
  auto work = shared_.database.write(ctx, finish);
  co_return co_await std::move(work);
}

}  // namespace parley::events
