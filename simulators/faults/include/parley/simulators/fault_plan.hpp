#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "parley/base/clock.hpp"

namespace parley::simulators {

/// What is to go wrong with one request or connection.
struct Fault {
  enum class Effect {
    none,
    refuse,   ///< the connection ends as soon as it is made
    reset,    ///< cut, so that the peer sees a failure
    close,    ///< ended without an answer
    hang,     ///< never answered
    half,     ///< the beginning of the answer, then a cut
    garbage,  ///< random bytes instead of the answer
    slow,     ///< the answer trickles
    status,   ///< this HTTP status instead of the answer
    torn,     ///< half of the text, sent as if it were all: half JSON
    endless   ///< the last piece again and again
  };
  /// Before anything is done; or after: it happened, and only the answer is lost.
  enum class When { before, after };

  Effect effect = Effect::none;
  When when = When::before;
  Duration delay{};  ///< before all of that
  int status = 0;    ///< of status
  std::string code;  ///< of status, in the vendor's words; empty: as usual
  std::optional<std::chrono::seconds> retry_after;  ///< of status
  std::size_t bytes = 0;   ///< half: how much is given, 0: half; slow: how much a second
  std::uint64_t seed = 0;  ///< of garbage
  /// Of an answer in pieces, a WebSocket's messages or a streamed body: so many are as they should
  /// be. Without it reset, close, hang and status come at once, before a handshake is answered.
  std::optional<std::size_t> after;
  int close_code = 0;  ///< close: of the WebSocket; 0: it just ends
};

/// The word of the language: "reset".
std::string_view to_string(Fault::Effect effect) noexcept;

/// The fault language. A rule a line, or separated by ';'; # begins a comment:
///
///   status 503 code SlowDown retry-after 2 on "PUT /parley/" first 3
///   delay 300ms..2s p 0.1
///   reset lost requests 10..20 from 30s to 90s
///
/// Effects: refuse, reset, close [CODE], hang, half [BYTES], garbage, slow BYTES/s, status N [code
/// WORD] [retry-after SECONDS], rate N/s (more get 429, at a gate a reset), delay TIME[..TIME],
/// torn (half JSON), endless. `lost` makes reset, close, hang and status come after the work was
/// done; `after N` makes reset, close, hang, half, garbage, torn and endless spare N messages.
/// Conditions, all of which must hold: on "text" (part of what is asked: "METHOD target"), from
/// TIME, to TIME (since the plan began), then, counted among those: first N, every N, requests
/// A..B, p PROBABILITY.
///
/// The first rule that applies decides; delays come on top. Every rule counts and draws whether or
/// not an earlier one decided, so the same requests with the same seed fail alike. Not thread-safe.
class FaultPlan {
 public:
  /// Where it is applied: a service that understands requests, or a gate that sees only bytes.
  enum class Place { service, gate };
  /// Errors: invalid, with line, column and the nearest known word; what the place cannot do.
  static Result<FaultPlan> parse(std::string_view text, Place place, std::uint64_t seed = 1);

  FaultPlan();
  FaultPlan(FaultPlan&&) noexcept;
  FaultPlan& operator=(FaultPlan&&) noexcept;
  ~FaultPlan();

  /// What happens to this request, `since` the plan began.
  Fault next(std::string_view request, Duration since);

 private:
  struct Rule;
  struct State;
  friend class FaultParser;
  std::unique_ptr<State> state_;
};

}  // namespace parley::simulators
