#pragma once
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "parley/store/detail/pending_transactions.hpp"

namespace parley::store::detail {

/// One call of Database::read or write: the function, its outcome, and the way back to the waiting
/// coroutine. Whatever belongs to the io_context is in `way_back_`, which is moved out, or let go,
/// under the lock of PendingTransactions: the database thread never touches it later.
template <class Outcome, class Function, class Handler>
class Call final : public PendingTransactions::Waiter,
                   public std::enable_shared_from_this<Call<Outcome, Function, Handler>> {
 public:
  Call(asio::any_io_executor executor, Function function, Handler handler)
      : function_(std::move(function)) {
    auto& context = asio::query(executor, asio::execution::context);
    // Services are shut down in the reverse order of their making. PendingTransactions must hear of
    // the end before the strands do, so they are made first.
    if (!asio::has_service<PendingTransactions>(context)) asio::make_strand(executor);
    pending_ = asio::use_service<PendingTransactions>(context).state();
    auto guard = asio::make_work_guard(executor);
    way_back_.emplace(std::move(executor), std::move(guard), std::move(handler));
  }

  void wait() {
    std::lock_guard lock(pending_->mutex);
    pending_->waiters.insert(this->shared_from_this());
  }

  /// On a database thread, perhaps more than once.
  Result<void> run(Tx& tx) {
    if (!pending_->enter()) return fail(Errc::unavailable, "the caller went away");
    outcome_.reset();
    thrown_ = nullptr;
    try {
      outcome_.emplace((*function_)(tx));
    } catch (...) {
      thrown_ = std::current_exception();
    }
    pending_->leave();
    if (thrown_) return fail(Errc::invalid, "the transaction's function threw");
    if (!*outcome_) return std::unexpected(outcome_->error());
    return {};
  }

  void finish(Result<void> ended) {
    // Declared first, so released last: after every copy of the executor is gone.
    std::lock_guard lock(pending_->mutex);
    if (pending_->gone) return;
    auto self = this->shared_from_this();
    pending_->waiters.erase(self);
    function_.reset();
    Outcome value = ended ? std::move(*outcome_) : Outcome(std::unexpected(ended.error()));
    // The same as asio::post, but without sharing the executor between the threads.
    auto post = asio::require(way_back_->executor, asio::execution::blocking.never);
    auto resume = [way_back = std::move(*way_back_), thrown = std::exchange(thrown_, nullptr),
                   value = std::move(value)]() mutable {
      way_back.handler(thrown, std::move(value));
    };
    way_back_.reset();
    post.execute(std::move(resume));
  }

  void abandon() override {
    way_back_.reset();
    function_.reset();
  }

 private:
  struct WayBack {
    asio::any_io_executor executor;
    asio::executor_work_guard<asio::any_io_executor> guard;
    Handler handler;
  };

  std::optional<Function> function_;
  std::optional<Outcome> outcome_;
  std::exception_ptr thrown_;
  std::optional<WayBack> way_back_;
  std::shared_ptr<PendingTransactions::State> pending_;
};

}  // namespace parley::store::detail

namespace parley::store {

template <class Outcome, class Function>
asio::awaitable<Outcome> Database::transact(Context ctx, Function function, Mode mode) {
  auto executor = co_await asio::this_coro::executor;
  auto start = [this, mode, &executor, &ctx, &function](auto handler) {
    using Call = detail::Call<Outcome, Function, decltype(handler)>;
    auto call = std::make_shared<Call>(executor, std::move(function), std::move(handler));
    call->wait();
    Body body = [call](Tx& tx) { return call->run(tx); };
    Done done = [call](Result<void> ended) { call->finish(std::move(ended)); };
    submit(mode, std::move(ctx), std::move(body), std::move(done));
  };
  auto& token = asio::use_awaitable;
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&,
                                          void(std::exception_ptr, Outcome)>(std::move(start),
                                                                             token);
}

}  // namespace parley::store
