#pragma once
// What the parts of one queue share. Thread-safe.
#include <atomic>
#include <boost/asio/cancellation_signal.hpp>
#include <map>
#include <mutex>

#include "job_rows.hpp"
#include "parley/base/task_group.hpp"
#include "parley/base/wake.hpp"
#include "parley/queue/queue.hpp"

namespace parley::queue {

struct Registration {
  HandlerOptions options;
  Handler handler;
};

struct Metrics {
  explicit Metrics(metrics::Registry& registry);
  /// outcome: done, again, dead, cancelled, refused.
  void ended(const std::string& handler, std::string_view outcome, int attempts = 1) const;
  metrics::Registry& registry;
  metrics::Histogram waited;
  metrics::Histogram ran;
  metrics::Gauge running;
  metrics::Counter taken_over;
  metrics::Gauge dead;
};

/// Notices under this name say that something has come due, of whatever lane.
constexpr std::string_view lane_of_delays = "@due";

/// After its limit, how long a handler has to notice that it was cancelled.
constexpr Duration deaf_after = 10s;

/// An attempt that runs here.
struct Running {
  Running(Claimed c, TimePoint limit) : claimed(std::move(c)), deadline(limit) {}
  const Claimed claimed;
  const TimePoint deadline;  ///< its time limit
  enum class Stop { none, cancelled, lost };
  std::atomic<Stop> stop{Stop::none};
  std::atomic<bool> settled{false};   ///< its end is decided: nobody else decides it
  std::atomic<bool> finished{false};  ///< by JobRun::finish, committed

  /// Past its limit, and deaf to being cancelled.
  TimePoint give_up() const { return deadline + deaf_after; }

  // The rest only on the queue's executor.
  asio::cancellation_signal signal;  ///< cancels the handler
  bool was_told = false;             ///< the handler, to stop
  void tell_to_stop() {
    if (!std::exchange(was_told, true)) signal.emit(asio::cancellation_type::terminal);
  }
};

struct LaneState {
  int workers = 0;
  Wake news;
  std::atomic<bool> more{true};  ///< there may be ready jobs that nobody has looked for
  std::atomic<int> busy{0};
  /// The others were told that there is more than this node can do.
  std::atomic<bool> passed_on{false};

  /// A notice is answered once somebody has looked after it came.
  void hold(Broker::Respond respond, TimePoint now) {
    {
      std::lock_guard lock(mutex);
      if (held.empty()) held_since = now;
      held.push_back(std::move(respond));
    }
    look_again();
  }
  /// Since when the oldest notice waits, if one does.
  std::optional<TimePoint> holds_since() {
    std::lock_guard lock(mutex);
    return held.empty() ? std::nullopt : std::optional(held_since);
  }
  std::vector<Broker::Respond> take_held() {
    std::lock_guard lock(mutex);
    return std::exchange(held, {});
  }

  void look_again() {
    more = true;
    news.raise();
  }

 private:
  std::mutex mutex;
  std::vector<Broker::Respond> held;
  TimePoint held_since;
};

/// How news of jobs reach the broker, also from a database thread when the queue has gone.
class Herald {
 public:
  explicit Herald(Broker* broker) : broker_(broker) {}
  /// From here on, nothing is told any more.
  void fall_silent() {
    std::lock_guard lock(mutex_);
    broker_ = nullptr;
  }
  void tell(Broker::Notice notice) {
    std::lock_guard lock(mutex_);
    if (broker_) broker_->publish(std::move(notice));
  }

 private:
  std::mutex mutex_;
  Broker* broker_;
};

struct Shared {
  Shared(Queue::Parts given, Queue::Options chosen);
  ~Shared() { herald->fall_silent(); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  /// How soon to look for what nobody told of.
  Duration poll() const;

  /// Civil time that hands set back or forward do not move: what delays and retries count in.
  WallTime steady_now() const;
  /// Microseconds of it, each larger than the one before.
  std::int64_t next_position();
  static std::int64_t position_of(WallTime due) {
    return std::chrono::duration_cast<std::chrono::microseconds>(due.time_since_epoch()).count();
  }

  /// A transaction whose statements are safe without serializability.
  template <class Function>
  auto relaxed(Function change) {
    auto body = [change = std::move(change)](
                    store::Tx& tx) mutable -> std::invoke_result_t<Function&, store::Tx&> {
      if (auto ready = tx.read_committed(); !ready) return std::unexpected(ready.error());
      return change(tx);
    };
    return parts.database.write(Context{}, std::move(body));
  }

  Kind kind() const { return parts.database.kind(); }
  const Registration* find(const std::string& handler) const;
  LaneState* lane(const std::string& name);
  void look_again_everywhere();
  /// For after a commit: on a database thread, perhaps when the queue has gone.
  /// Wakes this node's workers and tells the others.
  std::function<void()> waker(const std::string& lane_name, const JobId& job = {}) const;
  std::function<void()> waker_of_all() const;
  std::function<void()> waker_of_delays() const;
  /// The others look then, should this node be gone.
  std::function<void()> teller_of_delay(const JobId& job, Duration delay) const;

  /// Empty while not registered: nothing is claimed.
  std::string node() const;
  void set_node(std::string name);

  /// Only on the queue's executor.
  void begin(const std::shared_ptr<Running>& run);
  void end(const std::shared_ptr<Running>& run);
  std::vector<std::shared_ptr<Running>> running() const;
  std::shared_ptr<Running> running(const JobId& id) const;
  void ask_to_stop(Running& run, Running::Stop why);
  /// When the next limit is looked at, if nothing raises `stops` before. Only on the queue's
  /// executor.
  void expect_limit(TimePoint next) { next_limit_ = next; }

  Queue::Parts parts;
  const Queue::Options options;
  const Metrics shown;
  std::map<std::string, Registration, std::less<>> handlers;             ///< fixed from start() on
  std::map<std::string, std::shared_ptr<LaneState>, std::less<>> lanes;  ///< fixed
  Wake delays;  ///< something is due sooner than was known
  Wake stops;   ///< an attempt is to stop, or its limit is sooner than was known
  const std::shared_ptr<Herald> herald;

 private:
  const TimePoint origin_;
  const WallTime origin_wall_;
  std::atomic<std::int64_t> last_position_{0};
  mutable std::mutex mutex_;
  std::string node_;
  std::map<std::string, std::shared_ptr<Running>> running_;
  TimePoint next_limit_ = TimePoint::max();
};

}  // namespace parley::queue
