#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "parley/base/clock.hpp"

namespace parley {

/// A number of each node that moves as long as the node lives, by the node's name.
using Beats = std::map<std::string, std::int64_t>;

/// Whose beat stands still, by this process's own monotonic time: needs no agreement of clocks.
/// Not thread-safe.
class BeatWatch {
 public:
  explicit BeatWatch(Duration patience) : patience_(patience) {}

  /// `beats` are those of all others at `now`; who is missing is forgotten. Gives those that this
  /// watch has seen with the same beat for `patience`, also if it looked at nothing in between.
  Beats still(const Beats& beats, TimePoint now);
  /// What was seen until now counts for nothing.
  void forget() { seen_.clear(); }

 private:
  struct Sighting {
    std::int64_t beat = 0;
    TimePoint since;
  };
  const Duration patience_;
  std::map<std::string, Sighting> seen_;
};

}  // namespace parley
