// `parley events`: what follows the event log, and what can be done about it.
#include <fmt/format.h>

#include "commands.hpp"
#include "parley/base/json.hpp"
#include "parley/events/operation.hpp"
#include "parley/store/migrations.hpp"
#include "run_blocking.hpp"

namespace parley::app {

namespace {

using events::KnownSubscription;

std::string state_of(const KnownSubscription& one) {
  const auto& status = one.status;
  if (status.rebuild)
    return status.rebuild->phase == events::Rebuild::Phase::emptying ? "emptying" : "replaying";
  if (status.stopped_at) return "stopped";
  if (!one.followed) return "not followed";
  return status.attempts > 0 ? "trying again" : "following";
}

json::object json_of(const KnownSubscription& one) {
  const auto& status = one.status;
  json::object shown{{"name", status.name},
                     {"state", state_of(one)},
                     {"position", status.position.text()},
                     {"waiting", status.lag},
                     {"behindSeconds", status.behind.count() / 1000},
                     {"parked", status.parked},
                     {"attempts", status.attempts},
                     {"canBeRebuilt", one.rebuildable}};
  if (status.stopped_at) shown["stoppedAt"] = to_rfc3339(*status.stopped_at);
  if (status.last_error) shown["reason"] = *status.last_error;
  return shown;
}

struct Log {
  std::vector<KnownSubscription> subscriptions;
  store::Position horizon;
  store::Position newest;
};

Result<Log> look_at(store::Tx& tx) {
  auto all = events::known_subscriptions(tx);
  if (!all) return std::unexpected(all.error());
  auto horizon = store::horizon(tx);
  if (!horizon) return std::unexpected(horizon.error());
  auto newest = store::newest_position(tx);
  if (!newest) return std::unexpected(newest.error());
  return Log{std::move(*all), *horizon, *newest};
}

void print(const Log& log, bool as_json) {
  if (as_json) {
    json::array all;
    for (const auto& one : log.subscriptions) all.push_back(json_of(one));
    fmt::print("{}\n", json::serialize(json::object{{"subscriptions", std::move(all)},
                                                    {"keptAfter", log.horizon.text()},
                                                    {"newest", log.newest.text()}}));
    return;
  }
  fmt::print("The log is kept after {} and reaches to {}.\n", log.horizon.text(),
             log.newest.text());
  for (const auto& one : log.subscriptions) {
    const auto& status = one.status;
    fmt::print("{:<32} {:<12} at {}, {} events after it, {} parked{}\n", status.name, state_of(one),
               status.position.text(), status.lag, status.parked,
               status.last_error ? "\n    " + *status.last_error : "");
  }
}

using Operation = Result<void> (*)(store::Tx&, const std::string&);

Operation operation_of(EventsOptions::What what) {
  if (what == EventsOptions::What::resume) return &events::resume_subscription;
  if (what == EventsOptions::What::rebuild) return &events::request_rebuild;
  return &events::forget_subscription;
}

}  // namespace

int run_events(const CommonOptions& common, const EventsOptions& options) {
  auto settings = load_settings(common);
  if (!settings) return complain(usage, settings.error().detail);
  auto url = settings->text("database.url");
  if (url.empty()) url = "sqlite:" + settings->text("data.dir") + "/parley.db";
  SystemClock clock;
  auto opened = store::open_database(clock, url);
  if (!opened) return complain(not_reachable, opened.error().detail);
  auto& database = **opened;
  asio::io_context io{1};
  auto applied = run_blocking(io, [&] { return store::applied_migrations(database); });
  if (!applied && applied.error().code != Errc::invalid)
    return complain(not_reachable, applied.error().detail);
  if (!applied || *applied < static_cast<std::int64_t>(store::migrations().size()))
    return complain(failed, "the database is older than this program: run `parley migrate` first");
  // A server may be running on it: it sees what is asked for within a second.
  if (options.what != EventsOptions::What::list) {
    auto operation = operation_of(options.what);
    auto change = [&](store::Tx& tx) { return operation(tx, options.subscription); };
    auto changed = run_blocking(io, [&] { return database.write(Context{}, change); });
    if (!changed) return complain(failed, options.subscription + ": " + changed.error().detail);
  }
  auto log = run_blocking(io, [&] { return database.read(Context{}, &look_at); });
  if (!log) return complain(failed, log.error().detail);
  print(*log, options.json);
  return done;
}

}  // namespace parley::app
