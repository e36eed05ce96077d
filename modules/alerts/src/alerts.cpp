#include "parley/alerts/alerts.hpp"

#include <algorithm>
#include <array>

#include "parley/telemetry/log.hpp"

namespace parley::alerts {

namespace {

constexpr const char* handler_name = "alerts.send.v1";
constexpr std::size_t longest_summary = 1024;
constexpr auto keep = std::chrono::hours(24 * 90);

constexpr std::array severities{std::pair{Severity::info, std::string_view("info")},
                                std::pair{Severity::warning, std::string_view("warning")},
                                std::pair{Severity::error, std::string_view("error")},
                                std::pair{Severity::critical, std::string_view("critical")}};

Alert read(const store::Row& row) {
  Alert alert;
  alert.id = row.id<AlertId>("id");
  alert.what.key = row.text("alert_key");
  auto severity = row.text("severity");
  for (const auto& [value, name] : severities)
    if (name == severity) alert.what.severity = value;
  alert.what.summary = row.text("summary");
  alert.what.advice = row.text("advice");
  alert.raised_at = row.time("raised_at");
  alert.resolved_at = row.optional_time("resolved_at");
  return alert;
}

}  // namespace

std::string_view to_string(Severity severity) noexcept {
  return std::ranges::find(severities, severity, [](auto& one) { return one.first; })->second;
}

class Alerts::Impl : public std::enable_shared_from_this<Alerts::Impl> {
 public:
  Impl(Parts parts, std::string lane)
      : parts_(parts),
        lane_(std::move(lane)),
        open_(parts.registry.gauge("parley_alerts_open", "Alerts that are open.")),
        raised_(parts.registry.counter("parley_alerts_raised_total", "Alerts raised.")) {}

  void register_job() {
    queue::HandlerOptions how;
    how.lane = lane_;
    how.max_attempts = 20;
    how.longest_pause = 15min;
    how.time_limit = 30s;
    parts_.queue.add(handler_name, how, [weak = weak_from_this()](Context ctx, queue::JobRun& run) {
      return send(weak.lock(), std::move(ctx), run);
    });
  }

  void add(AlertSink& sink) { sinks_.push_back(&sink); }

  Task<void> raise(Context ctx, NewAlert wanted) {
    if (wanted.key.empty() || wanted.summary.empty())
      co_return fail(Errc::invalid, "an alert needs a key and a summary");
    if (wanted.summary.size() > longest_summary) wanted.summary.resize(longest_summary);
    Alert alert{.id = AlertId::make(parts_.clock, parts_.random), .what = std::move(wanted)};
    auto self = shared_from_this();
    auto raised = co_await parts_.database.write(
        ctx, [self, alert](store::Tx& tx) { return self->insert(tx, alert); });
    if (!raised) co_return std::unexpected(raised.error());
    if (!*raised) co_return Result<void>{};
    raised_.add();
    open_.set(**raised);
    log::error("alert.raised", {{"key", alert.what.key}, {"summary", alert.what.summary}});
    co_return Result<void>{};
  }

  Task<void> resolve(Context ctx, std::string key) {
    auto self = shared_from_this();
    auto resolved = co_await parts_.database.write(
        ctx, [self, key](store::Tx& tx) { return self->close(tx, key); });
    if (!resolved) co_return std::unexpected(resolved.error());
    if (!*resolved) co_return Result<void>{};
    open_.set(**resolved);
    log::info("alert.resolved", {{"key", key}});
    co_return Result<void>{};
  }

  Task<std::vector<Alert>> open(Context ctx) {
    auto rows = co_await parts_.database.read(ctx, [](store::Tx& tx) {
      return tx.query("SELECT * FROM alerts WHERE resolved_at IS NULL ORDER BY id LIMIT 1000");
    });
    if (!rows) co_return std::unexpected(rows.error());
    std::vector<Alert> alerts;
    for (const auto& row : *rows) alerts.push_back(read(row));
    co_return alerts;
  }

 private:
  /// How many are open; earlier runs of the program raised some of them.
  static Result<std::optional<double>> count_open(store::Tx& tx) {
    auto row = tx.one("SELECT COUNT(*) AS many FROM alerts WHERE resolved_at IS NULL");
    if (!row) return std::unexpected(row.error());
    return static_cast<double>(row->integer("many"));
  }

