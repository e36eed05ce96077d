#pragma once
#include <functional>
#include <map>
#include <string>

#include "parley/base/clock.hpp"
#include "parley/base/condition.hpp"

namespace parley::queue {

/// Port: tells the workers of all nodes that a lane has work, so that they need not look. It
/// carries no jobs: those are rows, and a claim there decides who runs one. So a notice that is
/// lost costs time until the next sweep, and one that comes twice costs a look.
class Broker {
 public:
  struct Notice {
    std::string lane;
    /// What it is about, for people who look at the broker; the claim takes the best one.
    std::string job;
    /// More than zero: to be delivered after so long, at least.
    Duration delay{};
  };
  /// A notice in a worker's hands. Until it is answered, it counts against what this node may have
  /// of its lane; unanswered ones go to other nodes when this one is gone.
  enum class Answer {
    looked,     ///< somebody has looked for work since it came
    elsewhere,  ///< all hands are full here: to another node, if there is one
    not_now,    ///< nobody could look: to be delivered again after a pause, a few times
  };
  using Respond =
      std::function<void(Answer)>;  ///< from any thread, once; it may outlive the broker

  struct Listener {
    /// Delivered upon a thread of the broker's, which must not be held up.
    std::function<void(std::string lane, Respond respond)> on_notice;
    /// The broker came or went: notices may have been lost, and everybody looks.
    std::function<void()> on_change;
  };

  virtual ~Broker() = default;  ///< stop() must have completed, or start() was never called
  /// Hears of these lanes, of each at most so many notices at a time. Connects in the background.
  virtual void start(std::map<std::string, int> lanes, Listener listener) = 0;
  /// No call to the listener begins after it returned. Waits for the broker's thread, for a moment.
  /// Idempotent.
  virtual void stop() = 0;
  /// Never waits. When there is no room for it, it is dropped: the sweep finds the job. Any thread.
  virtual void publish(Notice notice) = 0;
  virtual Condition condition() const = 0;
};

}  // namespace parley::queue
