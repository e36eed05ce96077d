#pragma once
#include <optional>
#include <string>

#include "parley/base/clock.hpp"
#include "parley/base/task_group.hpp"
#include "parley/store/database.hpp"
#include "parley/store/event_log.hpp"

namespace parley::events {

struct RetentionOptions {
  Duration keep{0};         ///< events older than this go
  Duration every = 1h;      ///< the first time that long after the start
  Duration limit = 5min;    ///< of one sweep; the next one goes on
  std::size_t batch = 500;  ///< events a transaction looks at (1..1000)
};

struct Trimmed {
  std::int64_t removed = 0;
  store::Position horizon;  ///< where the log begins now
  /// The subscription that has not come to events which are old enough to go.
  std::optional<std::string> held_by;
};

/// Removes what is older than `keep` from the old end of the log, in small transactions, and never
/// past the place of any subscription, whether something follows it or not: what stands there holds
/// the log back until it goes on or is forgotten (forget_subscription). A rebuild that has not
/// begun to replay holds everything. Several nodes may do it at once.
Task<Trimmed> trim_log(Context ctx, store::Database& database, RetentionOptions options);

/// Trims again and again until `tasks` stops; a sweep that fails is logged, and the next one does
/// what it left. `clock` and `database` outlive the task.
void keep_trimmed(TaskGroup& tasks, Clock& clock, store::Database& database,
                  RetentionOptions options);

}  // namespace parley::events
