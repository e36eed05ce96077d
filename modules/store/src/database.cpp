#include "parley/store/database.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "pending_transactions.hpp"

namespace parley::store {

namespace {

/// One call of Database::run: the function, its end, and the way back to the waiting coroutine,
/// whose frame the function refers to. Whatever belongs to the io_context is in `way_back_`, which
/// is moved out, or let go, under the lock of PendingTransactions: the database thread never
/// touches it later.
template <class Handler>
class Call final : public PendingTransactions::Waiter,
                   public std::enable_shared_from_this<Call<Handler>> {
 public:
  using Body = std::function<Result<void>(Tx&)>;

  Call(asio::any_io_executor executor, Body body, Handler handler) : body_(std::move(body)) {
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
    Result<void> ended;
    thrown_ = nullptr;
    try {
      ended = body_(tx);
    } catch (...) {
      thrown_ = std::current_exception();
      ended = fail(Errc::invalid, "the transaction's function threw");
    }
    pending_->leave();
    return ended;
  }

  void finish(Result<void> ended) {
    // Declared first, so released last: after every copy of the executor is gone.
    std::lock_guard lock(pending_->mutex);
    if (pending_->gone) return;
    pending_->waiters.erase(this->shared_from_this());
    // The same as asio::post, but without sharing the executor between the threads.
    auto post = asio::require(way_back_->executor, asio::execution::blocking.never);
    auto resume = [way_back = std::move(*way_back_), thrown = std::exchange(thrown_, nullptr),
                   ended = std::move(ended)]() mutable {
      way_back.handler(thrown, std::move(ended));
    };
    way_back_.reset();
    post.execute(std::move(resume));
  }

  void abandon() override { way_back_.reset(); }

 private:
  struct WayBack {
    asio::any_io_executor executor;
    asio::executor_work_guard<asio::any_io_executor> guard;
    Handler handler;
  };

  Body body_;
  std::exception_ptr thrown_;
  std::optional<WayBack> way_back_;
  std::shared_ptr<PendingTransactions::State> pending_;
};

}  // namespace

Task<void> Database::run(Mode mode, Context ctx, Body body) {
  auto executor = co_await asio::this_coro::executor;
  auto start = [&](auto handler) {
    auto call =
        std::make_shared<Call<decltype(handler)>>(executor, std::move(body), std::move(handler));
    call->wait();
    Done done = [call](Result<void> ended) { call->finish(std::move(ended)); };
    submit(mode, std::move(ctx), [call](Tx& tx) { return call->run(tx); }, std::move(done));
  };
  auto& token = asio::use_awaitable;
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&,
                                          void(std::exception_ptr, Result<void>)>(std::move(start),
                                                                                  token);
}

}  // namespace parley::store
