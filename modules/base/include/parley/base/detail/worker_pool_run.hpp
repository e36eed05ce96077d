#pragma once
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace parley {

template <class T>
Task<T> WorkerPool::run(std::function<Result<T>()> work) {
  auto executor = co_await asio::this_coro::executor;
  auto start = [this, work = std::move(work), executor](auto handler) mutable {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    auto guard = asio::make_work_guard(executor);
    auto job = [work = std::move(work), shared, executor, guard] {
      Result<T> outcome = fail(Errc::unavailable, "the work threw");
      std::exception_ptr thrown;
      try {
        outcome = work();
      } catch (...) {
        thrown = std::current_exception();
      }
      auto resume = [shared, thrown, outcome = std::move(outcome)]() mutable {
        (*shared)(thrown, std::move(outcome));
      };
      asio::post(executor, std::move(resume));
    };
    if (!post(std::move(job))) {
      auto refuse = [shared]() mutable {
        Result<T> full = fail(Errc::rate_limited, "the worker pool's queue is full");
        (*shared)(std::exception_ptr{}, std::move(full));
      };
      asio::post(executor, std::move(refuse));
    }
  };
  auto& token = asio::use_awaitable;
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&,
                                          void(std::exception_ptr, Result<T>)>(std::move(start),
                                                                               token);
}

}  // namespace parley
