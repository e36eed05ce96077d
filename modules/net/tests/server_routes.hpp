#pragma once
#include "net_fixture.hpp"

namespace parley::net::testing {

inline asio::awaitable<HttpResponse> echo(HttpRequest request) {
  std::string text = std::string(to_string(request.method)) + " " + request.path;
  for (auto& [name, value] : request.path_values) text += " " + name + "=" + value;
  for (auto& [name, value] : request.query) text += " " + name + ":" + value;
  co_return text_response(200, text + " [" + request.body + "]");
}

/// Routes of every kind that the tests of the server ask for.
inline Router& basic_routes() {
  static Router router;
  static bool once = [] {
    router.add(Method::get, "/hello", echo);
    router.add(Method::get, "/calls/{id}", echo);
    router.add(Method::post, "/echo", echo, {1000});
    router.add(Method::post, "/large", [](HttpRequest request) -> asio::awaitable<HttpResponse> {
      co_return text_response(200, std::to_string(request.body.size()));
    });
    router.add(Method::get, "/throws", [](HttpRequest) -> asio::awaitable<HttpResponse> {
      throw std::runtime_error("secret detail");
      co_return HttpResponse{};
    });
    router.add(Method::get, "/inject", [](HttpRequest) -> asio::awaitable<HttpResponse> {
      auto response = text_response(200, "ok");
      response.headers.set("X-Good", "1");
      response.headers.set("X-Bad", "a\r\nSet-Cookie: stolen=1");
      response.headers.set("X Bad\r\nY", "1");
      response.headers.set("Content-Length", "99");
      co_return response;
    });
    router.add(Method::get, "/json", [](HttpRequest) -> asio::awaitable<HttpResponse> {
      co_return text_response(200, std::string(200'000, 'j'), "application/json");
    });
    router.add(Method::get, "/nothing", [](HttpRequest) -> asio::awaitable<HttpResponse> {
      HttpResponse response;
      response.status = 204;
      co_return response;
    });
    return true;
  }();
  EXPECT_TRUE(once);
  return router;
}

inline constexpr std::string_view get_hello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

}  // namespace parley::net::testing
