#include "saga_rows.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "parley/store/sort.hpp"

namespace parley::saga {

namespace {

constexpr std::array<std::string_view, 5> saga_names{"running", "compensating", "completed",
                                                     "failed", "stuck"};
constexpr std::array<std::string_view, 6> step_names{"pending", "started", "unknown",
                                                     "done",    "failed",  "undone"};
constexpr std::size_t max_error_length = 500;

template <class Status, std::size_t N>
Status parse(const std::array<std::string_view, N>& names, std::string_view text) {
  auto found = std::ranges::find(names, text);
  if (found == names.end()) throw std::logic_error("no status " + std::string(text));
  return static_cast<Status>(found - names.begin());
}

/// Reasons come from other systems: any bytes, any length. Stored as plain ASCII.
std::string shortened(std::string text) {
  if (text.size() > max_error_length) text.resize(max_error_length);
  for (char& c : text)
    if (static_cast<unsigned char>(c) >= 0x80 || c == '\0') c = '?';
  return text;
}

constexpr std::string_view columns =
    "id, organization_id, type, status, step, input, fence, last_error, started_at, updated_at, "
    "ended_at";

SagaView read_saga(const store::Row& row) {
  SagaView view;
  view.id = row.id<SagaId>("id");
  view.organization = row.id<OrganizationId>("organization_id");
  view.type = row.text("type");
  view.status = parse<SagaStatus>(saga_names, row.text("status"));
  view.step = static_cast<std::size_t>(row.integer("step"));
  view.input = row.json("input").as_object();
  view.last_error = row.text("last_error");
  view.started_at = row.time("started_at");
  view.updated_at = row.time("updated_at");
  view.ended_at = row.optional_time("ended_at");
  return view;
}

Result<std::vector<bool>> load_steps(store::Tx& tx, SagaView& view) {
  auto rows = tx.query(
      "SELECT name, status, attempts, checks, undo_attempts, uncertain, result, last_error "
      "FROM saga_steps WHERE saga_id = ?1 ORDER BY position",
      {view.id});
  if (!rows) return std::unexpected(rows.error());
  std::vector<bool> uncertain;
  for (const auto& row : *rows) {
    view.steps.push_back({row.text("name"), parse<StepStatus>(step_names, row.text("status")),
                          row.integer("attempts"), row.integer("checks"),
                          row.integer("undo_attempts"), row.json("result"),
                          row.text("last_error")});
    uncertain.push_back(row.flag("uncertain"));
  }
  return uncertain;
}

Result<std::vector<SagaView>> with_steps(store::Tx& tx, const Result<store::Rows>& rows) {
  if (!rows) return std::unexpected(rows.error());
  std::vector<SagaView> all;
  for (const auto& row : *rows) {
    auto view = read_saga(row);
    if (auto steps = load_steps(tx, view); !steps) return std::unexpected(steps.error());
    all.push_back(std::move(view));
  }
  return all;
}

}  // namespace

std::string_view to_string(SagaStatus status) noexcept {
  return saga_names[static_cast<std::size_t>(status)];
}
std::optional<SagaStatus> parse_saga_status(std::string_view text) noexcept {
  auto found = std::ranges::find(saga_names, text);
  if (found == saga_names.end()) return std::nullopt;
  return static_cast<SagaStatus>(found - saga_names.begin());
}
std::string_view to_string(StepStatus status) noexcept {
  return step_names[static_cast<std::size_t>(status)];
}

Result<bool> insert_saga(store::Tx& tx, const NewSaga& saga, std::span<const Step> steps,
                         SagaId& id) {
  auto key = saga.key.empty() ? store::Value() : store::Value(saga.key);
  auto inserted = tx.execute(
      "INSERT INTO sagas (id, organization_id, type, start_key, status, step, input, started_at, "
      "updated_at) VALUES (?1, ?2, ?3, ?4, 'running', 0, ?5, ?6, ?6) "
      "ON CONFLICT (organization_id, start_key) WHERE start_key IS NOT NULL DO NOTHING",
      {id, tx.context().organization, saga.type, key, json::serialize(saga.input), tx.now()});
  if (!inserted) return std::unexpected(inserted.error());
  if (*inserted == 0) {
    auto other = tx.one("SELECT id FROM sagas WHERE organization_id = ?1 AND start_key = ?2",
                        {tx.context().organization, saga.key});
    if (!other) return std::unexpected(other.error());
    id = other->id<SagaId>("id");
    return false;
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    auto made = tx.execute(
        "INSERT INTO saga_steps (saga_id, position, name, status, updated_at) "
        "VALUES (?1, ?2, ?3, 'pending', ?4)",
        {id, i, steps[i].name, tx.now()});
    if (!made) return std::unexpected(made.error());
  }
  return true;
}

Result<SagaView> load_saga(store::Tx& tx, const SagaId& id) {
  auto rows = tx.query("SELECT " + std::string(columns) +
                           " FROM sagas WHERE id = ?1 AND (?2 = '' OR organization_id = ?2)",
                       {id, tx.context().organization});
  auto found = with_steps(tx, rows);
  if (!found) return std::unexpected(found.error());
  if (found->empty()) return fail(Errc::not_found, "no such saga");
  return std::move(found->front());
}

Result<std::vector<SagaView>> load_open(store::Tx& tx, const SagaId& after, std::size_t limit) {
  const auto& organization = tx.context().organization;
  auto text = "SELECT " + std::string(columns) + " FROM sagas WHERE ended_at IS NULL AND id > ?1 ";
  if (organization.empty())
    return with_steps(tx, tx.query(text + "ORDER BY id LIMIT ?2", {after, limit}));
  return with_steps(tx, tx.query(text + "AND organization_id = ?3 ORDER BY id LIMIT ?2",
                                 {after, limit, organization}));
}

Result<store::Listed<SagaView>> list_sagas(store::Tx& tx, const SagaFilter& filter) {
  static constexpr store::SortField fields[]{{"createdAt", "started_at"}};
  auto order = store::order_by(filter.sort, fields, "started_at DESC, id DESC");
  if (!order) return std::unexpected(order.error());
  store::Listing listing{.table = "sagas",
                         .columns = columns,
                         .where =
                             "organization_id = ?1 AND (?2 = '' OR status = ?2) "
                             "AND (?3 = '' OR type = ?3)",
                         .order = std::move(*order),
                         .page = filter.page,
                         .limit = filter.limit};
  auto status = filter.status ? to_string(*filter.status) : "";
  store::Params params{tx.context().organization, status, filter.type};
  return store::list(tx, listing, params, read_saga);
}

Result<std::optional<Held>> take_up(store::Tx& tx, const SagaId& id) {
  auto rows = tx.query(
      "UPDATE sagas SET fence = fence + 1 WHERE id = ?1 AND status IN ('running', 'compensating') "
      "RETURNING " +
          std::string(columns),
      {id});
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::nullopt;
  Held held{read_saga(rows->front()), rows->front().integer("fence"), {}};
  auto uncertain = load_steps(tx, held.view);
  if (!uncertain) return std::unexpected(uncertain.error());
  held.uncertain = std::move(*uncertain);
  return held;
}

Result<void> save(store::Tx& tx, const Held& held, std::size_t changed) {
  const auto& view = held.view;
  bool ended = view.status == SagaStatus::completed || view.status == SagaStatus::failed;
  auto saved = tx.execute(
      "UPDATE sagas SET status = ?1, step = ?2, last_error = ?3, updated_at = ?4, ended_at = ?5 "
      "WHERE id = ?6 AND fence = ?7 AND status IN ('running', 'compensating')",
      {to_string(view.status), view.step, shortened(view.last_error), tx.now(),
       ended ? store::Value(tx.now()) : store::Value(), view.id, held.fence});
  if (!saved) return std::unexpected(saved.error());
  if (*saved == 0) return fail(Errc::conflict, "another worker has taken this saga up");
  const auto& step = view.steps[changed];
  auto written = tx.execute(
      "UPDATE saga_steps SET status = ?1, attempts = ?2, checks = ?3, undo_attempts = ?4, "
      "uncertain = ?5, result = ?6, last_error = ?7, updated_at = ?8 "
      "WHERE saga_id = ?9 AND position = ?10",
      {to_string(step.status), step.attempts, step.checks, step.undo_attempts,
       static_cast<bool>(held.uncertain[changed]), json::serialize(step.result),
       shortened(step.last_error), tx.now(), view.id, changed});
  if (!written) return std::unexpected(written.error());
  return {};
}

Result<void> unstick(store::Tx& tx, const SagaId& id) {
  auto view = load_saga(tx, id);
  if (!view) return std::unexpected(view.error());
  if (view->ended_at) return fail(Errc::conflict, "the saga has ended");
  if (view->status != SagaStatus::stuck) return {};
  // A step that failed is what compensation began with.
  auto failed = std::ranges::any_of(
      view->steps, [](const auto& step) { return step.status == StepStatus::failed; });
  auto moved = tx.execute("UPDATE sagas SET status = ?1 WHERE id = ?2",
                          {failed ? "compensating" : "running", id});
  if (!moved) return std::unexpected(moved.error());
  auto anew = tx.execute(
      "UPDATE saga_steps SET attempts = 0, checks = 0, undo_attempts = 0 WHERE saga_id = ?1", {id});
  if (!anew) return std::unexpected(anew.error());
  return {};
}

}  // namespace parley::saga
