#include "parley/simulators/outbox.hpp"

namespace parley::simulators {

namespace {
constexpr std::size_t most_waiting = 20'000;
}

void Outbox::push(Waiting one) {
  if (waiting_.size() >= most_waiting) return;
  waiting_.push_back(std::move(one));
  changed_.notify();
}

void Outbox::say(json::value message, Duration delay) {
  push({clock_.now() + delay, {false, json::serialize(message)}});
}

void Outbox::say_bytes(std::string bytes, Duration delay) {
  push({clock_.now() + delay, {true, std::move(bytes)}});
}

void Outbox::close(int code, std::string reason) {
  if (!closing_) closing_.emplace(code, std::move(reason));
  changed_.notify();
}

asio::awaitable<void> Outbox::run() {
  while (true) {
    if (waiting_.empty()) {
      if (closing_) break;
      co_await changed_.wait();
      continue;
    }
    if (auto when = waiting_.front().when; clock_.now() < when) {
      co_await changed_.wait_until(clock_, when);
      continue;
    }
    auto message = std::move(waiting_.front().message);
    waiting_.pop_front();
    (void)socket_.send(std::move(message), net::WebSocket::Priority::normal);
  }
  auto reason = closing_->second;
  co_await socket_.close(closing_->first, std::move(reason));
}

}  // namespace parley::simulators
