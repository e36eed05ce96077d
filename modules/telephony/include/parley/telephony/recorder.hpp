#pragma once
#include <string>
#include <vector>

#include "parley/base/context.hpp"

namespace parley::telephony {

/// A carrier that records calls by itself, both sides apart. Implemented by its adapter.
class CarrierRecorder {
 public:
  /// The longest recording that can be fetched: an hour of two sides is 115 MB.
  static constexpr std::size_t largest_bytes = 256u << 20;

  virtual ~CarrierRecorder() = default;
  virtual std::string carrier() const = 0;
  /// Begins to record a call that is in progress, and gives the recording's id; when the call is
  /// being recorded already, that one's. Its end is told by a callback. Errors: conflict (the call
  /// is not in progress), unavailable, rate_limited, forbidden, outcome_unknown.
  virtual Task<std::string> start(Context ctx, std::string carrier_call_id) = 0;
  /// Idempotent: one that is over, or gone, is success. Errors: as above, but no conflict.
  virtual Task<void> stop(Context ctx, std::string carrier_call_id, std::string recording_id) = 0;
  /// The sound as a WAV file of two channels. Errors: not_found (not there yet, or removed),
  /// too_large, and as above.
  virtual Task<std::vector<std::byte>> fetch(Context ctx, std::string recording_id) = 0;
};

}  // namespace parley::telephony
