#include "settler.hpp"

#include "group_rows.hpp"
#include "parley/telemetry/log.hpp"

namespace parley::queue {

namespace {

constexpr std::size_t max_batch = most_at_once;

bool will_pass(Errc code) {
  return code == Errc::unavailable || code == Errc::timeout || code == Errc::outcome_unknown ||
         code == Errc::rate_limited || code == Errc::resource_exhausted || code == Errc::conflict;
}

}  // namespace

std::string_view Settler::outcome_of(const Item& item) {
  // Whoever took the job over decides about it.
  if (item.fate == Item::Fate::refused) return "refused";
  switch (item.settlement.as) {
    case Settlement::As::done:
      return "done";
    case Settlement::As::again:
      return "again";
    case Settlement::As::dead:
      return "dead";
    case Settlement::As::cancelled:
      break;
  }
  return "cancelled";
}

void Settler::add(std::string handler, Settlement settlement) {
  {
    std::lock_guard lock(mutex_);
    items_.push_back({std::move(handler), std::move(settlement)});
  }
  news_.raise();
}

std::vector<Settler::Item> Settler::take(std::size_t at_most) {
  std::lock_guard lock(mutex_);
  std::vector<Item> batch;
  while (!items_.empty() && batch.size() < at_most) {
    batch.push_back(std::move(items_.front()));
    items_.pop_front();
  }
  return batch;
}

void Settler::put_back(std::vector<Item> batch) {
  std::lock_guard lock(mutex_);
  items_.insert(items_.begin(), std::move_iterator(batch.begin()), std::move_iterator(batch.end()));
}

asio::awaitable<void> Settler::run() {
  auto& clock = shared_.parts.clock;
  std::size_t size = max_batch;
  Duration pause = 100ms;
  while (true) {
    auto seen = news_.generation();
    auto batch = take(size);
    if (batch.empty()) {
      auto waiting = news_.wait(clock, seen, TimePoint::max());
      co_await std::move(waiting);
      continue;
    }
    // If this coroutine is cancelled, what it holds is still there for flush(). A transaction
    // itself cannot be cancelled out of.
    auto writing = write(batch);
    auto written = co_await std::move(writing);
    if (written) {
      size = max_batch;
      pause = 100ms;
      continue;
    }
    bool alone = batch.size() == 1;
    log::warn("queue.not_settled", {{"jobs", batch.size()}, {"reason", written.error().detail}});
    // One that cannot be written must not hold the others back.
    size = 1;
    if (alone && !will_pass(written.error().code)) continue;
    put_back(std::move(batch));
    auto sleeping = clock.sleep_for(pause);
    co_await std::move(sleeping);
    pause = std::min<Duration>(pause * 2, 5s);
  }
}

asio::awaitable<void> Settler::flush() {
  for (auto batch = take(max_batch); !batch.empty(); batch = take(max_batch)) {
    auto writing = write(batch);
    auto written = co_await std::move(writing);
    if (!written) {
      log::warn("queue.not_settled", {{"jobs", batch.size()}, {"reason", written.error().detail}});
      co_return;
    }
  }
}

Task<void> Settler::write(std::vector<Item>& batch) {
  auto work = shared_.relaxed([&](store::Tx& tx) { return settle_all(tx, batch); });
  auto written = co_await std::move(work);
  if (!written) co_return written;
  std::map<std::pair<std::string, std::string_view>, int> outcomes;
  for (const auto& item : batch) {
    report(item);
    ++outcomes[{item.handler, outcome_of(item)}];
  }
  for (const auto& [ended, attempts] : outcomes)
    shared_.shown.ended(ended.first, ended.second, attempts);
  co_return written;
}

Result<void> Settler::settle_all(store::Tx& tx, std::vector<Item>& batch) {
  std::vector<Settlement> ended;
  ended.reserve(batch.size());
  for (const auto& item : batch) ended.push_back(item.settlement);
  auto settled = settle_jobs(tx, shared_.kind(), ended);
  if (!settled) return std::unexpected(settled.error());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    auto& item = batch[i];
    item.fate = (*settled)[i] ? Item::Fate::settled : Item::Fate::refused;
    if (item.fate == Item::Fate::settled) {
      if (auto done = after_end(tx, item); !done) return done;
    } else {
      auto itself = finished_with(tx, item.settlement.lease);
      if (!itself) return std::unexpected(itself.error());
      if (*itself) item.fate = Item::Fate::finished_itself;
    }
  }
  return {};
}

Result<void> Settler::after_end(store::Tx& tx, const Item& item) {
  const auto& lease = item.settlement.lease;
  if (item.settlement.as == Settlement::As::again) {
    tx.after_commit(shared_.waker_of_delays());
    auto pause = item.settlement.run_at - shared_.steady_now();
    tx.after_commit(shared_.teller_of_delay(lease.id, pause));
    return {};
  }
  if (lease.group.empty()) return {};
  // The next of the group may be of another lane.
  tx.after_commit(shared_.waker_of_all());
  return leave_group(tx, lease.organization, lease.group, lease.id);
}

void Settler::report(const Item& item) {
  const auto& id = item.settlement.lease.id.str();
  if (item.fate == Item::Fate::refused)
    log::warn("queue.lease_lost", {{"job", id}, {"handler", item.handler}});
  if (item.fate != Item::Fate::settled) return;
  if (item.settlement.as == Settlement::As::dead)
    log::error("queue.job_dead",
               {{"job", id}, {"handler", item.handler}, {"reason", item.settlement.error}});
  else if (item.settlement.as == Settlement::As::again)
    log::warn("queue.job_failed",
              {{"job", id}, {"handler", item.handler}, {"reason", item.settlement.error}});
}

}  // namespace parley::queue
