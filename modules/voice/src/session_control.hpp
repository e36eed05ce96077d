#pragma once
#include <mutex>
#include <optional>
#include <vector>

#include "parley/audio/stereo_recorder.hpp"
#include "parley/base/error.hpp"
#include "parley/base/fifo.hpp"
#include "parley/voice/orders.hpp"

namespace parley::voice {

/// Orders on their way from any thread to a session's strand. Bounded; thread-safe.
class OrderBox {
 public:
  static constexpr std::size_t most_waiting = 256;
  static constexpr std::size_t most_listeners = 16;

  /// Errors: rate_limited (too many wait, or too many listen), conflict (the call is over).
  Result<void> put(Order order);
  std::optional<Order> take();
  /// A listener left, or never came in.
  void free_listener();
  /// Nothing is taken any more; gives back what waited.
  Fifo<Order> close();

 private:
  std::mutex mutex_;
  Fifo<Order> waiting_;
  std::size_t listeners_ = 0;
  bool closed_ = false;
};

/// The listeners of a call, and both its sides on one time line for them. Holds nothing and costs
/// nothing while nobody listens. Used from the session's strand; times are since its start.
class Listening {
 public:
  using Track = audio::StereoRecorder::Track;
  static constexpr Duration piece = std::chrono::milliseconds(100);
  /// Sound that is later than this is missed.
  static constexpr Duration lateness = std::chrono::milliseconds(200);

  bool anybody() const noexcept { return !listeners_.empty(); }
  void add(std::shared_ptr<Listener> listener, Duration now);
  /// False when it is none of them.
  bool remove(const std::shared_ptr<Listener>& listener);
  void hear(Track track, Duration at, std::span<const std::int16_t> samples);
  /// Everybody gets what is complete by `now`.
  void tell(Duration now);
  void end();

 private:
  std::vector<std::shared_ptr<Listener>> listeners_;
  std::optional<audio::StereoRecorder> sound_;
  Duration since_{};  ///< where in the call sound_ begins
};

}  // namespace parley::voice
