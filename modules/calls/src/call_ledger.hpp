#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "parley/base/json.hpp"
#include "parley/base/worker_pool.hpp"
#include "parley/calls/calls.hpp"
#include "parley/store/database.hpp"
#include "parley/store/owed_file.hpp"
#include "parley/voice/call_session.hpp"

namespace parley::calls {

using store::may_pass;

/// Something the database is to know of a call, as a line of its ledger. Each can be applied again
/// without effect, also after the ones that follow it.
namespace ledger {
json::object recorded(const Call& call, const std::string& media_token);
json::object connected(std::int64_t connection, WallTime at, const std::string& node);
json::object timeline(std::int64_t first_sequence, std::span<const voice::TimelineEntry> entries);
json::object finished(std::int64_t connection, const voice::SessionReport& report, WallTime at);
/// Errors: the database's; corrupt for a line that is none; not_found for a call never recorded.
Result<void> apply(store::Tx& tx, const CallId& call, const json::object& line);
/// The same report that finished() was given. Errors: corrupt.
Result<voice::SessionReport> report_of(const json::object& line);
}  // namespace ledger

/// What the database knows of one call goes through here. While the database is away, lines are
/// kept in a file (`<call>.owed`, each forced to the disk), and from then on every line goes there
/// until all are paid: so they come into the database in order, each once, also after a SIGKILL.
/// Thread-safe.
class CallLedger : public std::enable_shared_from_this<CallLedger> {
 public:
  static constexpr std::uintmax_t most_bytes = 8u << 20;  ///< of timeline lines; an hour is 1 MB

  CallLedger(store::Database& database, WorkerPool& files, CallId call, std::filesystem::path file);

  /// Into the database, or into the file. Errors: whatever kept it out of both.
  Task<void> record(Context ctx, json::object line);
  /// Into the file at once. Errors: resource_exhausted, unavailable.
  Task<void> owe(json::object line);
  bool owes() const noexcept { return owed_.owes(); }
  /// Writes what is owed and removes the file. Errors: the database's; lines that can never be
  /// written are set aside in `<call>.owed.refused`, which is an error in the log.
  Task<void> pay(Context ctx);
  const CallId& call() const noexcept { return call_; }

 private:
  store::Database& database_;
  WorkerPool& files_;
  const CallId call_;
  store::OwedFile owed_;
};

/// The ledgers of calls that this process holds or that owe. Thread-safe.
class CallLedgers {
 public:
  CallLedgers(store::Database& database, WorkerPool& files, std::filesystem::path spool)
      : database_(database), files_(files), spool_(std::move(spool)) {}

  std::shared_ptr<CallLedger> of(const CallId& call);
  bool owes(const CallId& call) const;
  /// Takes up the files an earlier run left. On a thread that may touch the disk.
  void find_left();
  std::vector<std::shared_ptr<CallLedger>> owing() const;

 private:
  std::filesystem::path file_of(const CallId& call) const {
    return spool_ / (call.str() + ".owed");
  }
  void forget_unused();

  store::Database& database_;
  WorkerPool& files_;
  const std::filesystem::path spool_;
  mutable std::mutex mutex_;
  std::map<CallId, std::shared_ptr<CallLedger>> ledgers_;
};

}  // namespace parley::calls
