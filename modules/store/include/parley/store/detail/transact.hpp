#pragma once
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace parley::store {

template <class Outcome, class Function>
asio::awaitable<Outcome> Database::transact(Context ctx, Function function, Mode mode) {
  auto executor = co_await asio::this_coro::executor;
  auto start = [this, mode, executor, &ctx, &function](auto handler) mutable {
    auto resume = std::make_shared<decltype(handler)>(std::move(handler));
    auto outcome = std::make_shared<std::optional<Outcome>>();
    auto shared = std::make_shared<Function>(std::move(function));
    Body body = [shared, outcome](Tx& tx) -> Result<void> {
      outcome->emplace((*shared)(tx));
      if (!**outcome) return std::unexpected((*outcome)->error());
      return {};
    };
    auto guard = asio::make_work_guard(executor);
    Done done = [resume, outcome, executor, guard](Result<void> ended) {
      auto finish = [resume, outcome, ended = std::move(ended)]() mutable {
        Outcome value = ended ? std::move(**outcome) : Outcome(std::unexpected(ended.error()));
        (*resume)(std::exception_ptr{}, std::move(value));
      };
      asio::post(executor, std::move(finish));
    };
    submit(mode, std::move(ctx), std::move(body), std::move(done));
  };
  auto& token = asio::use_awaitable;
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&,
                                          void(std::exception_ptr, Outcome)>(std::move(start),
                                                                             token);
}

}  // namespace parley::store
