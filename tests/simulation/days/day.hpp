#pragma once
#include <boost/asio/co_spawn.hpp>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "node.hpp"
#include "parley/base/run_to_end.hpp"
#include "parley/testkit/sim_world.hpp"
#include "simulated_day.hpp"

namespace parley::simulation {

/// A temporary folder in memory where there is one: commits cost no disk's patience.
class DayFolder {
 public:
  DayFolder();
  ~DayFolder();
  std::filesystem::path path;
};

/// Somebody who wants an appointment, and what they were told.
struct Caller {
  booking::BookRequest wish;
  std::optional<booking::Appointment> booked;
  bool cancelled = false;
};

/// Who lives through it. day.cpp: the process, time and what happens; day_checks.cpp: what must
/// hold.
class Day {
 public:
  explicit Day(DayOptions options);
  DayReport live();

 private:
  // ---- the process, and time ----
  void boot();
  void crash();
  /// Runs what is ready, one thing after the other, and only when nothing is, lets time pass.
  template <class Condition>
  void drive_until(Condition condition) {
    while (!condition()) {
      world_.io().restart();
      if (node_) {
        node_->io().restart();
        if (node_->io().poll_one() > 0) {
          if (fuse_ > 0 && --fuse_ == 0) crash();
          continue;
        }
      }
      if (world_.io().poll_one() > 0) continue;
      auto next = world_.clock().next_timer();
      if (!next) throw std::logic_error("a day on which nothing is left to happen");
      world_.clock().advance_to(*next);
    }
  }
  void drive_for(Duration duration) {
    bool over = false;
    asio::co_spawn(world_.io(), pass(duration), [&](const std::exception_ptr&) { over = true; });
    drive_until([&] { return over; });
  }
  /// Asks the process, and waits for the answer.
  template <class Start>
  auto now(Start start) {
    return run_to_end(
        node_->io(), [&] { return start(*node_); },
        [this](const bool& done) { drive_until([&] { return done; }); });
  }
  /// One of the world's own coroutines, which no crash ends.
  void spawn(asio::awaitable<void> what);
  asio::awaitable<void> pass(Duration duration);
  asio::awaitable<void> until_sometime();

  /// Asks until there is an answer. What was asked dies with the process, and then nobody knows
  /// whether it was done; so it is asked under the same key again.
  template <class Value>
  Task<Value> insist(std::function<Task<Value>(Node&)> question) {
    while (true) {
      auto answer = std::make_shared<std::optional<Result<Value>>>();
      auto life = lives_;
      auto asking = [](auto q, Node& node, auto into) -> asio::awaitable<void> {
        auto work = q(node);
        into->emplace(co_await std::move(work));
      };
      if (node_)
        asio::co_spawn(node_->io(), asking(question, *node_, answer),
                       [](const std::exception_ptr& thrown) {
                         if (thrown) std::rethrow_exception(thrown);
                       });
      while (node_ && life == lives_ && !*answer) {
        auto moment = pass(50ms);
        co_await std::move(moment);
      }
      if (*answer && (**answer || !may_be_asked_again((*answer)->error().code)))
        co_return std::move(**answer);
      auto pause = pass(trouble_.between(1s, 5min));
      co_await std::move(pause);
    }
  }
  static bool may_be_asked_again(Errc code) {
    return code == Errc::unavailable || code == Errc::outcome_unknown || code == Errc::timeout;
  }

  // ---- what happens ----
  void open_shop();
  asio::awaitable<void> trouble_comes();
  asio::awaitable<void> crashes_come();
  asio::awaitable<void> call_for_appointment(Caller& caller, bool changes_their_mind);
  asio::awaitable<void> place_order(std::string key, bool with_trip);
  asio::awaitable<void> carry_call(std::string subject);
  asio::awaitable<void> tell_status(std::string subject, int sequence);

  // ---- what must hold ----
  void violate(std::string what);
  /// What is left to do; empty: nothing.
  std::string left();
  void check_appointments();
  void check_orders();
  void check_trips();
  void check_deliveries();
  void check_calls();
  void tell();
  store::Rows rows(const std::string& sql, store::Params params = {});
  std::int64_t number(const std::string& sql, store::Params params = {});

  DayOptions options_;
  DayFolder folder_;
  testkit::SimWorld world_;
  Trouble trouble_;
  OutsideWorld outside_;
  SystemRandom system_random_;
  auth::MasterKey master_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<Node> node_;
  Context ctx_;
  bool open_ = false;
  int lives_ = 0;
  int fuse_ = 0;     ///< steps of the process until it is killed; 0: it is not
  int running_ = 0;  ///< of the world's coroutines
  std::shared_ptr<const business::Profile> shop_;
  std::vector<Caller> callers_;
  std::set<std::string> placed_;              ///< orders that somebody was told are placed
  std::map<std::string, int> newest_told_;    ///< of each call, what the carrier was thanked for
  std::map<std::string, std::string> hosts_;  ///< of endpoints, by their ids
  DayReport report_;
};

}  // namespace parley::simulation