  /// Nothing when one of the key is open; else how many are open now.
  Result<std::optional<double>> insert(store::Tx& tx, const Alert& alert) {
    auto inserted = tx.execute(
        "INSERT INTO alerts (id, alert_key, severity, summary, advice, raised_at) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        {alert.id, alert.what.key, to_string(alert.what.severity), alert.what.summary,
         alert.what.advice, tx.now()});
    if (!inserted) return std::unexpected(inserted.error());
    if (*inserted == 0) return std::nullopt;
    if (auto sent = enqueue(tx, alert.id, "trigger"); !sent) return std::unexpected(sent.error());
    return count_open(tx);
  }

  /// Nothing when none of the key was open; else how many are open now.
  Result<std::optional<double>> close(store::Tx& tx, const std::string& key) {
    auto row = tx.one("SELECT id FROM alerts WHERE alert_key = ?1 AND resolved_at IS NULL", {key});
    if (!row && row.error().code == Errc::not_found) return std::nullopt;
    if (!row) return std::unexpected(row.error());
    auto id = row->id<AlertId>("id");
    auto changed = tx.execute("UPDATE alerts SET resolved_at = ?1 WHERE id = ?2", {tx.now(), id});
    if (!changed) return std::unexpected(changed.error());
    auto swept = tx.execute("DELETE FROM alerts WHERE resolved_at < ?1", {tx.now() - keep});
    if (!swept) return std::unexpected(swept.error());
    if (auto sent = enqueue(tx, id, "resolve"); !sent) return std::unexpected(sent.error());
    return count_open(tx);
  }

  /// To each sink by itself; of one alert the trigger goes first.
  Result<void> enqueue(store::Tx& tx, const AlertId& id, std::string_view action) {
    for (auto* sink : sinks_) {
      queue::NewJob job;
      job.handler = handler_name;
      job.payload = {{"alert", id.str()}, {"sink", sink->name()}, {"action", action}};
      job.group = "alert " + sink->name() + " " + id.str();
      if (auto queued = parts_.queue.enqueue(tx, std::move(job)); !queued)
        return std::unexpected(queued.error());
    }
    return {};
  }

  static Task<void> send(std::shared_ptr<Impl> self, Context ctx, queue::JobRun& run) {
    if (!self) co_return fail(Errc::unavailable, "the server is stopping");
    AlertId id(text_in(run.payload(), "alert"));
    auto name = text_in(run.payload(), "sink");
    auto sink = std::ranges::find(self->sinks_, name, [](auto* one) { return one->name(); });
    if (sink == self->sinks_.end())
      co_return fail(Errc::unsupported, "no alert sink \"" + name + "\" is configured now");
    auto row = co_await self->parts_.database.read(
        ctx, [id](store::Tx& tx) { return tx.one("SELECT * FROM alerts WHERE id = ?1", {id}); });
    if (!row) co_return std::unexpected(row.error());
    auto alert = read(*row);
    auto action = text_in(run.payload(), "action") == "resolve" ? AlertSink::Action::resolve
                                                                : AlertSink::Action::trigger;
    auto sending = (*sink)->send(ctx, alert, action);
    co_return co_await std::move(sending);
  }

  Parts parts_;
  std::string lane_;
  std::vector<AlertSink*> sinks_;
  metrics::Gauge open_;
  metrics::Counter raised_;
};

Alerts::Alerts(Parts parts, std::string lane)
    : impl_(std::make_shared<Impl>(parts, std::move(lane))) {
  impl_->register_job();
}
Alerts::~Alerts() = default;
void Alerts::add(AlertSink& sink) { impl_->add(sink); }
Task<void> Alerts::raise(Context ctx, NewAlert alert) {
  auto work = impl_->raise(std::move(ctx), std::move(alert));
  co_return co_await std::move(work);
}
Task<void> Alerts::resolve(Context ctx, std::string key) {
  auto work = impl_->resolve(std::move(ctx), std::move(key));
  co_return co_await std::move(work);
}
Task<std::vector<Alert>> Alerts::open(Context ctx) {
  auto work = impl_->open(std::move(ctx));
  co_return co_await std::move(work);
}

}  // namespace parley::alerts
