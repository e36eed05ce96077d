#pragma once
#include "parley/base/json.hpp"
#include "parley/net/server.hpp"

namespace parley::simulators {

/// A server that Twilio calls back: answers /voice with a stream, takes every callback, and tells
/// over GET /told and GET /heard what came.
class CalledBack {
 public:
  CalledBack(asio::any_io_executor executor, Clock& clock, Random& random) {
    auto keep = [this](net::HttpRequest request) -> asio::awaitable<net::HttpResponse> {
      keep_callback(request);
      net::HttpResponse done;
      done.status = 204;
      co_return done;
    };
    for (auto* path : {"/status", "/amd", "/recording", "/message"})
      router_.add(net::Method::post, path, keep);
    router_.add(net::Method::post, "/voice",
                [this](net::HttpRequest request) -> asio::awaitable<net::HttpResponse> {
                  keep_callback(request);
                  co_return net::text_response(200, twiml(), "text/xml");
                });
    router_.add(net::Method::get, "/told",
                [this](net::HttpRequest) -> asio::awaitable<net::HttpResponse> {
                  co_return net::text_response(200, json::serialize(told), "application/json");
                });
    router_.add(net::Method::get, "/heard",
                [this](net::HttpRequest) -> asio::awaitable<net::HttpResponse> {
                  co_return net::text_response(200, json::serialize(heard), "application/json");
                });
    router_.add_websocket("/media",
                          [this](net::HttpRequest upgrade, std::unique_ptr<net::WebSocket> socket) {
                            return listen(std::move(upgrade), std::move(socket));
                          });
    net::ServerOptions where;
    where.port = 0;
    server_ =
        std::make_unique<net::HttpServer>(std::vector{executor}, router_, clock, random, where);
    if (!server_->start()) throw std::runtime_error("the called server does not start");
  }
  asio::awaitable<void> stop() { return server_->stop(TimePoint::min()); }
  std::string url(std::string_view scheme = "http") const {
    return std::string(scheme) + "://127.0.0.1:" + std::to_string(server_->port());
  }

  json::array told;
  json::object heard{{"frames", 0}, {"streams", 0}};

 private:
  std::string twiml() const {
    return R"(<?xml version="1.0" encoding="UTF-8"?><Response><Connect><Stream url=")" + url("ws") +
           R"(/media"><Parameter name="order" value="7 &amp; 8"/></Stream></Connect></Response>)";
  }
  void keep_callback(const net::HttpRequest& request) {
    json::array form;
    for (auto& [name, value] : net::parse_form(request.body).value())
      form.push_back(json::array{name, value});
    told.push_back({{"url", url() + request.target},
                    {"form", form},
                    {"signature", request.headers.get("X-Twilio-Signature").value_or("")}});
  }
  asio::awaitable<void> listen(net::HttpRequest upgrade, std::unique_ptr<net::WebSocket> socket) {
    heard["signature"] = upgrade.headers.get("X-Twilio-Signature").value_or("");
    heard["url"] = url("ws") + upgrade.target;
    while (true) {
      auto receiving = socket->receive();
      auto message = co_await std::move(receiving);
      if (!message) co_return;
      auto event = parse_json(message->payload).value();
      if (text_at(event, "/event") == "start") {
        heard["parameters"] = *value_at(event, "/start/customParameters");
        heard["streams"] = heard["streams"].as_int64() + 1;
      }
      if (text_at(event, "/event") == "media") heard["frames"] = heard["frames"].as_int64() + 1;
    }
  }

  net::Router router_;
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace parley::simulators
