#pragma once
#include <string>
#include <vector>

#include "parley/business/business.hpp"
#include "phase_track.hpp"

namespace parley::dialog {

/// Who the agent is, what the business is, and the rules: the same for every call of an agent.
std::string instructions_of(const business::Profile& profile);

/// What holds in one turn.
struct TurnFacts {
  calendar::LocalTime now{};
  std::string caller_phone;  ///< empty when withheld
  bool recording = false;
  std::string caller_history;  ///< lines of appointments and earlier messages
  std::string done;            ///< lines of what tools did in this call
  std::string earlier;         ///< digest of what the history no longer holds
  bool interrupted = false;    ///< the last answer was
};
std::string situation_of(const TurnFacts& facts, const PhaseTrack& phases,
                         const business::Profile& profile);

/// The passages of a search_knowledge result as marked data; empty when there are none.
std::string passages_of(const json::object& result);

/// Text from outside between marks: it cannot close them.
std::string as_data(std::string_view text, std::size_t limit_bytes);

}  // namespace parley::dialog
