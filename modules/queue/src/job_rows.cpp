#include "job_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "parley/store/array.hpp"
#include "parley/store/sort.hpp"

namespace parley::queue {

namespace {

constexpr std::array<std::string_view, 8> state_names{"scheduled", "delayed", "waiting",   "ready",
                                                      "running",   "done",    "cancelled", "dead"};
constexpr std::size_t max_error_length = 500;
/// Fewer than may be claimed at once: their payloads are in memory a few times over.
constexpr std::size_t most_inserted_at_once = 128;

constexpr std::string_view columns =
    "id, organization_id, handler, lane, state, priority, position, run_at, expires_at, "
    "unique_key, group_key, payload, attempts, fence, cancel_requested, progress, progress_note, "
    "last_error, trace_id, span_id, created_at, started_at, finished_at, died_at";

Job read_job(const store::Row& row) {
  Job job;
  job.id = row.id<JobId>("id");
  job.organization = row.id<OrganizationId>("organization_id");
  job.handler = row.text("handler");
  job.lane = row.text("lane");
  job.state = parse_job_state(row.text("state")).value();
  job.priority = static_cast<Priority>(row.integer("priority"));
  job.run_at = row.time("run_at");
  job.unique_key = row.optional_text("unique_key").value_or("");
  job.group = row.optional_text("group_key").value_or("");
  job.payload = row.json("payload").as_object();
  job.attempts = row.integer("attempts");
  job.progress = static_cast<int>(row.integer("progress"));
  job.progress_note = row.json("progress_note").as_object();
  job.last_error = row.text("last_error");
  job.created_at = row.time("created_at");
  job.started_at = row.optional_time("started_at");
  job.finished_at = row.optional_time("finished_at");
  job.died_at = row.optional_time("died_at");
  return job;
}

Claimed read_claimed(const store::Row& row) {
  Claimed claimed;
  claimed.job = read_job(row);
  claimed.lease = {claimed.job.id, row.integer("fence"), claimed.job.organization,
                   claimed.job.group};
  claimed.trace = {row.text("trace_id"), row.text("span_id")};
  claimed.expires_at = row.optional_time("expires_at");
  claimed.cancel_requested = row.flag("cancel_requested");
  return claimed;
}

template <class T, class Read>
Result<std::vector<T>> read_all(const Result<store::Rows>& rows, Read read) {
  if (!rows) return std::unexpected(rows.error());
  std::vector<T> all;
  for (const auto& row : *rows) all.push_back(read(row));
  return all;
}

store::Value null_if_empty(const std::string& text) {
  return text.empty() ? store::Value() : store::Value(text);
}

/// Reasons come from exceptions and other systems: any bytes, any length. Stored as plain ASCII.
std::string shortened(std::string text) {
  if (text.size() > max_error_length) text.resize(max_error_length);
  for (char& c : text)
    if (static_cast<unsigned char>(c) >= 0x80 || c == '\0') c = '?';
  return text;
}

/// Rows that another worker has in hand are passed over.
std::string_view skip_locked(Kind kind) {
  return kind == Kind::postgresql ? " FOR UPDATE SKIP LOCKED" : "";
}

std::string_view name_of(JobState state) { return state_names[static_cast<std::size_t>(state)]; }

}  // namespace

std::string_view to_string(JobState state) noexcept { return name_of(state); }

std::optional<JobState> parse_job_state(std::string_view text) noexcept {
  auto found = std::ranges::find(state_names, text);
  if (found == state_names.end()) return std::nullopt;
  return static_cast<JobState>(found - state_names.begin());
}

namespace {

using enum store::Array::Type;

/// Whose key another job had already is told which one that is.
Result<void> find_duplicates(store::Tx& tx, Kind kind, std::span<const NewRow> rows,
                             std::span<Enqueued> enqueued) {
  store::Array keys(kind, {{"wanted_key"}});
  for (const auto& row : rows)
    if (!row.job.unique_key.empty()) keys.add({row.job.unique_key});
  store::Params params{tx.context().organization};
  auto from = keys.bind("wanted", params);
  // CROSS JOIN: so that SQLite looks each of them up, instead of reading all keys there are.
  auto holders = tx.query("SELECT id, unique_key FROM " + from +
                              " CROSS JOIN jobs "
                              "WHERE organization_id = ?1 AND unique_key = wanted_key",
                          std::move(params));
  if (!holders) return std::unexpected(holders.error());
  std::map<std::string, JobId> holder_of;
  for (const auto& row : *holders) holder_of.emplace(row.text("unique_key"), row.id<JobId>("id"));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].job.unique_key.empty()) continue;
    auto holder = holder_of.find(rows[i].job.unique_key);
    if (holder == holder_of.end())
      return fail(Errc::conflict, "the job that had the key has just ended");
    if (holder->second != rows[i].id) enqueued[i] = {holder->second, Enqueued::As::duplicate};
  }
  return {};
}

