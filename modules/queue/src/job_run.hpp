#pragma once
#include "group_rows.hpp"
#include "shared.hpp"

namespace parley::queue {

/// The JobRun that handlers are given.
class ActiveRun final : public JobRun {
 public:
  ActiveRun(Shared& shared, std::shared_ptr<Running> run) : shared_(shared), run_(std::move(run)) {}

  const Job& job() const noexcept override { return run_->claimed.job; }

  Task<void> progress(int percent, json::object note) override {
    auto work = shared_.relaxed([&](store::Tx& tx) {
      return note_progress(tx, run_->claimed.lease, std::clamp(percent, 0, 100), note);
    });
    auto noted = co_await std::move(work);
    if (!noted) co_return std::unexpected(noted.error());
    if (!*noted) co_return lost();
    co_return Result<void>{};
  }

  Result<void> finish(store::Tx& tx) override {
    const auto& lease = run_->claimed.lease;
    auto settled = settle_job(tx, shared_.kind(), Settlement{lease});
    if (!settled) return std::unexpected(settled.error());
    if (!*settled) return lost();
    tx.after_commit([run = run_] { run->finished = true; });
    if (lease.group.empty()) return {};
    tx.after_commit(shared_.waker_of_all());
    return leave_group(tx, lease.organization, lease.group, lease.id);
  }

 private:
  static std::unexpected<Error> lost() {
    return fail(Errc::conflict, "the lease of this job was lost: another worker may have it");
  }
  Shared& shared_;
  std::shared_ptr<Running> run_;
};

}  // namespace parley::queue
