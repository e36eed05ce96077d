#pragma once
#include <memory>
#include <string>

#include "parley/net/client.hpp"
#include "parley/net/router.hpp"
#include "parley/providers/twilio/callbacks.hpp"
#include "parley/resilience/policy.hpp"
#include "parley/telephony/inbound.hpp"

namespace parley::providers::twilio {

struct Options {
  std::string account_sid;  ///< empty: no REST requests are made
  std::string auth_token;   ///< signs and checks webhooks; never empty
  std::string api_url = "https://api.twilio.com";
  std::string public_url;  ///< where Twilio reaches this server, without trailing slash
};

/// Twilio's side of telephony: webhooks, TwiML, media streams, REST.
class TwilioCarrier final : public telephony::Carrier {
 public:
  /// All of them outlive the carrier; `policy` is what its REST requests go through.
  TwilioCarrier(Options options, Clock& clock, net::HttpClient& http, resilience::Policy& policy,
                telephony::CallHandler& calls, Callbacks& callbacks);

  std::string name() const override { return "twilio"; }
  /// Errors: unavailable, rate_limited (with Twilio's Retry-After), forbidden, outcome_unknown.
  Task<void> hang_up(Context ctx, std::string carrier_call_id) override;

  /// /webhooks/twilio/* and /media/twilio/{callToken}. The carrier must outlive the router.
  void mount(net::Router& router);

  /// For a server that learns its port late; before the first request.
  void set_public_url(std::string url) { options_.public_url = std::move(url); }

  /// Webhooks refused for a wrong or missing signature since the start.
  std::uint64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }

 private:
  /// The form of a webhook whose signature holds.
  Result<net::Fields> verified(const net::HttpRequest& request);
  net::HttpResponse refuse(const Error& error);
  Task<void> complete_call(Context ctx, std::string carrier_call_id);

  asio::awaitable<net::HttpResponse> on_call(net::HttpRequest request);
  asio::awaitable<net::HttpResponse> on_continue(net::HttpRequest request);
  asio::awaitable<net::HttpResponse> on_callback(net::HttpRequest request, Callback::Kind kind);
  asio::awaitable<net::HttpResponse> on_status(net::HttpRequest request);
  asio::awaitable<net::HttpResponse> on_recording(net::HttpRequest request);
  asio::awaitable<net::HttpResponse> on_answer(net::HttpRequest request);
  asio::awaitable<net::HttpResponse> on_notice(net::HttpRequest request);
  asio::awaitable<void> on_media(net::HttpRequest upgrade, std::unique_ptr<net::WebSocket> socket);

  Options options_;
  Clock& clock_;
  net::HttpClient& http_;
  resilience::Policy& policy_;
  telephony::CallHandler& calls_;
  Callbacks& callbacks_;
  std::atomic<std::uint64_t> refused_ = 0;
};

}  // namespace parley::providers::twilio
