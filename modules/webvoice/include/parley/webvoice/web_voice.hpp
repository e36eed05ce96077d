#pragma once
#include <memory>
#include <string>
#include <vector>

#include "parley/business/businesses.hpp"
#include "parley/net/router.hpp"
#include "parley/telemetry/metrics.hpp"
#include "parley/telephony/inbound.hpp"
#include "parley/webvoice/sites.hpp"

namespace parley::webvoice {

struct WebVoiceParts {
  Clock& clock;
  Random& random;
  Sites& sites;
  business::Businesses& businesses;
  telephony::CallHandler& calls;
  metrics::Registry& metrics;
};

struct WebVoiceOptions {
  /// Addresses of reverse proxies whose X-Forwarded-For is believed.
  std::vector<std::string> trusted_proxies;
  /// Sessions that one address may make: at once, and a minute after that.
  double client_burst = 10;
  double client_per_minute = 20;
  /// All visitors of one business together.
  double business_burst = 60;
  double business_per_minute = 120;
  Duration token_life = std::chrono::seconds(60);     ///< between making and opening a session
  Duration resume_within = std::chrono::seconds(60);  ///< of a connection that broke
  Duration opening_limit = std::chrono::seconds(10);  ///< for a socket's first message
  std::size_t most_open = 1000;                       ///< sessions at once on this node
};

/// Visitors of web pages, who talk to a business's agent from their browser: the same calls as over
/// the telephone, of the carrier "browser". Thread-safe; outlives the server that serves its
/// routes.
class WebVoice {
 public:
  static constexpr std::string_view carrier = "browser";

  WebVoice(WebVoiceParts parts, WebVoiceOptions options);
  ~WebVoice();
  WebVoice(const WebVoice&) = delete;
  WebVoice& operator=(const WebVoice&) = delete;

  /// POST /voice/sessions, the WebSocket /voice/{sessionId}, /widget.js and what it loads.
  void mount(net::Router& router);
  /// The address others reach this server by. Its own pages are always allowed. Before serving.
  void set_public_url(const std::string& url);
  /// GET /demo is a page with the widget of this business. Before serving.
  void serve_demo(std::string business_or_key);
  std::size_t open_sessions() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::webvoice