Result<void> insert_some(store::Tx& tx, Kind kind, std::span<const NewRow> rows,
                         std::vector<Enqueued>& all) {
  store::Array fresh(kind, {{"new_id"},
                            {"new_handler"},
                            {"new_lane"},
                            {"new_state"},
                            {"new_priority", integer},
                            {"new_position", integer},
                            {"new_run_at"},
                            {"new_expires_at"},
                            {"new_unique_key"},
                            {"new_group_key"},
                            {"new_payload"}});
  for (const auto& row : rows)
    fresh.add({row.id, row.job.handler, row.lane, name_of(row.state),
               static_cast<int>(row.job.priority), row.position, row.run_at, row.expires_at,
               null_if_empty(row.job.unique_key), null_if_empty(row.job.group), row.payload});
  const auto& ctx = tx.context();
  store::Params params{ctx.organization, ctx.trace.trace_id, ctx.trace.span_id, tx.now()};
  auto from = fresh.bind("fresh", params);
  auto sql =
      "INSERT INTO jobs (id, organization_id, handler, lane, state, priority, position, run_at, "
      "expires_at, unique_key, group_key, payload, trace_id, span_id, created_at) "
      "SELECT new_id, ?1, new_handler, new_lane, new_state, new_priority, new_position, "
      "new_run_at, new_expires_at, new_unique_key, new_group_key, new_payload, ?2, ?3, ?4 FROM " +
      from;
  // To be ready for a conflict costs PostgreSQL a lock and a record of its log for each row.
  auto has_key = [](const NewRow& row) { return !row.job.unique_key.empty(); };
  if (std::ranges::any_of(rows, has_key))
    sql +=
        " WHERE true "
        "ON CONFLICT (organization_id, unique_key) WHERE unique_key IS NOT NULL DO NOTHING";
  auto inserted = tx.execute(sql, std::move(params));
  if (!inserted) return std::unexpected(inserted.error());
  for (const auto& row : rows) all.push_back({row.id});
  if (*inserted == static_cast<std::int64_t>(rows.size())) return {};
  return find_duplicates(tx, kind, rows, std::span(all).last(rows.size()));
}

}  // namespace

Result<std::vector<Enqueued>> insert_jobs(store::Tx& tx, Kind kind, std::span<const NewRow> rows) {
  std::vector<Enqueued> all;
  all.reserve(rows.size());
  while (!rows.empty()) {
    auto some = rows.first(std::min(rows.size(), most_inserted_at_once));
    if (auto done = insert_some(tx, kind, some, all); !done) return std::unexpected(done.error());
    rows = rows.subspan(some.size());
  }
  return all;
}

Result<Job> load_job(store::Tx& tx, const JobId& id) {
  const auto& organization = tx.context().organization;
  auto row = tx.one("SELECT " + std::string(columns) +
                        " FROM jobs WHERE id = ?1 AND (?2 = '' OR organization_id = ?2)",
                    {id, organization});
  if (!row) return fail(row.error().code, "no such job");
  return read_job(*row);
}

