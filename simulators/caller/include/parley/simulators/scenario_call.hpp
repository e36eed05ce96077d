#pragma once
#include <memory>

#include "parley/evals/judge.hpp"
#include "parley/simulators/caller_on_line.hpp"

namespace parley::simulators {

/// What the server that is called tells of a call, by the carrier's id for it.
class CallView {
 public:
  virtual ~CallView() = default;
  /// While it runs. Errors: not_found until the server has its record.
  virtual Task<evals::Observed> so_far(Context ctx, std::string call_sid) = 0;
  /// The same of a call that is over, with what came of it: appointments, and the business's date.
  virtual Task<evals::Observed> whole(Context ctx, std::string call_sid) = 0;
};

struct ScenarioCallParts {
  Clock& clock;
  Random& random;
  net::HttpClient& http;
  CallerVoices voices;
  CallView& view;
};

/// What is told while the call runs: "says: what are your opening hours".
using OnAct = std::function<void(const std::string& what)>;

/// One call by a scenario, from dialling to what the server kept of it. `line` names server, number
/// and signing token. Errors: those of TwilioLine::dial(), and unavailable when the server does not
/// tell what came of the call. `parts` outlive the call.
Task<evals::Observed> hold_scenario(ScenarioCallParts parts, evals::Scenario scenario,
                                    LineOptions line, OnAct on_act = {});

}  // namespace parley::simulators
