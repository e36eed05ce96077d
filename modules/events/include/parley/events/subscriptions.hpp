#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "parley/base/clock.hpp"
#include "parley/base/context.hpp"
#include "parley/base/random.hpp"
#include "parley/store/database.hpp"
#include "parley/store/event_log.hpp"

namespace parley::events {

/// Runs in the transaction that moves the checkpoint: each event takes effect exactly once. It may
/// run more than once before that, so it must have no other effects. The transaction's organization
/// is the event's.
using Projection = std::function<Result<void>(store::Tx&, const store::StoredEvent&)>;
/// Runs outside of transactions and may reach the outside world; the checkpoint moves after it
/// returns, so a crash repeats the event: at least once. Use the event's id as idempotency key.
using Reaction = std::function<Task<void>(Context, store::StoredEvent)>;
/// Removes some of what a projection has made, of all organizations, at most as many rows as a
/// short transaction should (a few thousand), and says how many. Called until it says 0.
using Emptying = std::function<Result<std::int64_t>(store::Tx&)>;

/// A consumer of the event log with a checkpoint of its own.
struct Subscription {
  std::string name;  ///< persisted; never reused for something else
  store::EventFilter filter;
  std::variant<Projection, Reaction> handler;
  /// Where a subscription starts that has no checkpoint yet.
  enum class Start { beginning, now } start = Start::beginning;
  /// What becomes of an event that fails `max_attempts` times. park: it is put aside with its
  /// reason, and the others go on. stop: the subscription stands at it, for handlers whose later
  /// events mean nothing without it; resume() or the next start of a server tries it again.
  enum class OnFailure { park, stop } on_failure = OnFailure::park;
  /// With it a projection can be rebuilt from the log; it then has no effects besides its tables.
  /// Only for projections that start at the beginning.
  Emptying empty;
};

/// A rebuild that is under way: first the tables are emptied, then the log is replayed.
struct Rebuild {
  enum class Phase { emptying, replaying } phase = Phase::emptying;
  store::Position until;  ///< what was newest when it was asked for: there it is done
};

struct SubscriptionStatus {
  std::string name;
  store::Position position;
  std::int64_t lag = 0;  ///< events that wait, counted no further than 10,000
  /// How long the oldest of them has waited.
  std::chrono::milliseconds behind{0};
  std::int64_t attempts = 0;  ///< failures of the event that is being tried
  std::optional<std::string> last_error;
  std::int64_t parked = 0;  ///< events given up on
  /// Since when it stands at the event that `last_error` is about; none: it goes on.
  std::optional<WallTime> stopped_at;
  std::optional<Rebuild> rebuild;  ///< `position` and `lag` tell how far it is
};

/// An event that a subscription gave up on, so that the others could go on.
struct DeadLetter {
  std::string subscription;
  std::string event_id;
  OrganizationId organization;
  store::Position position;
  std::int64_t attempts = 0;
  std::string reason;
  WallTime parked_at;
};

/// Follows the event log for each subscription, in the global order, one event at a time. Woken by
/// commits of this process, and polling for those of others. With several nodes on one database,
/// one of them follows a subscription at a time (a lease in the database).
///
/// A handler that fails is tried again after a growing pause; after `max_attempts` the event is
/// parked with the reason and the subscription goes on, or stops, as it chose. Trouble with the
/// database itself is waited out and never counts.
class Subscriptions {
 public:
  struct Options {
    Duration poll = 1s;
    Duration first_retry = 200ms;  ///< doubled each time
    Duration longest_retry = 60s;
    int max_attempts = 6;
    Duration reaction_limit = 60s;  ///< a reaction that takes longer has failed
    Duration lease = 30s;           ///< after a crash, another node takes over that much later
    std::size_t batch = 100;        ///< projected events that share a transaction
  };
  Subscriptions(asio::any_io_executor executor, Clock& clock, Random& random,
                store::Database& database);
  Subscriptions(asio::any_io_executor executor, Clock& clock, Random& random,
                store::Database& database, Options options);
  ~Subscriptions();  ///< stop() must have completed, or start() was never called

  /// Before start(). Throws std::logic_error when the name is taken, or `empty` does not fit.
  void add(Subscription subscription);
  void start();
  /// Something may be in the log that this process did not commit: they look now.
  void look();
  /// Lets the transaction that is running end, cancels reactions, gives the leases back.
  /// Idempotent.
  asio::awaitable<void> stop();

  Task<std::vector<SubscriptionStatus>> status(Context ctx);
  /// The oldest first, at most `limit` (1..1000).
  Task<std::vector<DeadLetter>> dead_letters(Context ctx, std::string subscription,
                                             std::size_t limit);
  /// Hands a parked event to its handler once more and removes it when that succeeds. Errors:
  /// not_found, the handler's.
  Task<void> retry(Context ctx, std::string subscription, std::string event_id);
  /// A stopped one tries its event again, with all attempts. Errors: not_found, conflict (it is not
  /// stopped).
  Task<void> resume(Context ctx, std::string subscription);
  /// Makes a projection's tables anew: whichever node follows it empties them and replays the log,
  /// in batches, going on where it was after a crash; new events come after the old ones. Answers
  /// when that is asked for, not when it is done. Its parked events are tried again as well. A
  /// further call begins it again. Errors: not_found, unsupported (it has no `empty`), conflict
  /// (the beginning of the log has been removed: see store::horizon).
  Task<void> rebuild(Context ctx, std::string subscription);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::events
