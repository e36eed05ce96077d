#pragma once
#include <memory>

#include "parley/base/random.hpp"
#include "parley/net/http.hpp"
#include "parley/simulators/model_script.hpp"

namespace parley::simulators {

/// One server-sent event of an answer, as it goes on the wire.
struct WireEvent {
  std::string text;
  bool is_token = false;  ///< waits its turn at the script's pace
};

struct EventBodyOptions {
  std::vector<WireEvent> events;
  std::vector<WireEvent> again;  ///< after those, for ever; empty: the end
  /// After the last event the connection is cut, so that the client sees a failure.
  enum class End { orderly, cut } end = End::orderly;
};

/// A streamed answer 200 of these events, in pieces of 1 to 64 bytes cut anywhere, also within
/// characters. The script counts it.
net::HttpResponse event_response(ModelScript& script, Clock& clock, std::uint64_t seed,
                                 EventBodyOptions options);

}  // namespace parley::simulators
