#include "parley/base/race.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace parley::detail {

asio::awaitable<bool> run_to_first_end(asio::awaitable<void> first, asio::awaitable<void> second) {
  auto executor = co_await asio::this_coro::executor;
  auto one = asio::co_spawn(executor, std::move(first), asio::deferred);
  auto other = asio::co_spawn(executor, std::move(second), asio::deferred);
  auto both = asio::experimental::make_parallel_group(std::move(one), std::move(other))
                  .async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  auto [order, first_thrown, second_thrown] = co_await std::move(both);
  bool first_won = order[0] == 0;
  if (auto& thrown = first_won ? first_thrown : second_thrown) std::rethrow_exception(thrown);
  co_return first_won;
}

}  // namespace parley::detail
