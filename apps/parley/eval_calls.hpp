#pragma once
#include <memory>

#include "parley/booking/booking.hpp"
#include "parley/calls/call_service.hpp"
#include "parley/evals/evals.hpp"
#include "parley/simulators/scenario_call.hpp"

namespace parley::app {

struct EvalCallParts {
  Clock& clock;
  Random& random;
  net::HttpClient& http;
  business::Businesses& businesses;
  booking::Booking& booking;
  simulators::CallerVoices voices;
};

/// A server's calls to itself, for its scenarios: over its own port, through the carrier's
/// protocol, held with the version of the agent that is tried.
class EvalCalls : public evals::CallPlacer {
 public:
  struct Line {
    std::string url;         ///< where this server is reached from this machine
    std::string public_url;  ///< what its carrier's signatures are made of
    std::string auth_token;
  };
  /// Until this, place() is unavailable.
  virtual void connect(calls::CallService& calls, Line line) = 0;
};

std::unique_ptr<EvalCalls> make_eval_calls(EvalCallParts parts);

}  // namespace parley::app
