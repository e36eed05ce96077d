// Starting, taking up what an earlier run left, sweeping, and stopping.
#include "call_rows.hpp"
#include "call_service_impl.hpp"
#include "parley/telemetry/log.hpp"

namespace parley::calls {

asio::awaitable<void> CallServiceImpl::start() {
  std::function<Result<int>()> find = [this]() -> Result<int> {
    ledgers_.find_left();
    return 0;
  };
  auto finding = parts_.files.run<int>(std::move(find));
  (void)co_await std::move(finding);
  // What an earlier run owes comes before what is said of it now.
  auto paying = pay_debts();
  co_await std::move(paying);
  auto holds = [this](const CallId& id) { return is_running(id) || is_held(id); };
  auto nodes = std::make_shared<CallNodes>(parts_.clock, parts_.database, node_, std::move(holds));
  auto looking = nodes->turn(system_context({}));
  (void)co_await std::move(looking);  // when the database is away it is done later
  after_.spawn("recover recordings", [this] { return store_left_recordings(); });
  after_.spawn("pay what calls owe", [this] { return keep_paying(); });
  after_.spawn("sweep calls", [this] { return sweep(); });
  after_.spawn("watch nodes", [this, nodes] { return watch_nodes(nodes); });
}

asio::awaitable<void> CallServiceImpl::watch_nodes(std::shared_ptr<CallNodes> nodes) {
  while (true) {
    auto pause = parts_.clock.sleep_for(CallNodes::beat_every);
    co_await std::move(pause);
    auto looking = nodes->turn(system_context({}));
    auto looked = co_await std::move(looking);
    if (!looked) log::warn("calls.nodes_not_seen", {{"reason", looked.error().detail}});
  }
}

asio::awaitable<void> CallServiceImpl::store_left_recordings() {
  using Files = std::vector<std::filesystem::path>;
  std::function<Result<Files>()> list = [spool = options_.spool] {
    Files files;
    std::error_code ec;
    for (auto& entry : std::filesystem::directory_iterator(spool, ec))
      if (entry.path().extension() == ".s16") files.push_back(entry.path());
    return files;
  };
  auto listing = parts_.files.run<Files>(std::move(list));
  auto files = co_await std::move(listing);
  if (!files) co_return;
  for (auto& file : *files) {
    CallId id(file.stem().string());
    if (is_held(id)) continue;
    // Its caller may come back, and the recording goes on in the same file.
    auto look = [id](store::Tx& tx) { return rows::is_over(tx, id); };
    auto reading = parts_.database.read(system_context({}), std::move(look));
    auto over = co_await std::move(reading);
    if (!over || !*over || is_held(id)) continue;
    auto storing = store_recording(system_context({}), id, file);
    (void)co_await std::move(storing);
  }
}

asio::awaitable<void> CallServiceImpl::sweep() {
  while (true) {
    co_await parts_.clock.sleep_for(options_.sweep_every);
    auto since = parts_.clock.wall() -
                 std::chrono::duration_cast<std::chrono::milliseconds>(options_.reconnect_within);
    auto look = [since](store::Tx& tx) { return rows::stale(tx, since, 100); };
    auto reading = parts_.database.read(system_context({}), std::move(look));
    auto stale = co_await std::move(reading);
    if (!stale) continue;
    for (auto& call : *stale) {
      if (is_running(call.id) || ledgers_.owes(call.id)) continue;
      auto close = [call](store::Tx& tx) { return rows::give_up(tx, call); };
      auto writing = parts_.database.write(system_context(call.organization), std::move(close));
      (void)co_await std::move(writing);
    }
    auto storing = store_left_recordings();
    co_await std::move(storing);
  }
}

asio::awaitable<void> CallServiceImpl::stop(TimePoint deadline) {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (auto& [id, running] : running_)
      if (running.session) running.session->request_hang_up();
  }
  while (parts_.clock.now() < deadline) {
    {
      std::lock_guard lock(mutex_);
      if (unstored_ == 0) break;
    }
    co_await parts_.clock.sleep_for(std::chrono::milliseconds(50));
  }
  co_await after_.stop();
}

}  // namespace parley::calls
