#pragma once
#include <string>
#include <vector>

#include "parley/calls/live_calls.hpp"
#include "parley/queue/queue.hpp"
#include "parley/store/objects.hpp"
#include "parley/telephony/inbound.hpp"
#include "parley/telephony/recorder.hpp"

namespace parley::calls {

/// Recordings that the carrier makes: begun and ended when asked, told of by its callbacks in any
/// order and any number, then fetched by a job into the object store, each once by its id. The
/// call plays it when it has no recording of our own. Owns the table `carrier_recordings`.
/// Thread-safe.
class CarrierRecordings {
 public:
  /// All outlive it; the queue is not started yet: the job's handler is added.
  struct Parts {
    store::Database& database;
    queue::Queue& queue;
    store::ObjectStore& objects;
    telephony::CarrierRecorder& recorder;
  };
  explicit CarrierRecordings(Parts parts);

  /// The call plays on; both sides apart. Idempotent. Errors: conflict (it is not in progress, or
  /// of another carrier), and the recorder's.
  Task<CarrierRecordingState> start(Context ctx, Call call);
  /// Idempotent. Errors: not_found (it was never recorded), and the recorder's.
  Task<CarrierRecordingState> stop(Context ctx, Call call);
  Task<std::vector<CarrierRecordingState>> list(Context ctx, CallId call);

  /// In the transaction of the callback's inbox.
  Result<void> changed(store::Tx& tx, const Call& call,
                       const telephony::CarrierRecording& recording);

 private:
  Task<void> fetch(Context ctx, std::string carrier, std::string recording_id, CallId call);
  Parts parts_;
};

}  // namespace parley::calls
