#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "parley/base/context.hpp"
#include "parley/base/json.hpp"

namespace parley::calls {

enum class Direction { inbound, outbound };
/// ringing -> in_progress -> completed; a call that never connected ends as no_answer, busy,
/// canceled or failed. interrupted: the media connection broke and may come back.
enum class CallStatus {
  ringing,
  in_progress,
  interrupted,
  completed,
  no_answer,
  busy,
  canceled,
  failed
};
std::string_view to_string(Direction direction) noexcept;
std::string_view to_string(CallStatus status) noexcept;
Result<CallStatus> parse_call_status(std::string_view text);

struct Call {
  CallId id;
  OrganizationId organization;
  BusinessId business;
  ConversationId conversation;
  Direction direction = Direction::inbound;
  CallStatus status = CallStatus::ringing;
  std::string carrier;
  std::string carrier_call_id;
  std::string from;  ///< E.164 or empty
  std::string to;
  WallTime created;
  std::optional<WallTime> answered;
  std::optional<WallTime> ended;
  std::chrono::milliseconds length{0};
  std::string end_reason;
  std::string outcome;  ///< booked, moved, cancelled, answered, message, none
  std::string summary;
  int caller_turns = 0;
  int agent_turns = 0;
  int interruptions = 0;
  bool has_recording = false;
  std::optional<std::int64_t>
      agent_version;  ///< of the business's agent; calls of before have none
  std::int64_t version = 0;
};

/// One line of the transcript.
struct TranscriptTurn {
  std::string who;   ///< "agent" or "caller"
  std::string text;  ///< for the agent: only what the caller really heard
  std::chrono::milliseconds at{0};
  double confidence = 1.0;
  bool interrupted = false;
  json::object latency;  ///< of the agent's turns: endpointMs, recognitionMs, dialogueMs, ...
};

struct TimelineItem {
  std::chrono::milliseconds at{0};
  std::string kind;
  json::object data;
};

struct CallQuery {
  BusinessId business;  ///< empty: all of the organization's
  std::optional<CallStatus> status;
  std::optional<Direction> direction;
  std::string phone;  ///< either side, E.164
  std::optional<WallTime> created_after;
  std::optional<WallTime> created_before;
  bool active_only = false;  ///< ringing, in_progress or interrupted
  std::int64_t page = 1;
  std::int64_t limit = 50;
  std::string
      sort;  ///< createdAt or lengthMs; "-" before it: the greatest first; empty: the newest first
};
struct CallList {
  std::vector<Call> items;
  std::int64_t total = 0;
};

/// A call's recording: a WAV file, stereo, caller left, agent right. One that has this key and size
/// never becomes another.
struct Recording {
  std::string key;  ///< names the object; means nothing to others
  std::uint64_t size_bytes = 0;
};

/// The calls of an organization and what is known of them. Bound to ctx.organization. Thread-safe.
/// Errors: not_found; conflict (hanging up a call that is over is none: it succeeds).
class Calls {
 public:
  virtual ~Calls() = default;
  virtual Task<CallList> list(Context ctx, CallQuery query) = 0;  ///< newest first
  virtual Task<Call> get(Context ctx, CallId id) = 0;
  virtual Task<std::vector<TimelineItem>> timeline(Context ctx, CallId id) = 0;
  virtual Task<std::vector<TranscriptTurn>> transcript(Context ctx, CallId id) = 0;
  virtual Task<Recording> recording(Context ctx, CallId id) = 0;
  /// At most `size_bytes` of it from `first` on; fewer at its end. An hour is 115 MB: it is never
  /// read as a whole. `recording` is what recording() answered, which looked whose it is.
  virtual Task<std::vector<std::byte>> recording_part(Context ctx, Recording recording,
                                                      std::uint64_t first,
                                                      std::size_t size_bytes) = 0;
  virtual Task<Call> hang_up(Context ctx, CallId id) = 0;
};

}  // namespace parley::calls
