#include "parley/base/beat_watch.hpp"

namespace parley {

Beats BeatWatch::still(const Beats& beats, TimePoint now) {
  std::map<std::string, Sighting> seen;
  Beats still;
  for (const auto& [node, beat] : beats) {
    Sighting sighting{beat, now};
    auto known = seen_.find(node);
    if (known != seen_.end() && known->second.beat == beat) sighting.since = known->second.since;
    if (now - sighting.since >= patience_) still.emplace(node, beat);
    seen.emplace(node, sighting);
  }
  seen_ = std::move(seen);
  return still;
}

}  // namespace parley
