#include <fmt/format.h>

#include "day.hpp"

namespace parley::simulation {

void Day::violate(std::string what) {
  if (report_.violations.size() < 20) report_.violations.push_back(std::move(what));
}

store::Rows Day::rows(const std::string& sql, store::Params params) {
  auto found = now([&](Node&) {
    return database_->read(ctx_, [&](store::Tx& tx) { return tx.query(sql, params); });
  });
  if (!found) throw std::runtime_error(found.error().detail);
  return std::move(*found);
}
std::int64_t Day::number(const std::string& sql, store::Params params) {
  return rows(sql, std::move(params)).at(0).integer("n");
}

std::string Day::left() {
  std::string text;
  auto count = [&](std::string_view what, const std::string& sql) {
    if (auto many = number("SELECT COUNT(*) AS n FROM " + sql); many > 0)
      text += fmt::format("{} {}, ", many, what);
  };
  count("jobs", "jobs WHERE state NOT IN ('done', 'dead', 'cancelled')");
  count("sagas", "sagas WHERE ended_at IS NULL");
  count("deliveries", "webhook_deliveries WHERE status = 'pending'");
  count("received", "inbox WHERE status = 'received'");
  auto statuses = now([&](Node& node) { return node.subscriptions.status(Context{}); });
  for (const auto& one : statuses.value())
    if (one.lag > 0) text += fmt::format("{} events for {}, ", one.lag, one.name);
  return text;
}

void Day::check_appointments() {
  auto overlapping = number(
      "SELECT COUNT(*) AS n FROM appointments a JOIN appointments b ON a.resource_id = "
      "b.resource_id "
      "AND a.id < b.id AND a.start_at < b.end_at AND b.start_at < a.end_at "
      "WHERE a.status = 'booked' AND b.status = 'booked'");
  if (overlapping > 0) violate(fmt::format("{} pairs of appointments overlap", overlapping));
  for (const auto& caller : callers_) {
    auto of = rows("SELECT id, status, local_start FROM appointments WHERE idempotency_key = ?1",
                   {caller.wish.idempotency_key});
    const auto& who = caller.wish.customer.name;
    if (!caller.booked) {
      ++report_.refused;
      if (!of.empty()) violate(who + " was refused and is booked");
      continue;
    }
    ++report_.booked;
    if (caller.cancelled) ++report_.cancelled;
    if (of.size() != 1) {
      violate(fmt::format("{} is booked {} times", who, of.size()));
      continue;
    }
    auto status = caller.cancelled ? "cancelled" : "booked";
    if (of[0].text("id") != caller.booked->id.str() || of[0].text("status") != status ||
        of[0].text("local_start") != calendar::to_text(caller.wish.slot.start))
      violate(who + " was told otherwise than it is");
  }
  auto nobodys = number("SELECT COUNT(*) AS n FROM appointments") - report_.booked;
  if (nobodys != 0) violate(fmt::format("{} appointments too many", nobodys));
}

void Day::check_orders() {
  if (auto dead = number("SELECT COUNT(*) AS n FROM jobs WHERE state = 'dead'"); dead > 0)
    violate(fmt::format("{} jobs were given up", dead));
  auto orders = number("SELECT COUNT(*) AS n FROM day_orders");
  if (orders != static_cast<std::int64_t>(placed_.size()) || orders != options_.orders)
    violate(fmt::format("{} orders are placed, {} were said to be", orders, placed_.size()));
  for (const auto& key : placed_)
    if (auto charged = outside_.count("charge", key); charged != 1)
      violate(fmt::format("{} was charged {} times", key, charged));
  auto events = number("SELECT COUNT(*) AS n FROM events WHERE type = 'order.placed'");
  auto seen = number("SELECT COUNT(*) AS n FROM day_seen");
  if (events != orders || seen != orders)
    violate(fmt::format("{} orders, {} events, {} seen", orders, events, seen));
  if (auto parked = number("SELECT COUNT(*) AS n FROM event_dead_letters"); parked > 0)
    violate(fmt::format("{} events were parked", parked));
}

void Day::check_trips() {
  for (const auto& row : rows("SELECT start_key, status FROM sagas")) {
    auto key = row.text("start_key");
    auto status = row.text("status");
    auto times = [&](const char* what) { return outside_.count(what, key); };
    bool refused = key.ends_with('3');
    bool whole = status == "completed" && !refused && times("hold") == 1 && times("buy") == 1 &&
                 times("confirm") == 1 && times("release") == 0 && times("refund") == 0;
    bool undone = status == "failed" && times("confirm") == 0 && times("buy") <= 1 &&
                  times("hold") == times("release") && times("buy") == times("refund");
    if (!whole && !undone)
      violate(fmt::format(
          "trip {} is {}: held {}, bought {}, confirmed {}, released {}, refunded {}", key, status,
          times("hold"), times("buy"), times("confirm"), times("release"), times("refund")));
  }
  auto begun = number("SELECT COUNT(*) AS n FROM sagas");
  if (begun != (options_.orders + 2) / 3) violate(fmt::format("{} trips", begun));
}

void Day::check_deliveries() {
  std::map<std::string, std::set<std::string>> due;
  for (const auto& row : rows("SELECT id, endpoint_id, event_id, status FROM webhook_deliveries")) {
    ++report_.deliveries;
    const auto& host = hosts_.at(row.text("endpoint_id"));
    auto id = row.text("event_id");
    if (!due[host].insert(id).second) violate(id + " is delivered to " + host + " twice");
    if (row.text("status") != "delivered") violate(id + " was given up for " + host);
    if (!outside_.accepted(host).contains(id)) violate(host + " never accepted " + id);
  }
  for (const auto& [endpoint, host] : hosts_) {
    for (const auto& [id, times] : outside_.accepted(host))
      if (!due[host].contains(id)) violate(host + " got something else: " + id);
    bool all = host == "crm.example.com";
    auto events = number(std::string("SELECT COUNT(*) AS n FROM events WHERE organization_id = ") +
                         "'org_day'" +
                         (all ? "" : " AND (type LIKE 'order.%' OR type LIKE 'appointment.%')"));
    // What happened before the endpoint was made is not told to it.
    auto told = static_cast<std::int64_t>(due[host].size());
    if (told > events || told < events - 10)
      violate(fmt::format("{} of {} events are for {}", told, events, host));
  }
}

void Day::check_calls() {
  for (const auto& [subject, newest] : newest_told_) {
    auto kept = rows("SELECT sequence FROM day_calls WHERE subject = ?1", {subject});
    if (kept.size() != 1 || kept[0].integer("sequence") != newest)
      violate(fmt::format("{}: the newest status, {}, is not known", subject, newest));
  }
  if (auto dead = number("SELECT COUNT(*) AS n FROM inbox WHERE status = 'dead'"); dead > 0)
    violate(fmt::format("{} received events were given up", dead));
  auto applied = number("SELECT COUNT(*) AS n FROM inbox WHERE status = 'applied'");
  auto effects = number("SELECT COUNT(*) AS n FROM day_applied");
  if (applied != effects) violate(fmt::format("{} applied, {} effects", applied, effects));
}

void Day::tell() {
  std::string all;
  for (const auto& row : rows("SELECT id, stream, type FROM events ORDER BY sequence")) {
    all += row.text("id") + row.text("stream") + row.text("type") + "\n";
    ++report_.events;
  }
  report_.digest = fmt::format("{:016x}", std::hash<std::string>{}(all));
  report_.outside_requests = outside_.requests();
}

}  // namespace parley::simulation
