#include "parley/base/all_of.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace parley {

asio::awaitable<void> all_of(std::vector<asio::awaitable<void>> works) {
  if (works.empty()) co_return;
  auto executor = co_await asio::this_coro::executor;
  auto begin = [&](asio::awaitable<void> work) {
    return asio::co_spawn(executor, std::move(work), asio::deferred);
  };
  std::vector<decltype(begin(std::declval<asio::awaitable<void>>()))> begun;
  begun.reserve(works.size());
  for (auto& work : works) begun.push_back(begin(std::move(work)));
  auto all = asio::experimental::make_parallel_group(std::move(begun))
                 .async_wait(asio::experimental::wait_for_one_error(), asio::use_awaitable);
  auto [order, thrown] = co_await std::move(all);
  for (auto which : order)
    if (thrown[which]) std::rethrow_exception(thrown[which]);
}

}  // namespace parley
