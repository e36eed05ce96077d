#pragma once
#include "checkpoint.hpp"
#include "parley/base/wake.hpp"

namespace parley::events {

/// Follows the log for one subscription.
class Follower {
 public:
  struct Shared {
    Clock& clock;
    store::Database& database;
    Subscriptions::Options options;
    std::string node;  ///< who holds the leases
    Wake committed;
  };
  Follower(Shared& shared, Subscription subscription)
      : shared_(shared), subscription_(std::move(subscription)) {}

  const Subscription& subscription() const noexcept { return subscription_; }
  /// Until it is cancelled.
  asio::awaitable<void> run();
  /// One event outside of the order, without the checkpoint; `finish` belongs to the transaction of
  /// a projection, or runs in one of its own after a reaction.
  Task<void> handle_apart(store::StoredEvent event, std::function<Result<void>(store::Tx&)> finish);

 private:
  /// What a look at the log gave.
  struct Look {
    bool ours = false;
    Checkpoint checkpoint;
    std::vector<store::StoredEvent> events;
    store::Position newest;
  };
  enum class Turn { went_on, idle, not_ours };
  /// Why a handler failed, kept apart from the database's own trouble.
  struct Failure {
    std::optional<std::string> reason;
  };

  Task<Look> look();
  Result<Look> look_in(store::Tx& tx);
  Task<Turn> take_turn();
  Task<Turn> nothing_new(const Checkpoint& checkpoint, store::Position newest);
  Task<Turn> empty_some(Checkpoint checkpoint);
  Task<void> project(store::Position from, std::vector<store::StoredEvent> events,
                     Failure& failure);
  Task<void> react(Checkpoint checkpoint, store::StoredEvent event, Failure& failure);
  Task<void> hold_lease(const Checkpoint& checkpoint);
  bool is_database_trouble(Errc code) const;
  Task<void> call_reaction(store::StoredEvent event);
  Task<void> count_failure(const Checkpoint& checkpoint, store::StoredEvent event,
                           std::string reason);
  Task<void> skip_to(store::Position from, store::Position to);
  Context context(const OrganizationId& organization) const;
  Claim claim(WallTime now) const;
  Duration pause_after(std::int64_t failures) const;

  Shared& shared_;
  Subscription subscription_;
  /// Events up to here were looked at; those since `looked_from_`, the checkpoint of then, did not
  /// match the filter.
  store::Position looked_;
  store::Position looked_from_;
  TimePoint move_idle_at_ = TimePoint::min();  ///< the checkpoint, though nothing matched
  bool one_by_one_ = false;                    ///< after a failed batch: find out which event it is
  TimePoint not_before_{};                     ///< the pause after a failure
  bool fresh_ = true;  ///< since its start it has not tried an event: a stopped one may now
};

}  // namespace parley::events
