#pragma once
#include <atomic>

#include "parley/store/database.hpp"

namespace parley::testkit {

/// A database before another one, that can be away: then every transaction is refused with
/// `unavailable`, as a server that cannot be reached does. Thread-safe.
class DatabaseOnTrial final : public store::Database {
 public:
  DatabaseOnTrial(store::Database& inner, Clock& clock) : inner_(inner), clock_(clock) {}

  void go_away() {
    since_ = clock_.wall();
    away_ = true;
  }
  void come_back() { away_ = false; }
  /// The next write is committed, and its answer lost.
  void lose_next_answer() { loses_answer_ = true; }

  Kind kind() const noexcept override { return inner_.kind(); }
  void on_commit(std::function<void()> listener) override { inner_.on_commit(std::move(listener)); }
  std::optional<WallTime> away_since() const override {
    return away_ ? std::optional(since_.load()) : std::nullopt;
  }
  void close() override { inner_.close(); }

 private:
  void submit(Mode mode, Context ctx, Body body, Done done) override {
    if (away_) return done(fail(Errc::unavailable, "away"));
    if (mode == Mode::write && loses_answer_.exchange(false)) {
      Done lost = [done = std::move(done)](Result<void> ended) {
        done(ended ? fail(Errc::outcome_unknown, "lost") : std::move(ended));
      };
      return submit_to(inner_, mode, std::move(ctx), std::move(body), std::move(lost));
    }
    submit_to(inner_, mode, std::move(ctx), std::move(body), std::move(done));
  }

  store::Database& inner_;
  Clock& clock_;
  std::atomic<bool> away_{false};
  std::atomic<bool> loses_answer_{false};
  std::atomic<WallTime> since_{WallTime{}};
};

}  // namespace parley::testkit
