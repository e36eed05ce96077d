#pragma once
#include "parley/webvoice/web_voice.hpp"
#include "session_book.hpp"
#include "session_rate.hpp"

namespace parley::webvoice {

/// What pages ask over HTTP is in session_routes.cpp, what their sockets do in web_voice.cpp.
struct WebVoice::Impl {
  Impl(WebVoiceParts given, WebVoiceOptions chosen)
      : parts(given),
        options(std::move(chosen)),
        book(parts.clock, parts.random,
             {.token_life = options.token_life, .most_open = options.most_open}),
        clients(parts.clock, options.client_burst, options.client_per_minute),
        businesses(parts.clock, options.business_burst, options.business_per_minute),
        made(parts.metrics.counter("parley_web_voice_sessions_total",
                                   "Sessions made for visitors of web pages")) {}

  asio::awaitable<net::HttpResponse> make_session(net::HttpRequest request);
  bool is_own(const std::string& origin) const {
    return std::ranges::find(own_origins, origin) != own_origins.end();
  }
  asio::awaitable<net::HttpResponse> preflight(net::HttpRequest request);
  asio::awaitable<net::HttpResponse> demo_page(net::HttpRequest request);
  asio::awaitable<void> serve_socket(net::HttpRequest upgrade,
                                     std::unique_ptr<net::WebSocket> socket);

  asio::awaitable<void> start(std::string session, std::string origin, Opening opening,
                              std::shared_ptr<Attachment> socket);
  asio::awaitable<void> resume(std::string session, std::string origin, Opening opening,
                               std::shared_ptr<Attachment> socket);
  /// Until the socket is gone.
  asio::awaitable<void> pump(std::shared_ptr<Attachment> socket, std::shared_ptr<BrowserLine> line);
  Task<void> hold_call(Site site, std::string session, std::shared_ptr<BrowserLine> line);
  asio::awaitable<void> dismiss(std::shared_ptr<Attachment> socket, CloseCode close,
                                Complaint complaint);

  WebVoiceParts parts;
  WebVoiceOptions options;
  std::string socket_url;  ///< "wss://phone.example.com"
  std::vector<std::string> own_origins;
  std::string demo_business;
  SessionBook book;
  SessionRate clients;
  SessionRate businesses;
  metrics::Counter made;
};

}  // namespace parley::webvoice