Result<store::Listed<Job>> list_jobs(store::Tx& tx, const JobFilter& filter) {
  static constexpr store::SortField fields[]{{"createdAt", "created_at"}};
  auto order = store::order_by(filter.sort, fields, "created_at DESC, id DESC");
  if (!order) return std::unexpected(order.error());
  store::Listing listing{.table = "jobs",
                         .columns = columns,
                         .where = "organization_id = ?1",
                         .order = std::move(*order),
                         .page = filter.page,
                         .limit = filter.limit};
  store::Params params{tx.context().organization};
  auto only = [&](std::string_view column, std::string_view value) {
    if (value.empty()) return;
    params.emplace_back(std::string(value));
    listing.where += fmt::format(" AND {} = ?{}", column, params.size());
  };
  if (filter.state) only("state", name_of(*filter.state));
  only("lane", filter.lane);
  only("handler", filter.handler);
  return store::list(tx, listing, params, read_job);
}

std::size_t claim_size(std::size_t limit) {
  std::size_t size = 1;
  while (size * 2 <= std::min(limit, most_at_once)) size *= 2;
  return size;
}

std::string claim_sql(Kind kind, std::size_t limit) {
  // The rows are locked, so they stay at their place until they are changed: PostgreSQL need not
  // look for them in an index again.
  bool postgres = kind == Kind::postgresql;
  return fmt::format(
      "WITH next AS MATERIALIZED (SELECT {} AS place FROM jobs WHERE state = 'ready' AND lane = ?1 "
      "ORDER BY priority, position LIMIT {}{}) "
      "UPDATE jobs SET state = 'running', node = ?2, attempts = attempts + 1, fence = fence + 1, "
      "started_at = ?3 WHERE {} RETURNING {}",
      postgres ? "ctid" : "rowid", limit, skip_locked(kind),
      postgres ? "ctid = ANY(ARRAY(SELECT place FROM next))" : "rowid IN (SELECT place FROM next)",
      columns);
}

Result<std::vector<Claimed>> claim_jobs(store::Tx& tx, Kind kind, const std::string& lane,
                                        const std::string& node, std::size_t limit) {
  auto rows = tx.query(claim_sql(kind, limit), {lane, node, tx.now()});
  if (rows)
    std::ranges::sort(*rows, {}, [](const store::Row& row) {
      return std::pair(row.integer("priority"), row.integer("position"));
    });
  return read_all<Claimed>(rows, read_claimed);
}

Result<bool> is_held(store::Tx& tx, const Lease& lease) {
  auto rows = tx.query(
      fmt::format("SELECT fence, state FROM jobs WHERE id = ?1{}", tx.for_update()), {lease.id});
  if (!rows) return std::unexpected(rows.error());
  return !rows->empty() && rows->front().integer("fence") == lease.fence &&
         rows->front().text("state") == "running";
}

namespace {

JobState state_after(Settlement::As as) {
  switch (as) {
    case Settlement::As::done:
      return JobState::done;
    case Settlement::As::again:
      return JobState::delayed;
    case Settlement::As::dead:
      return JobState::dead;
    case Settlement::As::cancelled:
      break;
  }
  return JobState::cancelled;
}

}  // namespace

Result<std::vector<bool>> settle_jobs(store::Tx& tx, Kind kind, std::span<const Settlement> ended) {
  store::Array ends(kind, {{"ended_id"},
                           {"ended_fence", integer},
                           {"next_state"},
                           {"next_run_at"},
                           {"next_position", integer},
                           {"error"},
                           {"not_counted", integer}});
  for (const auto& s : ended) {
    bool again = s.as == Settlement::As::again;
    bool failed = again || s.as == Settlement::As::dead;
    ends.add({s.lease.id, s.lease.fence, name_of(state_after(s.as)),
              again ? store::Value(s.run_at) : store::Value(),
              again ? store::Value(s.position) : store::Value(),
              failed ? store::Value(shortened(s.error)) : store::Value(),
              s.attempt == Settlement::Attempt::counts ? 0 : 1});
  }
  store::Params params{tx.now()};
  auto from = ends.bind("ends", params);
  auto rows = tx.query(
      "UPDATE jobs SET state = next_state, node = '', run_at = COALESCE(next_run_at, run_at), "
      "position = COALESCE(next_position, position), last_error = COALESCE(error, last_error), "
      "attempts = attempts - not_counted, "
      "progress = CASE next_state WHEN 'done' THEN 100 ELSE progress END, "
      "finished_at = CASE WHEN next_state IN ('done', 'cancelled') THEN ?1 END, "
      "died_at = CASE next_state WHEN 'dead' THEN ?1 END, "
      "unique_key = CASE next_state WHEN 'delayed' THEN unique_key END FROM " +
          from +
          // By the primary key: PostgreSQL takes the index of what is running for small, and reads
          // through all that has ended since it was vacuumed.
          " WHERE id = ended_id AND fence = ended_fence AND state || '' = 'running' "
          "RETURNING id, fence",
      std::move(params));
  if (!rows) return std::unexpected(rows.error());
  std::set<std::pair<std::string, std::int64_t>> ours;
  for (const auto& row : *rows) ours.emplace(row.text("id"), row.integer("fence"));
  std::vector<bool> settled;
  settled.reserve(ended.size());
  for (const auto& s : ended) settled.push_back(ours.contains({s.lease.id.str(), s.lease.fence}));
  return settled;
}

