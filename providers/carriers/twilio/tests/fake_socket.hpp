#pragma once
#include <deque>
#include <string>
#include <vector>

#include "parley/base/signal.hpp"
#include "parley/net/websocket.hpp"

namespace parley::providers::twilio::testing {

/// A WebSocket in memory: the test plays Twilio.
class FakeSocket final : public net::WebSocket {
 public:
  struct Shared {
    Signal wake;
    std::deque<net::WebSocketMessage> incoming;
    std::vector<std::string> normal;  ///< queued, not on the wire
    std::vector<std::string> urgent;
    bool gone = false;
    bool full = false;
    int closed_with = 0;

    void bring(std::string text, bool binary = false) {
      incoming.push_back({binary, std::move(text)});
      wake.notify();
    }
  };
  explicit FakeSocket(std::shared_ptr<Shared> shared) : s(std::move(shared)) {}

  Task<net::WebSocketMessage> receive() override {
    while (s->incoming.empty()) {
      if (s->gone) co_return fail(Errc::unavailable, "reset");
      co_await s->wake.wait();
    }
    auto message = std::move(s->incoming.front());
    s->incoming.pop_front();
    co_return message;
  }
  Result<void> send(net::WebSocketMessage message, Priority priority) override {
    if (s->full) return fail(Errc::rate_limited, "full");
    (priority == Priority::urgent ? s->urgent : s->normal).push_back(std::move(message.payload));
    return {};
  }
  std::size_t drop_queued() override {
    auto count = s->normal.size();
    s->normal.clear();
    return count;
  }
  std::size_t queued_bytes() const noexcept override { return 0; }
  asio::awaitable<void> close(int code, std::string) override {
    s->closed_with = code;
    co_return;
  }

 private:
  std::shared_ptr<Shared> s;
};

}  // namespace parley::providers::twilio::testing
