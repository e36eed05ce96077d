#pragma once
#include <functional>
#include <memory>

#include "parley/base/clock.hpp"
#include "parley/base/random.hpp"
#include "parley/store/database.hpp"
#include "parley/store/pubsub.hpp"

namespace parley::events {

/// Tells nodes on the same database of each other's commits, so that who follows the log need not
/// wait until it looks by itself. Hints only: one that is lost costs a poll. Thread-safe.
class CommitNews {
 public:
  struct Parts {
    asio::any_io_executor executor;
    Clock& clock;
    Random& random;
    store::Database& database;
    store::PubSub& pubsub;
  };
  /// `look` is called on the executor when another node may have committed events.
  CommitNews(Parts parts, std::function<void()> look);
  ~CommitNews();  ///< stop() must have completed, or start() was never called

  void start();
  /// Idempotent.
  asio::awaitable<void> stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::events