Result<bool> settle_job(store::Tx& tx, Kind kind, const Settlement& settlement) {
  auto settled = settle_jobs(tx, kind, {&settlement, 1});
  if (!settled) return std::unexpected(settled.error());
  return settled->front();
}

Result<bool> finished_with(store::Tx& tx, const Lease& lease) {
  auto rows = tx.query("SELECT 1 AS yes FROM jobs WHERE id = ?1 AND fence = ?2 AND state = 'done'",
                       {lease.id, lease.fence});
  if (!rows) return std::unexpected(rows.error());
  return !rows->empty();
}

Result<bool> note_progress(store::Tx& tx, const Lease& lease, int percent,
                           const json::object& note) {
  auto changed = tx.execute(
      "UPDATE jobs SET progress = ?1, progress_note = ?2 "
      "WHERE id = ?3 AND fence = ?4 AND state = 'running'",
      {percent, json::serialize(note), lease.id, lease.fence});
  if (!changed) return std::unexpected(changed.error());
  return *changed == 1;
}

Result<std::int64_t> promote_due(store::Tx& tx, Kind kind, JobState state, WallTime now,
                                 std::size_t limit) {
  auto sql = fmt::format(
      "WITH due AS MATERIALIZED (SELECT id FROM jobs WHERE state = '{}' AND run_at <= ?1 "
      "AND group_key IS NULL ORDER BY run_at LIMIT {}{}) "
      "UPDATE jobs SET state = 'ready' WHERE id IN (SELECT id FROM due)",
      name_of(state), limit, skip_locked(kind));
  return tx.execute(sql, {now});
}

Result<std::vector<Due>> due_in_groups(store::Tx& tx, Kind kind, JobState state, WallTime now,
                                       std::size_t limit) {
  auto rows =
      tx.query(fmt::format("SELECT id, organization_id, group_key FROM jobs WHERE state = '{}' "
                           "AND run_at <= ?1 AND group_key IS NOT NULL ORDER BY run_at LIMIT {}{}",
                           name_of(state), limit, skip_locked(kind)),
               {now});
  return read_all<Due>(rows, [](const store::Row& row) {
    return Due{row.id<JobId>("id"), row.id<OrganizationId>("organization_id"),
               row.text("group_key")};
  });
}

Result<std::optional<WallTime>> next_due(store::Tx& tx, JobState state) {
  auto rows =
      tx.query(fmt::format("SELECT run_at FROM jobs WHERE state = '{}' "
                           "ORDER BY run_at LIMIT 1",
                           name_of(state)));
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::nullopt;
  return rows->front().time("run_at");
}

Result<std::int64_t> set_state(store::Tx& tx, const JobId& id, JobState from, JobState to) {
  return tx.execute("UPDATE jobs SET state = ?1 WHERE id = ?2 AND state = ?3",
                    {name_of(to), id, name_of(from)});
}

Result<std::int64_t> cancel_stored(store::Tx& tx, const JobId& id, JobState from) {
  return tx.execute(
      "UPDATE jobs SET state = 'cancelled', finished_at = ?1, unique_key = NULL "
      "WHERE id = ?2 AND state = ?3",
      {tx.now(), id, name_of(from)});
}

