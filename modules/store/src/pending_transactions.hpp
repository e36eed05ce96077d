#pragma once
#include <boost/asio/execution_context.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <unordered_set>

namespace parley::store {

/// The coroutines of one io_context that wait for a transaction. When the io_context goes away, it
/// waits for the functions that are running on database threads (they may refer to the coroutines'
/// frames), lets go of the coroutines, and from then on nothing is posted to it or called.
class PendingTransactions final : public boost::asio::execution_context::service {
 public:
  inline static boost::asio::execution_context::id id;

  class Waiter {
   public:
    virtual ~Waiter() = default;
    /// The io_context is going away: lets go of everything that belongs to it.
    virtual void abandon() = 0;
  };

  /// Shared with the waiters, because they may outlive the service.
  struct State {
    std::mutex mutex;
    std::condition_variable idle;
    bool gone = false;
    std::size_t running = 0;
    std::unordered_set<std::shared_ptr<Waiter>> waiters;

    /// False when the function must not be called any more; else leave() follows.
    bool enter();
    void leave();
  };

  explicit PendingTransactions(boost::asio::execution_context& context)
      : service(context), state_(std::make_shared<State>()) {}

  const std::shared_ptr<State>& state() const noexcept { return state_; }

 private:
  void shutdown() override;
  std::shared_ptr<State> state_;
};

}  // namespace parley::store
