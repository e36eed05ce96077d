#include "faulty_websocket.hpp"

#include "parley/base/race.hpp"
#include "parley/base/random.hpp"

namespace parley::simulators {

namespace {

using Effect = Fault::Effect;
constexpr Duration pause_of_endless = std::chrono::milliseconds(5);
constexpr auto longest_hang = std::chrono::hours(1);
constexpr std::size_t most_trickling = 10'000;

}  // namespace

bool FaultyWebSocket::is_due() const noexcept {
  switch (fault_.effect) {
    case Effect::reset:
    case Effect::close:
    case Effect::hang:
    case Effect::half:
    case Effect::garbage:
    case Effect::torn:
    case Effect::endless:
      return sent_ >= fault_.after.value_or(0);
    default:
      return fault_.effect == Effect::slow;
  }
}

Result<void> FaultyWebSocket::send(net::WebSocketMessage message, Priority priority) {
  if (silent_) return {};
  if (is_due()) return broken(std::move(message), priority);
  ++sent_;
  return socket_->send(std::move(message), priority);
}

Result<void> FaultyWebSocket::broken(net::WebSocketMessage message, Priority priority) {
  ++sent_;
  silent_ = fault_.effect != Effect::slow && fault_.effect != Effect::garbage;
  switch (fault_.effect) {
    case Effect::slow:
      if (trickling_.size() < most_trickling) trickling_.push_back(std::move(message));
      changed_.notify();
      return {};
    case Effect::endless:
      repeated_ = std::move(message);
      changed_.notify();
      return {};
    case Effect::garbage: {
      SeededRandom random(fault_.seed + sent_);
      message.payload.resize(std::max<std::size_t>(message.payload.size(), 16));
      random.fill(std::as_writable_bytes(std::span(message.payload)));
      message.binary = true;  // a text frame would have to be UTF-8
      return socket_->send(std::move(message), priority);
    }
    case Effect::torn:
      message.payload.resize(message.payload.size() / 2);
      return socket_->send(std::move(message), priority);
    case Effect::half:
    case Effect::reset:
      socket_->break_within(std::move(message));
      return {};
    case Effect::close:
      close_due_ = true;
      changed_.notify();
      return {};
    default:
      return {};
  }
}

/// A message that comes while the race ends is not lost: it is in received_.
asio::awaitable<void> FaultyWebSocket::fetch() {
  auto receiving = socket_->receive();
  auto message = co_await std::move(receiving);
  received_.push_back(std::move(message));
}

/// Gives when to say the next thing.
TimePoint FaultyWebSocket::say_more() {
  auto now = clock_.now();
  if (repeated_) {
    auto again = *repeated_;
    (void)socket_->send(std::move(again), Priority::normal);
    return now + pause_of_endless;
  }
  if (trickling_.empty()) return TimePoint::max();
  if (now < next_drop_) return next_drop_;
  auto message = std::move(trickling_.front());
  trickling_.pop_front();
  auto takes = std::chrono::duration<double>(static_cast<double>(message.payload.size()) /
                                             static_cast<double>(fault_.bytes));
  next_drop_ = now + std::chrono::duration_cast<Duration>(takes);
  (void)socket_->send(std::move(message), Priority::normal);
  return next_drop_;
}

Task<net::WebSocketMessage> FaultyWebSocket::receive() {
  while (received_.empty()) {
    if (close_due_) {
      int code = fault_.close_code > 0 ? fault_.close_code : 1000;
      co_await socket_->close(code, "as the plan wants it");
      co_return fail(Errc::unavailable, "closed, as the plan wants it");
    }
    auto when = say_more();
    auto fetching = fetch();
    auto waiting = changed_.wait_until(clock_, when);
    co_await race(std::move(fetching), std::move(waiting));
  }
  auto message = std::move(received_.front());
  received_.pop_front();
  co_return message;
}

asio::awaitable<void> FaultyWebSocket::close(int code, std::string reason) {
  while (!trickling_.empty()) {
    auto when = say_more();
    co_await clock_.sleep_until(when);
  }
  if (silent_ && fault_.effect == Effect::hang) co_await clock_.sleep_for(longest_hang);
  co_await socket_->close(code, std::move(reason));
}

}  // namespace parley::simulators
