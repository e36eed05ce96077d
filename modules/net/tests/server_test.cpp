#include "parley/net/server.hpp"

#include <future>

#include "server_routes.hpp"

namespace parley::net {
namespace {

using testing::basic_routes;
using testing::echo;
using testing::get_hello;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RawClient;
using testing::TestServer;

TEST(Server, AnswersWithPathQueryAndRequestId) {
  TestServer server(basic_routes());
  RawClient client(server.port());
  auto response =
      client.ask("GET /calls/c%C3%A4?x=1+2 HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine-1\r\n\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "GET /calls/cä id=cä x:1 2 []");
  EXPECT_EQ(response.field("X-Request-Id"), "mine-1");
  EXPECT_TRUE(response.field("Date"));
  response = client.ask("GET /hello HTTP/1.1\r\nHost: a\r\nX-Request-Id: not ok\r\n\r\n");
  EXPECT_THAT(response.field("X-Request-Id").value_or(""), ::testing::StartsWith("req_"));
}

TEST(Server, KeepsTheConnectionAndAnswersPipelinedRequestsInOrder) {
  TestServer server(basic_routes());
  RawClient client(server.port());
  client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
      "\r\nGET /calls/two HTTP/1.1\r\nHost: a\r\n\r\n"
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;ext=1\r\nthr\r\n2\r\nee\r\n0\r\nTrailer: x\r\n\r\n"
      "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.response().body, "POST /echo [one]");
  EXPECT_EQ(client.response().body, "GET /calls/two id=two []");
  EXPECT_EQ(client.response().body, "POST /echo [three]");
  auto last = client.response();
  EXPECT_EQ(last.field("Connection"), "close");
  EXPECT_TRUE(client.at_end());
}

TEST(Server, ByteByByteIsTheSameRequest) {
  TestServer server(basic_routes());
  RawClient client(server.port());
  for (char c :
       std::string_view("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"))
    client.send({&c, 1});
  EXPECT_EQ(client.response().body, "POST /echo [hello]");
}

TEST(Server, Http10ClosesUnlessAskedToKeep) {
  TestServer server(basic_routes());
  RawClient client(server.port());
  auto kept = client.ask("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(kept.field("Connection"), "keep-alive");
  auto closed = client.ask("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_EQ(closed.status, 200);
  EXPECT_TRUE(client.at_end());
}

TEST(Server, HeadIsGetWithoutTheBody) {
  TestServer server(basic_routes());
  RawClient client(server.port());
  client.send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  auto head = client.response(false);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.field("Content-Length"), std::to_string(std::string("HEAD /hello []").size()));
  EXPECT_EQ(client.ask(get_hello).body, "GET /hello []");
}

TEST(Server, NoContentHasNoLength) {
  TestServer server(basic_routes());
  RawClient client(server.port());
  client.send("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
  auto response = client.response(false);
  EXPECT_EQ(response.status, 204);
  EXPECT_FALSE(response.field("Content-Length"));
  EXPECT_EQ(client.ask(get_hello).status, 200);
}

TEST(Server, UnknownRouteAndMethod) {
  TestServer server(basic_routes());
  RawClient client(server.port());
  EXPECT_EQ(client.ask("GET /none HTTP/1.1\r\nHost: a\r\n\r\n").status, 404);
  for (auto* method : {"PUT", "PROPFIND", "TRACE", "BREW"}) {
    auto wrong = client.ask(std::string(method) + " /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(wrong.status, 405) << method;
    EXPECT_EQ(wrong.field("Allow"), "GET, HEAD") << method;
  }
  EXPECT_EQ(client.ask(get_hello).status, 200) << "the connection is still good";
}

TEST(Server, ErrorsWearTheGivenPage) {
  auto page = [](int status, std::string_view message, const std::string& id) {
    return text_response(status,
                         "{\"error\":\"" + std::string(message) + "\",\"id\":\"" + id + "\"}",
                         "application/json");
  };
  TestServer server(basic_routes(), {}, page);
  RawClient client(server.port());
  auto missing = client.ask("GET /none HTTP/1.1\r\nHost: a\r\nX-Request-Id: r7\r\n\r\n");
  EXPECT_EQ(missing.body, R"({"error":"no such route","id":"r7"})");
  EXPECT_EQ(client.ask("nonsense\r\n\r\n").field("Content-Type"), "application/json");
}

TEST(Server, AHandlerThatThrowsTellsNothing) {
  TestServer server(basic_routes());
  RawClient client(server.port());
  auto response = client.ask("GET /throws HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(response.body, Not(HasSubstr("secret")));
  EXPECT_EQ(client.ask(get_hello).status, 200);
}

TEST(Server, NothingIsInjectedIntoTheHead) {
  TestServer server(basic_routes());
  RawClient client(server.port());
  auto response = client.ask("GET /inject HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(response.field("X-Good"), "1");
  EXPECT_THAT(response.head, Not(HasSubstr("stolen")));
  EXPECT_THAT(response.head, Not(HasSubstr("X Bad")));
  EXPECT_EQ(response.body, "ok");
}

struct Malformed {
  const char* name;
  std::string bytes;
  int status;
};

TEST(Server, MalformedRequestsAreRefusedAndTheConnectionClosed) {
  TestServer server(basic_routes());
  std::string many_fields = "GET /hello HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 10'000; ++i) many_fields += "X: y\r\n";
  const std::vector<Malformed> cases{
      {"noise", "\x16\x03\x01\x02\x01\x01\r\n\r\n", 400},
      {"no version", "GET /hello\r\n\r\n", 400},
      {"bad version", "GET /hello HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"no target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"no host", "GET /hello HTTP/1.1\r\n\r\n", 400},
      {"two hosts", "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"space before colon", "GET /hello HTTP/1.1\r\nHost : a\r\n\r\n", 400},
      {"NUL in a value",
       "GET /hello HTTP/1.1\r\nHost: a\r\nX: a" + std::string(1, '\0') + "b\r\n\r\n", 400},
      {"10,000 fields", many_fields + "\r\n", 431},
      {"long field", "GET /hello HTTP/1.1\r\nX: " + std::string(20'000, 'x'), 431},
      {"long target", "GET /" + std::string(20'000, 'x'), 431},
      {"both lengths",
       "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: "
       "chunked\r\n\r\n0\r\n\r\n",
       400},
      {"both lengths, other order",
       "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: "
       "3\r\n\r\n0\r\n\r\n",
       400},
      {"two different lengths",
       "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
      {"two equal lengths",
       "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
      {"length list", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc", 400},
      {"negative length", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
      {"signed length", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc", 400},
      {"huge length",
       "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400},
      {"other coding", "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
      {"disguised coding",
       "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501},
      {"coding list",
       "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
      {"bad chunk size",
       "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {"endless chunk extension",
       "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
           std::string(40'000, 'x'),
       431},
      {"unknown expectation",
       "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: magic\r\nContent-Length: 1\r\n\r\n", 417},
      {"path tricks with a body",
       "POST /a/../echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n", 400}};
  for (auto& malformed : cases) {
    RawClient client(server.port());
    client.send(malformed.bytes);
    auto response = client.response();
    EXPECT_EQ(response.status, malformed.status) << malformed.name << ": " << response.body;
    EXPECT_EQ(response.field("Connection"), "close") << malformed.name;
    client.socket().shutdown(asio::socket_base::shutdown_send);
    EXPECT_TRUE(client.at_end()) << malformed.name;
  }
}

TEST(Server, BadTargetsAreRefused) {
  TestServer server(basic_routes());
  RawClient client(server.port());
  for (auto* target : {"/%00", "/..%2f", "/a/../hello", "/%zz", "/hello?a=%ff", "hello", "*"}) {
    auto response = client.ask("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(response.status, 400) << target;
  }
}

TEST(Server, FoldedHeadersDoNotBecomeTwo) {
  TestServer server(basic_routes());
  RawClient client(server.port());
  client.send("GET /hello HTTP/1.1\r\nHost: a\r\nX: one\r\n Content-Length: 5\r\n\r\n");
  EXPECT_EQ(client.response().body, "GET /hello []");
}

TEST(Server, BodyLimitBelongsToTheRoute) {
  TestServer server(basic_routes());
  auto post = [&](std::string_view path, std::size_t size) {
    RawClient client(server.port());
    client.send("POST " + std::string(path) +
                " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
    client.send(std::string(size, 'b'));
    return client.response();
  };
  EXPECT_EQ(post("/echo", 1000).status, 200);
  EXPECT_EQ(post("/echo", 1001).status, 413);
  EXPECT_EQ(post("/large", 3'000'000).body, "3000000");
  EXPECT_EQ(post("/large", 11u << 20).status, 413);
  RawClient client(server.port());
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 3; ++i) client.send("190\r\n" + std::string(400, 'c') + "\r\n");
  EXPECT_EQ(client.response().status, 413) << "a chunked body counts too";
}

TEST(Server, ExpectContinue) {
  TestServer server(basic_routes());
  RawClient client(server.port());
  client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.take_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(client.ask("ok").body, "POST /echo [ok]");
  auto refused = client.ask(
      "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n\r\n");
  EXPECT_EQ(refused.status, 413) << "refused before the body is sent";
}

TEST(Server, ABodyThatEndsEarlyNeverReachesTheHandler) {
  std::atomic<int> calls{0};
  Router router;
  router.add(Method::post, "/count", [&](HttpRequest) -> asio::awaitable<HttpResponse> {
    ++calls;
    co_return text_response(200, "ok");
  });
  TestServer server(router);
  for (auto* head :
       {"Content-Length: 10\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n5\r\nhe"}) {
    RawClient client(server.port());
    client.send("POST /count HTTP/1.1\r\nHost: a\r\n" + std::string(head));
    client.socket().shutdown(asio::socket_base::shutdown_send);
    EXPECT_TRUE(client.at_end());
    EXPECT_EQ(client.unread(), "");
  }
  EXPECT_EQ(calls, 0);
}

TEST(Server, Gzip) {
  TestServer server(basic_routes());
  RawClient client(server.port());
  auto ask = [&](std::string_view path, std::string_view accept) {
    return client.ask("GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\nAccept-Encoding: " +
                      std::string(accept) + "\r\n\r\n");
  };
  auto packed = ask("/json", "br, gzip;q=0.8");
  EXPECT_EQ(packed.field("Content-Encoding"), "gzip");
  EXPECT_EQ(packed.field("Vary"), "Accept-Encoding");
  EXPECT_LT(packed.body.size(), 5000u);
  EXPECT_EQ(packed.body.substr(0, 2), "\x1f\x8b");
  for (auto* no : {"identity", "gzip;q=0", "br", "gzip;q=0.0, *;q=1"}) {
    auto plain = ask("/json", no);
    EXPECT_FALSE(plain.field("Content-Encoding")) << no;
    EXPECT_EQ(plain.body.size(), 200'000u) << no;
  }
  EXPECT_TRUE(ask("/json", "*").field("Content-Encoding"));
  EXPECT_FALSE(ask("/hello", "gzip").field("Content-Encoding")) << "too small";
}

TEST(Server, StreamsInChunksAndCutsABrokenStream) {
  Router router;
  auto stream_of = [](std::vector<std::string> pieces, bool breaks) {
    return [=](HttpRequest) -> asio::awaitable<HttpResponse> {
      HttpResponse response;
      response.headers.set("Content-Type", "text/event-stream");
      auto at = std::make_shared<std::size_t>(0);
      response.stream = [=]() -> Task<std::string> {
        if (*at < pieces.size()) co_return pieces[(*at)++];
        if (breaks) co_return fail(Errc::unavailable, "source is gone");
        co_return std::string();
      };
      co_return response;
    };
  };
  router.add(Method::get, "/good", stream_of({"data: 1\n\n", std::string(100'000, 'x')}, false));
  router.add(Method::get, "/bad", stream_of({"part"}, true));
  TestServer server(router);
  RawClient client(server.port());
  auto good = client.ask("GET /good HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(good.field("Transfer-Encoding"), "chunked");
  EXPECT_EQ(good.body, "data: 1\n\n" + std::string(100'000, 'x'));
  client.send("HEAD /good HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.response(false).status, 200);
  client.send("GET /bad HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.at_end());
  EXPECT_THAT(client.unread(), HasSubstr("4\r\npart\r\n"));
  EXPECT_THAT(client.unread(), Not(HasSubstr("0\r\n\r\n")));
  RawClient old(server.port());
  old.send("GET /good HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(old.at_end());
  EXPECT_THAT(old.unread(), ::testing::EndsWith("\r\n\r\ndata: 1\n\n" + std::string(100'000, 'x')));
}

TEST(Server, SlowRequestsAndIdleConnectionsEnd) {
  ServerOptions options;
  options.head_timeout = 60ms;
  options.body_timeout = 60ms;
  options.keep_alive_timeout = 60ms;
  TestServer server(basic_routes(), options);
  RawClient head(server.port());
  EXPECT_EQ(head.ask("GET /hello HTTP/1.1\r\nHos").status, 408);
  EXPECT_TRUE(head.at_end());
  RawClient body(server.port());
  EXPECT_EQ(body.ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc").status, 408);
  RawClient silent(server.port());
  EXPECT_TRUE(silent.at_end());
  EXPECT_EQ(silent.unread(), "");
  RawClient idle(server.port());
  EXPECT_EQ(idle.ask(get_hello).status, 200);
  EXPECT_TRUE(idle.at_end()) << "kept alive only so long";
}

TEST(Server, AClientThatTakesNothingIsCutOff) {
  Router router;
  std::promise<void> ended;
  router.add(Method::get, "/endless", [&](HttpRequest) -> asio::awaitable<HttpResponse> {
    HttpResponse response;
    auto guard = std::shared_ptr<void>(nullptr, [&](void*) { ended.set_value(); });
    response.stream = [guard]() -> Task<std::string> { co_return std::string(1 << 20, 'x'); };
    co_return response;
  });
  ServerOptions options;
  options.write_timeout = 60ms;
  TestServer server(router, options);
  RawClient client(server.port());
  client.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(ended.get_future().wait_for(10s), std::future_status::ready);
}

TEST(Server, OneConnectionTooManyGets503) {
  ServerOptions options;
  options.max_connections = 2;
  TestServer server(basic_routes(), options);
  RawClient first(server.port());
  RawClient second(server.port());
  EXPECT_EQ(first.ask(get_hello).status, 200);
  EXPECT_EQ(second.ask(get_hello).status, 200);
  EXPECT_EQ(server.server().connections(), 2u);
  RawClient third(server.port());
  auto refused = third.ask(get_hello);
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.field("Retry-After"));
  EXPECT_TRUE(third.at_end());
  EXPECT_EQ(first.ask(get_hello).status, 200);
}

TEST(Server, AClientThatLeavesDuringAHandlerHarmsNobody) {
  Router router;
  SystemClock clock;
  std::promise<void> entered;
  std::promise<void> finished;
  router.add(Method::get, "/slow", [&](HttpRequest) -> asio::awaitable<HttpResponse> {
    entered.set_value();
    co_await clock.sleep_for(50ms);
    finished.set_value();
    co_return text_response(200, std::string(1 << 20, 'x'));
  });
  router.add(Method::get, "/hello", echo);
  TestServer server(router);
  RawClient leaver(server.port());
  leaver.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  entered.get_future().wait();
  leaver.reset();
  EXPECT_EQ(finished.get_future().wait_for(10s), std::future_status::ready) << "it ran to its end";
  RawClient other(server.port());
  EXPECT_EQ(other.ask(get_hello).status, 200);
}

}  // namespace
}  // namespace parley::net
