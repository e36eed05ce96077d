#include "call_ledger.hpp"

#include "call_rows.hpp"
#include "parley/telemetry/log.hpp"

namespace parley::calls {

namespace {
constexpr std::size_t most_unused = 64;
}  // namespace

CallLedger::CallLedger(store::Database& database, WorkerPool& files, CallId call,
                       std::filesystem::path file)
    : database_(database), files_(files), call_(std::move(call)), owed_(std::move(file)) {}

Task<void> CallLedger::record(Context ctx, json::object line) {
  if (!owes()) {
    auto change = [call = call_, line](store::Tx& tx) { return ledger::apply(tx, call, line); };
    auto writing = database_.write(std::move(ctx), std::move(change));
    auto written = co_await std::move(writing);
    if (written || !may_pass(written.error().code)) co_return written;
  }
  auto owing = owe(std::move(line));
  co_return co_await std::move(owing);
}

Task<void> CallLedger::owe(json::object line) {
  std::function<Result<int>()> keep = [self = shared_from_this(),
                                       line = std::move(line)]() -> Result<int> {
    // How a call ended always has room.
    auto limit = line.contains("entries") ? most_bytes : UINTMAX_MAX;
    if (auto kept = self->owed_.append(line, limit); !kept) return std::unexpected(kept.error());
    return 0;
  };
  auto keeping = files_.run<int>(std::move(keep));
  auto kept = co_await std::move(keeping);
  if (!kept) co_return std::unexpected(kept.error());
  co_return Result<void>{};
}

Task<void> CallLedger::pay(Context ctx) {
  using Lines = store::OwedFile::Lines;
  while (owes()) {
    std::function<Result<std::shared_ptr<Lines>>()> look = [self = shared_from_this()] {
      return Result<std::shared_ptr<Lines>>(std::make_shared<Lines>(self->owed_.read()));
    };
    auto looking = files_.run<std::shared_ptr<Lines>>(std::move(look));
    auto owed = co_await std::move(looking);
    if (!owed) co_return std::unexpected(owed.error());
    auto change = [call = call_, lines = *owed](store::Tx& tx) -> Result<void> {
      for (const auto& line : lines->lines)
        if (auto applied = ledger::apply(tx, call, line); !applied) return applied;
      return {};
    };
    auto writing = database_.write(ctx, std::move(change));
    auto written = co_await std::move(writing);
    if (!written && may_pass(written.error().code)) co_return written;
    bool refused = !written;
    if (refused)
      log::error("calls.debt_refused",
                 {{"callId", call_.str()}, {"reason", written.error().detail}}, ctx);
    std::function<Result<int>()> settle = [self = shared_from_this(), refused,
                                           lines = *owed]() -> Result<int> {
      if (refused) self->owed_.set_aside();
      self->owed_.remove_paid(*lines);
      return 0;
    };
    auto settling = files_.run<int>(std::move(settle));
    auto settled = co_await std::move(settling);
    if (!settled) co_return std::unexpected(settled.error());
  }
  co_return Result<void>{};
}

std::shared_ptr<CallLedger> CallLedgers::of(const CallId& call) {
  std::lock_guard lock(mutex_);
  auto& ledger = ledgers_[call];
  if (!ledger) {
    ledger = std::make_shared<CallLedger>(database_, files_, call, file_of(call));
    auto held = ledger;
    if (ledgers_.size() > most_unused) forget_unused();
    return held;
  }
  return ledger;
}

/// Those that nobody holds and that owe nothing.
void CallLedgers::forget_unused() {
  std::erase_if(ledgers_, [](const auto& entry) {
    return entry.second.use_count() == 1 && !entry.second->owes();
  });
}

bool CallLedgers::owes(const CallId& call) const {
  std::lock_guard lock(mutex_);
  auto found = ledgers_.find(call);
  return found != ledgers_.end() && found->second->owes();
}

void CallLedgers::find_left() {
  std::error_code ec;
  for (auto& entry : std::filesystem::directory_iterator(spool_, ec))
    if (entry.path().extension() == ".owed") of(CallId(entry.path().stem().string()));
}

std::vector<std::shared_ptr<CallLedger>> CallLedgers::owing() const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<CallLedger>> found;
  for (auto& [call, ledger] : ledgers_)
    if (ledger->owes()) found.push_back(ledger);
  return found;
}

}  // namespace parley::calls
