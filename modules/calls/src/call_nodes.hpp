#pragma once
#include <filesystem>
#include <functional>
#include <string>

#include "parley/base/beat_watch.hpp"
#include "parley/base/context.hpp"
#include "parley/base/random.hpp"
#include "parley/calls/calls.hpp"
#include "parley/store/database.hpp"

namespace parley::calls {

/// The nodes that hold calls on one database: each has a name that outlives its process and a beat
/// that moves. A node whose beat stands still for `patience` while this one could look is gone, and
/// the calls it held are marked as interrupted. Needs no agreement of clocks. For one coroutine.
class CallNodes {
 public:
  static constexpr Duration beat_every = std::chrono::seconds(10);
  static constexpr Duration patience = std::chrono::seconds(40);

  using Holds = std::function<bool(const CallId&)>;

  /// `holds`: whether this process has the call in hand. `own`: this node's name.
  CallNodes(Clock& clock, store::Database& database, std::string own, Holds holds)
      : clock_(clock), database_(database), own_(std::move(own)), holds_(std::move(holds)) {}

  /// The first time: what an earlier process of this node held is interrupted. Every time: beats,
  /// and marks what those held that are gone; on SQLite there is one node, and nothing to do.
  Task<void> turn(Context ctx);

 private:
  Task<void> begin(Context ctx);
  Task<void> beat(Context ctx);
  Task<void> look_after_others(Context ctx);
  Task<void> bury(Context ctx, std::string node, std::int64_t beat);
  bool alone() const { return database_.kind() == store::Database::Kind::sqlite; }

  Clock& clock_;
  store::Database& database_;
  const std::string own_;
  const Holds holds_;
  bool begun_ = false;
  TimePoint looked_;
  BeatWatch others_{patience};
};

/// The name kept in `file`, or a new one that is kept there. Where it cannot be kept it is good for
/// this process. On a thread that may touch the disk.
std::string kept_node_name(const std::filesystem::path& file, Random& random);

}  // namespace parley::calls
