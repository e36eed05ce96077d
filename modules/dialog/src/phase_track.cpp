#include "phase_track.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "parley/base/strings.hpp"

namespace parley::dialog {

PhaseTrack::PhaseTrack(const business::Agent& agent)
    : phases_(agent.phases.empty() ? business::default_phases() : agent.phases),
      current_(phases_.front().name) {}

const business::AgentPhase& PhaseTrack::phase() const {
  return *std::ranges::find(phases_, current_, &business::AgentPhase::name);
}

Result<void> PhaseTrack::change(std::string_view name) {
  if (name == current_) return {};
  const auto& next = phase().next;
  auto allowed = join(next, ", ");
  if (std::ranges::find(phases_, name, &business::AgentPhase::name) == phases_.end())
    return fail(Errc::invalid,
                fmt::format("no such phase; from {} may follow: {}", current_, allowed));
  if (std::ranges::find(next, name) == next.end())
    return fail(Errc::conflict, fmt::format("from {} may follow only: {}", current_, allowed));
  current_ = name;
  return {};
}

void PhaseTrack::force(std::string_view name) {
  if (std::ranges::find(phases_, name, &business::AgentPhase::name) != phases_.end())
    current_ = name;
}

}  // namespace parley::dialog
