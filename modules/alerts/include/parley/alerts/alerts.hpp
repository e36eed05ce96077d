#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "parley/base/id.hpp"
#include "parley/base/json.hpp"
#include "parley/base/random.hpp"
#include "parley/queue/queue.hpp"
#include "parley/store/database.hpp"
#include "parley/telemetry/metrics.hpp"

namespace parley::alerts {

using AlertId = Id<"alert">;

enum class Severity { info, warning, error, critical };
std::string_view to_string(Severity severity) noexcept;

/// Something that a person should know about.
struct NewAlert {
  std::string key;  ///< names the trouble ("health/redis"): one open alert of each
  Severity severity = Severity::error;
  std::string summary;  ///< one sentence, at most 1,024 bytes; no personal data
  std::string advice;
};

struct Alert {
  AlertId id;
  NewAlert what;
  WallTime raised_at;
  std::optional<WallTime> resolved_at;
};

/// Where alerts go: a pager, a webhook, mail. Thread-safe.
class AlertSink {
 public:
  virtual ~AlertSink() = default;
  /// Small and stable: it is stored with what is on its way.
  virtual std::string name() const = 0;
  enum class Action { trigger, resolve };
  /// May be called again for what was sent before: the alert's id tells. Errors: `invalid` is not
  /// tried again, everything else is.
  virtual Task<void> send(Context ctx, const Alert& alert, Action action) = 0;
};

/// Alerts that are raised once, sent to each sink until it took them, and resolved. What is stored
/// and what is sent for it are one transaction. Thread-safe.
class Alerts {
 public:
  struct Parts {
    Clock& clock;
    Random& random;
    store::Database& database;
    queue::Queue& queue;
    metrics::Registry& registry;
  };
  /// Registers its job with the queue, which must not have been started.
  explicit Alerts(Parts parts, std::string lane = "default");
  ~Alerts();
  /// Before the queue starts; it outlives the queue's run.
  void add(AlertSink& sink);

  /// Nothing happens while one with this key is open. Errors: invalid (an empty key or summary).
  Task<void> raise(Context ctx, NewAlert alert);
  /// Nothing happens when none is open.
  Task<void> resolve(Context ctx, std::string key);
  /// The open ones, the oldest first.
  Task<std::vector<Alert>> open(Context ctx);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace parley::alerts
