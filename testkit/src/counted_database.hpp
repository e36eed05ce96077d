#pragma once
#include <atomic>
#include <memory>

#include "parley/store/database.hpp"

namespace parley::testkit {

/// Counts what another database has in hand. `in_hand` outlives it.
class CountedDatabase final : public store::Database {
 public:
  CountedDatabase(std::unique_ptr<store::Database> inner, std::atomic<int>& in_hand)
      : inner_(std::move(inner)), in_hand_(in_hand) {}
  Kind kind() const noexcept override { return inner_->kind(); }
  void on_commit(std::function<void()> listener) override {
    inner_->on_commit(std::move(listener));
  }
  std::optional<WallTime> away_since() const override { return inner_->away_since(); }
  void close() override { inner_->close(); }

 private:
  void submit(Mode mode, Context ctx, Body body, Done done) override {
    ++in_hand_;
    Done counted = [&in_hand = in_hand_, done = std::move(done)](Result<void> ended) {
      done(std::move(ended));
      --in_hand;
    };
    submit_to(*inner_, mode, std::move(ctx), std::move(body), std::move(counted));
  }
  std::unique_ptr<store::Database> inner_;
  std::atomic<int>& in_hand_;
};

}  // namespace parley::testkit
