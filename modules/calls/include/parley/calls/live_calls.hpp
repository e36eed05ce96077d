#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "parley/base/context.hpp"
#include "parley/calls/calls.hpp"

namespace parley::calls {

/// A recording made by the carrier.
struct CarrierRecordingState {
  std::string recording_id;
  std::string status;  ///< in-progress, completed, absent (the carrier's words), then stored
  std::optional<std::chrono::seconds> length;
  std::uint64_t size_bytes = 0;  ///< once stored
};

/// The sound of a running call as it is spoken, for one listener. Goes away with its destruction,
/// which the call's timeline tells. Used from one strand.
class CallSound {
 public:
  static constexpr int rate_hz = 8000;
  /// Of sound that was not taken; the oldest is dropped beyond it.
  static constexpr std::size_t most_waiting_samples = 2 * 8000 * 5;

  virtual ~CallSound() = default;
  /// The next piece, 100 ms as a rule: interleaved stereo, caller left, agent right. Errors:
  /// end_of_stream when the call, or its connection, is over.
  virtual Task<std::vector<std::int16_t>> next() = 0;
  /// Pieces that were dropped so far, because they were taken too slowly.
  virtual std::uint64_t dropped() const noexcept = 0;
};

/// What people do to calls while they run on this node. Bound to ctx.organization; who did it
/// stands in the call's timeline. Orders are obeyed within moments, not yet when these return.
/// Thread-safe. Errors: not_found; conflict (it does not run here now); rate_limited (too many
/// orders wait, or too many people listen).
class LiveCalls {
 public:
  virtual ~LiveCalls() = default;
  /// The caller hears music, and nothing they say is answered, until resume().
  virtual Task<Call> hold(Context ctx, CallId id) = 0;
  /// The agent is silent until resume(); what speak() is given is heard in its place.
  virtual Task<Call> take_over(Context ctx, CallId id) = 0;
  virtual Task<Call> resume(Context ctx, CallId id) = 0;
  enum class Whisper {
    instruction,  ///< the agent heeds it from its next turn on, if its dialogue can
    sentence      ///< the agent says exactly this
  };
  virtual Task<Call> whisper(Context ctx, CallId id, Whisper as, std::string text) = 0;
  /// Of 0-9, *, #, A-D, and w for half a second's pause. Errors: invalid.
  virtual Task<Call> press_keys(Context ctx, CallId id, std::string keys) = 0;
  enum class Record { start, stop };
  /// The carrier's own, both sides apart; it is fetched when it is over. Errors: conflict
  /// also when no carrier that records is configured.
  virtual Task<CarrierRecordingState> record(Context ctx, CallId id, Record what) = 0;

  virtual Task<std::unique_ptr<CallSound>> listen(Context ctx, CallId id) = 0;
  /// Mono, of whoever took the call over; too much at once is dropped. `ctx` was good for the call
  /// before: this does not ask the database.
  virtual Result<void> speak(const Context& ctx, const CallId& id,
                             std::vector<std::int16_t> samples) = 0;
};

}  // namespace parley::calls
