#pragma once
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/channel_error.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <deque>
#include <mutex>
#include <optional>

#include "parley/base/task.hpp"

namespace parley::speech {

/// What an engine's worker thread makes and a coroutine awaits: transcripts, pieces of audio.
/// Bounded; push() and finish() may be called from any thread, next() from the owner's strand.
template <class T>
class ResultQueue {
 public:
  ResultQueue(const asio::any_io_executor& executor, std::size_t max_size)
      : max_size_(max_size), signal_(executor, 1) {}

  /// False when the queue is full or finished; then `value` is dropped.
  bool push(T value) {
    {
      std::lock_guard lock(mutex_);
      if (end_ || values_.size() >= max_size_) return false;
      values_.push_back(std::move(value));
    }
    signal_.try_send(boost::system::error_code{});
    return true;
  }

  /// After what is queued, next() gives this error for ever. The first one counts.
  void finish(Error error) {
    {
      std::lock_guard lock(mutex_);
      if (!end_) end_ = std::move(error);
    }
    signal_.close();
  }

  /// The same without what is queued: nobody wants it any more.
  void abandon(Error error) {
    {
      std::lock_guard lock(mutex_);
      values_.clear();
    }
    finish(std::move(error));
  }

  std::size_t size() const {
    std::lock_guard lock(mutex_);
    return values_.size();
  }

  Task<T> next() {
    while (true) {
      if (auto ready = take()) co_return std::move(*ready);
      auto token = asio::as_tuple(asio::use_awaitable);
      auto [error] = co_await signal_.async_receive(token);
      // A cancelled coroutine must see the exception that every other wait gives.
      if (error == asio::experimental::error::channel_cancelled)
        throw boost::system::system_error(asio::error::operation_aborted);
    }
  }

 private:
  std::optional<Result<T>> take() {
    std::lock_guard lock(mutex_);
    if (!values_.empty()) {
      Result<T> value = std::move(values_.front());
      values_.pop_front();
      // One signal may stand for several values: wake the next one who waits.
      if (!values_.empty()) signal_.try_send(boost::system::error_code{});
      return value;
    }
    if (end_) return Result<T>(std::unexpected(*end_));
    return std::nullopt;
  }

  const std::size_t max_size_;
  mutable std::mutex mutex_;
  std::deque<T> values_;
  std::optional<Error> end_;
  asio::experimental::concurrent_channel<asio::any_io_executor, void(boost::system::error_code)>
      signal_;
};

}  // namespace parley::speech
