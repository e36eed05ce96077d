#pragma once
#include <filesystem>
#include <functional>
#include <memory>

#include "parley/base/worker_pool.hpp"
#include "parley/business/businesses.hpp"
#include "parley/calls/calls.hpp"
#include "parley/dialog/dialogue.hpp"
#include "parley/speech/recognizer.hpp"
#include "parley/speech/synthesizer.hpp"
#include "parley/store/database.hpp"
#include "parley/store/objects.hpp"
#include "parley/telemetry/trace.hpp"
#include "parley/telephony/inbound.hpp"
#include "parley/voice/call_session.hpp"

namespace parley::calls {

struct CallServiceParts {
  store::Database& database;
  Clock& clock;
  Random& random;
  business::Businesses& businesses;
  store::ObjectStore& objects;
  dialog::DialogueFactory& dialogues;
  speech::Recognizer& recognizer;
  speech::Synthesizer& synthesizer;
  WorkerPool& files;               ///< writes recordings
  trace::Tracer& tracer;           ///< calls and their turns as spans
  asio::any_io_executor executor;  ///< for what goes on after a call
};

struct CallServiceOptions {
  std::filesystem::path spool;  ///< recordings of running calls; survives a crash
  voice::SessionSettings session;
  std::size_t most_calls = 1000;  ///< at once on this node; more hear an apology
  Duration sweep_every = std::chrono::seconds(30);
  /// A call whose media connection was lost may come back within this time.
  Duration reconnect_within = std::chrono::minutes(2);
  int most_connections = 4;  ///< media connections of one call
};

/// Records calls, runs their voice sessions, and keeps what happened in them. A call that this
/// process lost (it was killed) is picked up when the carrier asks what next, or closed by a sweep.
class CallService : public Calls, public telephony::CallHandler {
 public:
  /// Recovers what an earlier run left: recordings in the spool, calls that hang in the air. Then
  /// sweeps until stop().
  virtual asio::awaitable<void> start() = 0;
  /// Hangs up what still runs, waits until every record is stored (or `deadline`). Idempotent.
  virtual asio::awaitable<void> stop(TimePoint deadline) = 0;
  virtual std::size_t running() const noexcept = 0;

  /// A call that is made to try an agent, in force or not.
  struct Rehearsal {
    /// With that agent, and a version that no other profile of the business has: what dialogues
    /// keep of a business goes by it.
    std::shared_ptr<const business::Profile> profile;
    std::int64_t agent_version = 0;
  };
  /// The carrier's call of this id, whatever number it calls, is held so, until forget_rehearsal().
  /// On this node only.
  virtual void rehearse(std::string carrier_call_id, Rehearsal rehearsal) = 0;
  virtual void forget_rehearsal(const std::string& carrier_call_id) = 0;
};

std::unique_ptr<CallService> make_call_service(CallServiceParts parts, CallServiceOptions options);

}  // namespace parley::calls