Result<std::int64_t> request_cancel(store::Tx& tx, const JobId& id) {
  return tx.execute("UPDATE jobs SET cancel_requested = 1 WHERE id = ?1 AND state = 'running'",
                    {id});
}

Result<std::vector<JobId>> cancel_requests(store::Tx& tx, const std::string& node) {
  auto rows = tx.query(
      "SELECT id FROM jobs WHERE state = 'running' AND node = ?1 AND cancel_requested = 1", {node});
  return read_all<JobId>(rows, [](const store::Row& row) { return row.id<JobId>("id"); });
}

Result<std::vector<Claimed>> running_on(store::Tx& tx, const std::string& node) {
  auto rows = tx.query(
      "SELECT " + std::string(columns) + " FROM jobs WHERE state = 'running' AND node = ?1",
      {node});
  return read_all<Claimed>(rows, read_claimed);
}

Result<std::int64_t> hand_back(store::Tx& tx, const std::string& node) {
  return tx.execute(
      "UPDATE jobs SET state = 'ready', node = '', attempts = attempts - 1 "
      "WHERE state = 'running' AND node = ?1",
      {node});
}

Result<std::vector<Job>> load_dead(store::Tx& tx, const JobId& after, std::size_t limit) {
  const auto& organization = tx.context().organization;
  auto text = "SELECT " + std::string(columns) + " FROM jobs WHERE state = 'dead' AND id > ?1 ";
  auto rows = organization.empty()
                  ? tx.query(text + "ORDER BY id LIMIT ?2", {after, limit})
                  : tx.query(text + "AND organization_id = ?3 ORDER BY id LIMIT ?2",
                             {after, limit, organization});
  return read_all<Job>(rows, read_job);
}

Result<std::int64_t> revive(store::Tx& tx, const JobId& id, std::int64_t position, WallTime run_at,
                            JobState state) {
  return tx.execute(
      "UPDATE jobs SET state = ?1, attempts = 0, position = ?2, run_at = ?3, died_at = NULL, "
      "expires_at = NULL, cancel_requested = 0, progress = 0 WHERE id = ?4 AND state = 'dead' "
      "AND (?5 = '' OR organization_id = ?5)",
      {name_of(state), position, run_at, id, tx.context().organization});
}

Result<std::int64_t> remove_dead(store::Tx& tx, const JobId& id) {
  return tx.execute(
      "DELETE FROM jobs WHERE id = ?1 AND state = 'dead' AND (?2 = '' OR organization_id = ?2)",
      {id, tx.context().organization});
}

Result<std::int64_t> sweep(store::Tx& tx, WallTime finished_before, WallTime died_before,
                           std::size_t limit) {
  auto finished = tx.execute(
      fmt::format("DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE finished_at < ?1 "
                  "ORDER BY finished_at LIMIT {})",
                  limit),
      {finished_before});
  if (!finished) return finished;
  auto died = tx.execute(fmt::format("DELETE FROM jobs WHERE id IN (SELECT id FROM jobs "
                                     "WHERE died_at < ?1 ORDER BY died_at LIMIT {})",
                                     limit),
                         {died_before});
  if (!died) return died;
  return *finished + *died;
}

Result<std::int64_t> count_dead(store::Tx& tx, std::size_t at_most) {
  auto row =
      tx.one(fmt::format("SELECT COUNT(*) AS many FROM (SELECT 1 AS one FROM jobs "
                         "WHERE state = 'dead' LIMIT {}) AS counted",
                         at_most));
  if (!row) return std::unexpected(row.error());
  return row->integer("many");
}

Result<std::int64_t> count_ready(store::Tx& tx, const std::string& lane, std::size_t at_most) {
  auto row = tx.one(fmt::format("SELECT COUNT(*) AS many FROM (SELECT 1 AS one FROM jobs "
                                "WHERE state = 'ready' AND lane = ?1 LIMIT {}) AS counted",
                                at_most),
                    {lane});
  if (!row) return std::unexpected(row.error());
  return row->integer("many");
}

}  // namespace parley::queue
