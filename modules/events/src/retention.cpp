#include "parley/events/retention.hpp"

#include "parley/telemetry/log.hpp"

namespace parley::events {

namespace {

struct Lowest {
  store::Position position;
  std::optional<std::string> name;  ///< of the subscription; none: there is none
};

/// In the transaction that removes: a rebuild that is asked for at the same time goes first or
/// sees that the log has been cut.
Result<Lowest> lowest_place(store::Tx& tx) {
  auto rows = tx.query(
      "SELECT name, transaction_id, sequence, rebuild FROM event_subscriptions "
      "ORDER BY CASE WHEN rebuild = 'emptying' THEN 0 ELSE 1 END, transaction_id, sequence LIMIT "
      "1");
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) {
    auto newest = store::newest_position(tx);
    if (!newest) return std::unexpected(newest.error());
    return Lowest{*newest, std::nullopt};
  }
  const auto& row = rows->front();
  store::Position position{row.integer("transaction_id"), row.integer("sequence")};
  if (row.text("rebuild") == "emptying") position = {};
  return Lowest{position, row.text("name")};
}

/// Whether the event that would go next is old enough.
Result<bool> next_is_old(store::Tx& tx, store::Position after, WallTime before) {
  auto next = store::read_events(tx, {}, after, 1);
  if (!next) return std::unexpected(next.error());
  return !next->empty() && next->front().time < before;
}

struct Step {
  store::Removed done;
  std::optional<std::string> held_by;
};

Result<Step> trim_some(store::Tx& tx, const RetentionOptions& options) {
  auto before = tx.now() - std::chrono::duration_cast<std::chrono::milliseconds>(options.keep);
  auto lowest = lowest_place(tx);
  if (!lowest) return std::unexpected(lowest.error());
  auto removed = store::remove_events(tx, {before, lowest->position, options.batch});
  if (!removed) return std::unexpected(removed.error());
  Step step{*removed, std::nullopt};
  if (step.done.more || !lowest->name) return step;
  auto at_it = std::max(lowest->position, step.done.horizon);
  auto held = next_is_old(tx, at_it, before);
  if (!held) return std::unexpected(held.error());
  if (*held) step.held_by = lowest->name;
  return step;
}

asio::awaitable<void> trim_on(Clock& clock, store::Database& database, RetentionOptions options) {
  while (true) {
    // Subscriptions that are new in this version have their places by then.
    co_await clock.sleep_for(options.every);
    Context ctx;
    ctx.deadline = clock.now() + options.limit;
    ctx.principal = {Principal::Kind::system, "retention", Role::owner};
    auto trimming = trim_log(std::move(ctx), database, options);
    auto trimmed = co_await std::move(trimming);
    if (!trimmed) {
      log::warn("events.not_trimmed", {{"error", trimmed.error().detail}});
      continue;
    }
    if (trimmed->removed > 0)
      log::info("events.trimmed",
                {{"removed", trimmed->removed}, {"horizon", trimmed->horizon.text()}});
    if (trimmed->held_by) log::warn("events.held_back", {{"subscription", *trimmed->held_by}});
  }
}

}  // namespace

Task<Trimmed> trim_log(Context ctx, store::Database& database, RetentionOptions options) {
  if (options.keep <= Duration::zero()) co_return fail(Errc::invalid, "how long to keep events");
  Trimmed trimmed;
  while (true) {
    auto change = [&options](store::Tx& tx) { return trim_some(tx, options); };
    auto work = database.write(ctx, change);
    auto step = co_await std::move(work);
    if (!step) co_return std::unexpected(step.error());
    trimmed.removed += step->done.removed;
    trimmed.horizon = step->done.horizon;
    trimmed.held_by = step->held_by;
    if (!step->done.more) co_return trimmed;
  }
}

void keep_trimmed(TaskGroup& tasks, Clock& clock, store::Database& database,
                  RetentionOptions options) {
  tasks.spawn("events/retention",
              [&clock, &database, options] { return trim_on(clock, database, options); });
}

}  // namespace parley::events
