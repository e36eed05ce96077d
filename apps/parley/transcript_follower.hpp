#pragma once
#include <functional>
#include <string>

#include "parley/base/json.hpp"
#include "parley/base/signal.hpp"
#include "parley/net/client.hpp"

namespace parley::app {

/// Reads a running call's transcript from the server's API, turn by turn.
class TranscriptFollower {
 public:
  TranscriptFollower(Clock& clock, net::HttpClient& http, std::string server, std::string token);

  /// Tells each new turn as "12.3 s  agent   words" until it is cancelled.
  asio::awaitable<void> follow(std::string carrier_call_id,
                               std::function<void(const std::string&)> on_turn);
  /// Waits until the server has stored the ended call, and tells the last turns.
  asio::awaitable<void> finish();
  bool can_read() const noexcept { return can_read_; }
  /// The call as the API gives it; null when it could not be read.
  const json::value& call() const noexcept { return call_; }

 private:
  Task<json::value> get(std::string path);
  asio::awaitable<void> look();

  Clock& clock_;
  net::HttpClient& http_;
  std::string server_;
  std::string token_;
  std::string carrier_call_id_;
  std::function<void(const std::string&)> on_turn_;
  std::string id_;
  std::size_t told_ = 0;
  bool can_read_ = false;
  json::value call_;
};

}  // namespace parley::app
