#pragma once
#include <variant>

#include "forwarding.hpp"
#include "live_route.hpp"
#include "parley/auth/sessions.hpp"
#include "parley/base/worker_pool.hpp"
#include "parley/net/websocket.hpp"
#include "refusal.hpp"

namespace parley::gateway {

/// What passing requests on needs. Outlives every request.
struct PassageParts {
  Clock& clock;
  auth::Sessions& sessions;
  WorkerPool& transforming;
  const std::vector<std::string>& trusted_proxies;
};

/// One request through one route, from the question whether it may to the answer's last byte.
class Passage {
 public:
  Passage(PassageParts& parts, std::shared_ptr<LiveRoute> route, net::HttpRequest request);

  asio::awaitable<net::HttpResponse> run();
  /// A handshake: asked of the target before the client is answered.
  asio::awaitable<net::WebSocketAdmission> open_websocket();

 private:
  using Checked = std::expected<void, Refusal>;
  using Answered = std::expected<net::HttpResponse, Refusal>;

  asio::awaitable<Checked> admit();
  asio::awaitable<Checked> identify();
  asio::awaitable<Checked> map_request();
  asio::awaitable<Checked> read_whole_body();
  Refusal refusal_of_body(const Error& error) const;
  Task<std::string> next_piece_up();
  asio::awaitable<Answered> pass_on();
  Task<net::HttpResponse> attempt(Target::Place& place);
  Task<net::HttpResponse> answer_of(net::UpstreamResponse from, Target::Place& place);
  net::UpstreamRequest request_for(Target& target);
  bool may_repeat() const;
  asio::awaitable<Answered> map_response(net::HttpResponse response);
  Overdue overdue() const;

  PassageParts& parts_;
  std::shared_ptr<LiveRoute> route_;
  net::HttpRequest request_;
  Context ctx_;
  Client client_;
  ForwardedBy by_;
  TimePoint deadline_;
  std::unique_ptr<Target::Place> place_;
  // Of a body that streams up: whether any of it is gone, and what its sender did wrong.
  bool body_begun_ = false;
  std::uint64_t body_bytes_ = 0;
  std::optional<Error> body_failure_;
};

/// Carries messages both ways until one side ends; then ends the other.
asio::awaitable<void> relay(Clock& clock, net::WebSocket& client, net::WebSocket& target);

}  // namespace parley::gateway
