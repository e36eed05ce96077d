#pragma once
#include <string>

#include "parley/audio/frame.hpp"
#include "parley/base/clock.hpp"
#include "parley/base/json.hpp"

namespace parley::voice {

/// Something that happened in a call, `at` since it began. Kinds:
///   session.started {}                session.ended {reason}
///   agent.said {text, heard, interrupted, latency: {...ms}}
///   caller.said {text, confidence, input}           caller.unclear {voicedMs}
///   barge_in {heardMs}                silence {times}
///   resumed {heldMs, after}           a sound that was no interruption, with its words if any
///   tool {name, arguments, result | error, tookMs}
///   engine.failed {engine, error}
///   hold {by}   taken_over {by}   handed_back {by}   whisper {text, by, as, heeded?}
///   keys.sent {keys, by}              listening {by}   listening.ended {}
///   answered {kind, confidence, atMs} carrier.answered_by {word, kind}   message.left {beep}
/// caller.said has answered: false when a person, or music, had the agent's place.
struct TimelineEntry {
  Duration at{};
  std::string kind;
  json::object data;
};

/// Takes the timeline of one call. add() does not block and does not fail; the implementation
/// writes in batches, off the media path.
class Journal {
 public:
  virtual ~Journal() = default;
  virtual void add(TimelineEntry entry) = 0;
};

/// Takes the recording of one call piece by piece: interleaved stereo at telephone rate, caller
/// left, agent right. append() does not block and does not fail.
class RecordingSink {
 public:
  virtual ~RecordingSink() = default;
  virtual void append(audio::Samples interleaved) = 0;
};

}  // namespace parley::voice
