#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "parley/queue/queue.hpp"
#include "parley/store/database.hpp"
#include "parley/telemetry/metrics.hpp"

namespace parley::webhooks {

using InboxId = Id<"in">;

/// A webhook whose signature has been checked.
struct NewReceived {
  std::string source;    ///< whose event ids these are: "twilio", a generic source's name
  std::string kind;      ///< which processor it is for
  std::string event_id;  ///< the provider's; from what was signed, or anyone could make it new
  std::string event_type;
  std::string subject;  ///< what it is about; empty: nothing to be in order with
  std::optional<std::int64_t> sequence;
  std::string body;  ///< UTF-8 without zero bytes, at most 256 KiB
};

/// received: stored, a job will process it. applied: took effect. stale: a newer one of the same
/// subject had been applied. ignored: stored and acknowledged, nobody handles that kind or type.
/// dead: given up, `last_error` says why.
enum class InboxStatus { received, applied, stale, ignored, dead };
std::string_view to_string(InboxStatus status) noexcept;
std::optional<InboxStatus> parse_inbox_status(std::string_view text) noexcept;

struct Received {
  InboxId id;
  NewReceived what;
  InboxStatus status = InboxStatus::received;
  std::int64_t repeats = 0;  ///< how often it came again
  std::int64_t attempts = 0;
  std::string last_error;
  WallTime received_at;
  std::optional<WallTime> processed_at;
};

/// Takes effect in the transaction that marks the event as processed: exactly once, however often
/// it is delivered or the process dies. It may be called more than once before that, so it has no
/// other effects; what must reach outside is enqueued as a job in the same transaction. The
/// transaction's organization is the source's. Errors: invalid and unsupported make it a dead
/// letter at once, others are tried again; what is thrown counts as a failure.
enum class Processed { applied, stale, ignored };
using Processor = std::function<Result<Processed>(store::Tx& tx, const Received& event)>;

enum class Order { newer, older };
/// The guard against events that come out of order: older (or the same) than what this subject of
/// this source has applied. A newer sequence is remembered in the same transaction.
Result<Order> advance(store::Tx& tx, std::string_view source, std::string_view subject,
                      std::int64_t sequence);

/// Whatever comes in, stored before it is acknowledged and processed once.
///
///   verify ─► receive(tx) ─► 200 ─► job ─► processor ─► applied | stale | ignored
///                │ known event id                └─ out of attempts, invalid ─► dead ─► replay
///                └─► 200, counted, nothing else
class Inbox {
 public:
  struct Parts {
    Clock& clock;
    Random& random;
    store::Database& database;
    queue::Queue& queue;
    metrics::Registry& registry;
  };
  struct Options {
    std::string lane = "default";  ///< of the queue
    int max_attempts = 12;         ///< about a day
    Duration first_pause = 1s;
    Duration longest_pause = 6h;
    Duration keep = 24h * 90;  ///< older ones are removed as new ones are processed
  };
  /// Registers its job with the queue, which must not have been started.
  explicit Inbox(Parts parts);
  Inbox(Parts parts, Options options);
  ~Inbox();

  /// Before the queue starts. Throws std::logic_error when the kind is taken.
  void add(std::string kind, Processor processor);

  struct Receipt {
    InboxId id;
    enum class As { fresh, repeated } as = As::fresh;
  };
  /// In the caller's transaction, which acts for the event's organization (Tx::act_for). Errors:
  /// invalid (no event id, a body that is not text), too_large.
  Result<Receipt> receive(store::Tx& tx, const NewReceived& event);
  Task<Receipt> receive(Context ctx, NewReceived event);

  struct Filter {
    std::optional<InboxStatus> status;
    std::string source;
    std::int64_t page = 1;
    std::int64_t limit = 50;
    std::string sort;  ///< "receivedAt" or "-receivedAt"; empty: the newest first
  };
  struct Page {
    std::vector<Received> items;
    std::int64_t total = 0;
  };
  Task<Page> list(Context ctx, Filter filter);
  /// Errors: not_found.
  Task<Received> get(Context ctx, InboxId id);
  /// Processes it again, with all attempts. Errors: not_found, conflict (it has taken
  /// effect).
  Task<Received> replay(Context ctx, InboxId id);

  /// For receivers: a webhook that was refused; nothing else is kept of it.
  void count_refused(std::string_view reason) const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace parley::webhooks
