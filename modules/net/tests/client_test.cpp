#include "parley/net/client.hpp"

#include <future>

#include "net_fixture.hpp"
#include "parley/base/task_group.hpp"
#include "parley/net/address_policy.hpp"

namespace parley::net {
namespace {

using ::testing::HasSubstr;
using testing::run;
using testing::TestServer;

asio::awaitable<HttpResponse> describe(HttpRequest request) {
  std::string text(to_string(request.method));
  for (auto& [name, value] : request.headers.all())
    if (name != "Host") text += "\n" + to_lower(name) + ": " + value;
  auto response = text_response(200, text + "\n\n" + request.body);
  response.headers.add("X-Many", "1");
  response.headers.add("X-Many", "2");
  co_return response;
}

HttpHandler redirect_to(std::string where) {
  return [where](HttpRequest) -> asio::awaitable<HttpResponse> {
    HttpResponse response;
    response.status = 302;
    response.headers.set("Location", where);
    co_return response;
  };
}

Router& routes() {
  static Router router;
  static bool once = [] {
    for (auto method :
         {Method::get, Method::post, Method::put, Method::patch, Method::delete_, Method::options})
      router.add(method, "/describe", describe);
    router.add(Method::get, "/teapot", [](HttpRequest) -> asio::awaitable<HttpResponse> {
      co_return text_response(418, "short and stout");
    });
    router.add(Method::get, "/json", [](HttpRequest) -> asio::awaitable<HttpResponse> {
      co_return text_response(200, std::string(100'000, 'j'), "application/json");
    });
    router.add(Method::get, "/redirect", redirect_to("/describe"));
    router.add(Method::get, "/loop", redirect_to("/loop"));
    router.add(Method::get, "/to-file", redirect_to("file:///etc/passwd"));
    return true;
  }();
  EXPECT_TRUE(once);
  return router;
}

Result<HttpResponse> send(OutgoingRequest request, Context ctx = {}) {
  return run([&]() -> asio::awaitable<Result<HttpResponse>> {
    auto client = make_http_client(co_await asio::this_coro::executor);
    co_return co_await client->send(ctx, request);
  });
}

TEST(HttpClient, EveryMethodWithHeadersAndBody) {
  TestServer server(routes());
  for (auto method :
       {Method::get, Method::post, Method::put, Method::patch, Method::delete_, Method::options}) {
    OutgoingRequest request{.method = method, .url = server.url("/describe?x=1")};
    request.headers.set("X-Mine", "yes");
    request.headers.set("X-Empty", "");
    bool has_body = method != Method::get && method != Method::options;
    if (has_body) request.body = std::string("a\0b", 3);
    auto response = send(request);
    ASSERT_TRUE(response) << response.error().detail;
    EXPECT_EQ(response->status, 200);
    EXPECT_THAT(response->body, ::testing::StartsWith(std::string(to_string(method)) + "\n"));
    EXPECT_THAT(response->body, HasSubstr("x-mine: yes"));
    EXPECT_THAT(response->body, HasSubstr("x-empty: "));
    EXPECT_THAT(response->body, ::testing::Not(HasSubstr("content-type:")));
    EXPECT_THAT(response->body, ::testing::Not(HasSubstr("expect:")));
    EXPECT_THAT(response->body, ::testing::EndsWith("\n\n" + request.body));
    EXPECT_EQ(response->headers.get("content-type"), "text/plain; charset=utf-8");
    EXPECT_EQ(std::ranges::count_if(response->headers.all(),
                                    [](auto& field) { return field.first == "X-Many"; }),
              2);
  }
  auto head = send({.method = Method::head, .url = server.url("/json")});
  ASSERT_TRUE(head);
  EXPECT_EQ(head->body, "");
}

TEST(HttpClient, AnyStatusIsAResultAndGzipIsUndone) {
  TestServer server(routes());
  auto teapot = send({.url = server.url("/teapot")});
  ASSERT_TRUE(teapot);
  EXPECT_EQ(teapot->status, 418);
  auto json = send({.url = server.url("/json")});
  ASSERT_TRUE(json);
  EXPECT_EQ(json->body, std::string(100'000, 'j'));
  EXPECT_FALSE(json->headers.get("Content-Encoding"));
}

TEST(HttpClient, SendsTheTraceOn) {
  TestServer server(routes());
  Context ctx;
  ctx.trace = {"0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"};
  auto response = send({.url = server.url("/describe")}, ctx);
  ASSERT_TRUE(response);
  EXPECT_THAT(response->body,
              HasSubstr("traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
}

TEST(HttpClient, RedirectsOnlyWhenAskedAndOnlyToHttp) {
  TestServer server(routes());
  EXPECT_EQ(send({.url = server.url("/redirect")})->status, 302);
  auto followed = send({.url = server.url("/redirect"), .follow_redirects = true});
  ASSERT_TRUE(followed);
  EXPECT_EQ(followed->status, 200);
  EXPECT_FALSE(followed->headers.get("Location"));
  EXPECT_EQ(send({.url = server.url("/loop"), .follow_redirects = true}).error().code,
            Errc::unavailable);
  EXPECT_EQ(send({.url = server.url("/to-file"), .follow_redirects = true}).error().code,
            Errc::invalid);
}

TEST(HttpClient, InvalidRequests) {
  for (auto* url : {"", "nonsense", "file:///etc/passwd", "gopher://127.0.0.1/", "http://",
                    "http://a b/", "http://127.0.0.1/\r\nX: y", "http://127.0.0.1:99999/"})
    EXPECT_EQ(send({.url = url}).error().code, Errc::invalid) << url;
  OutgoingRequest injected{.url = "http://127.0.0.1/"};
  injected.headers.set("X", "a\r\nHost: b");
  EXPECT_EQ(send(injected).error().code, Errc::invalid);
}

TEST(HttpClient, TooLargeAlsoAfterDecompression) {
  TestServer server(routes());
  auto response = send({.url = server.url("/json"), .max_response_bytes = 50'000});
  EXPECT_EQ(response.error().code, Errc::too_large);
}

TEST(HttpClient, ALongAnswerIsCutWhenThatIsAsked) {
  TestServer server(routes());
  auto response = send({.url = server.url("/json"),
                        .max_response_bytes = 50'000,
                        .long_response = OutgoingRequest::LongResponse::cut});
  ASSERT_TRUE(response) << response.error().detail;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, std::string(50'000, 'j'));
}

/// Accepts connections and does with each what it is told, with blocking calls on its own thread.
class RudeServer {
 public:
  using Act = std::function<void(testing::tcp::socket&)>;
  explicit RudeServer(std::vector<Act> acts)
      : acceptor_(io_, {asio::ip::address_v4::loopback(), 0}),
        thread_([this, acts = std::move(acts)] {
          for (auto& act : acts) {
            auto socket = acceptor_.accept();
            act(socket);
          }
        }) {}
  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/";
  }

 private:
  asio::io_context io_;
  testing::tcp::acceptor acceptor_;
  std::jthread thread_;
};

std::string read_request(testing::tcp::socket& socket) {
  boost::system::error_code ec;
  std::string text;
  asio::read_until(socket, asio::dynamic_buffer(text), "\r\n\r\n", ec);
  return text;
}
void wait_for_end(testing::tcp::socket& socket) {
  boost::system::error_code ec;
  std::string rest;
  asio::read(socket, asio::dynamic_buffer(rest), ec);
}

TEST(HttpClient, NobodyThereIsUnavailable) {
  for (auto method : {Method::get, Method::post})
    EXPECT_EQ(send({.method = method, .url = "http://127.0.0.1:1/"}).error().code,
              Errc::unavailable);
  EXPECT_EQ(send({.url = "http://does-not-exist.invalid/"}).error().code, Errc::unavailable);
}

TEST(HttpClient, SilenceIsATimeoutForReadsAndUnknownForEffects) {
  auto silent = [](testing::tcp::socket& socket) {
    read_request(socket);
    wait_for_end(socket);
  };
  RudeServer server({silent, silent, silent});
  EXPECT_EQ(send({.url = server.url(), .timeout = 50ms}).error().code, Errc::timeout);
  EXPECT_EQ(send({.method = Method::post, .url = server.url(), .body = "x", .timeout = 50ms})
                .error()
                .code,
            Errc::outcome_unknown);
  auto ctx = Context{}.until(std::chrono::steady_clock::now() + 50ms);
  EXPECT_EQ(send({.url = server.url()}, ctx).error().code, Errc::timeout) << "the sooner deadline";
  ctx.deadline = std::chrono::steady_clock::now() - 1s;
  EXPECT_EQ(send({.method = Method::post, .url = server.url()}, ctx).error().code, Errc::timeout)
      << "nothing was sent";
}

TEST(HttpClient, AConnectionLostAfterTheRequestIsUnknownForEffects) {
  auto hang_up = [](testing::tcp::socket& socket) { read_request(socket); };
  auto half_answer = [](testing::tcp::socket& socket) {
    read_request(socket);
    asio::write(socket,
                asio::buffer(std::string("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab")));
  };
  auto garbage = [](testing::tcp::socket& socket) {
    read_request(socket);
    asio::write(socket, asio::buffer(std::string("\x01\x02\x03 not http\r\n\r\n")));
  };
  for (RudeServer::Act act :
       {RudeServer::Act(hang_up), RudeServer::Act(half_answer), RudeServer::Act(garbage)}) {
    RudeServer server({act, act});
    EXPECT_EQ(send({.url = server.url()}).error().code, Errc::unavailable);
    EXPECT_EQ(send({.method = Method::post, .url = server.url(), .body = "x"}).error().code,
              Errc::outcome_unknown);
  }
}

TEST(HttpClient, AnEffectIsNotRepeatedWhenAKeptConnectionBreaks) {
  std::atomic<int> posts{0};
  auto answer_then_break = [&](testing::tcp::socket& socket) {
    for (int i = 0; i < 2; ++i) {
      auto request = read_request(socket);
      if (!request.starts_with("POST")) return;
      ++posts;
      if (i == 0)
        asio::write(socket,
                    asio::buffer(std::string("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")));
    }
  };
  RudeServer server({answer_then_break});
  run([&]() -> asio::awaitable<void> {
    auto client = make_http_client(co_await asio::this_coro::executor);
    OutgoingRequest request{.method = Method::post, .url = server.url()};
    auto first = co_await client->send(Context{}, request);
    EXPECT_TRUE(first);
    request.timeout = 5s;
    auto second = co_await client->send(Context{}, request);
    EXPECT_FALSE(second);
    if (!second) EXPECT_EQ(second.error().code, Errc::outcome_unknown);
  });
  EXPECT_EQ(posts, 2);
}

TEST(HttpClient, CancellationAbortsTheTransfer) {
  std::promise<void> arrived;
  std::promise<void> gone;
  RudeServer server({[&](testing::tcp::socket& socket) {
    read_request(socket);
    arrived.set_value();
    wait_for_end(socket);
    gone.set_value();
  }});
  run([&]() -> asio::awaitable<void> {
    auto executor = co_await asio::this_coro::executor;
    auto client = make_http_client(executor);
    TaskGroup group(executor);
    bool aborted = false;
    group.spawn("request", [&]() -> asio::awaitable<void> {
      struct Flag {
        bool& set;
        ~Flag() { set = true; }
      } flag{aborted};
      OutgoingRequest request{.method = Method::post, .url = server.url()};
      co_await client->send(Context{}, std::move(request));
      ADD_FAILURE() << "must not return";
    });
    auto waited = arrived.get_future();
    while (waited.wait_for(0s) != std::future_status::ready)
      co_await asio::post(asio::use_awaitable);
    co_await group.stop();
    EXPECT_TRUE(aborted);
  });
  EXPECT_EQ(gone.get_future().wait_for(10s), std::future_status::ready);
}

TEST(HttpClient, ManyAtOnceShareConnectionsLater) {
  TestServer server(routes());
  run([&]() -> asio::awaitable<void> {
    auto executor = co_await asio::this_coro::executor;
    auto client = make_http_client(executor);
    int good = 0;
    int done = 0;
    TaskGroup group(executor);
    for (int i = 0; i < 50; ++i)
      group.spawn("request", [&]() -> asio::awaitable<void> {
        OutgoingRequest request{.url = server.url("/json")};
        auto response = co_await client->send(Context{}, std::move(request));
        if (response && response->body.size() == 100'000) ++good;
        ++done;
      });
    while (done < 50) co_await asio::post(asio::use_awaitable);
    EXPECT_EQ(good, 50);
    auto connections = server.server().connections();
    EXPECT_LE(connections, 50u);
    OutgoingRequest again{.url = server.url("/json")};
    auto response = co_await client->send(Context{}, std::move(again));
    EXPECT_TRUE(response);
    EXPECT_LE(server.server().connections(), connections);
    co_await group.stop();
  });
}

TEST(HttpClient, PublicAddressesOnly) {
  TestServer server(routes());
  auto port = ":" + std::to_string(server.port()) + "/describe";
  for (auto* host : {"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "10.0.0.1",
                     "169.254.169.254", "2130706433", "0x7f.1", "127.1"}) {
    auto response = send({.url = std::string("http://") + host + port,
                          .timeout = 2s,
                          .public_addresses_only = true});
    ASSERT_FALSE(response) << host;
    EXPECT_EQ(response.error().code, Errc::forbidden) << host << ": " << response.error().detail;
  }
  run([&]() -> asio::awaitable<void> {
    auto client = make_http_client(co_await asio::this_coro::executor);
    OutgoingRequest request{.url = server.url("/describe")};
    EXPECT_TRUE(co_await client->send(Context{}, request));
    request.public_addresses_only = true;
    auto reused = co_await client->send(Context{}, request);
    EXPECT_FALSE(reused) << "not over the connection that is still open either";
    if (!reused) EXPECT_EQ(reused.error().code, Errc::forbidden);
  });
}

TEST(AddressPolicy, OnlyTheInternetIsPublic) {
  auto is_public = [](const char* text) { return is_public_address(asio::ip::make_address(text)); };
  for (auto* address : {"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1",
                        "172.32.0.1", "192.167.1.1", "223.255.255.255", "2606:4700::1111",
                        "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"})
    EXPECT_TRUE(is_public(address)) << address;
  for (auto* address : {"0.0.0.0",
                        "0.1.2.3",
                        "10.1.2.3",
                        "100.64.0.1",
                        "100.127.255.255",
                        "127.0.0.1",
                        "127.255.255.255",
                        "169.254.169.254",
                        "172.16.0.1",
                        "172.31.255.255",
                        "192.0.0.1",
                        "192.0.2.1",
                        "192.168.1.1",
                        "198.18.0.1",
                        "198.51.100.1",
                        "203.0.113.1",
                        "224.0.0.1",
                        "239.1.1.1",
                        "240.0.0.1",
                        "255.255.255.255",
                        "::",
                        "::1",
                        "::ffff:10.0.0.1",
                        "::ffff:127.0.0.1",
                        "::127.0.0.1",
                        "64:ff9b::7f00:1",
                        "64:ff9b:1::1",
                        "2002:7f00:1::",
                        "2002:a00:1::1",
                        "2001::1",
                        "2001:db8::1",
                        "fc00::1",
                        "fd12:3456::1",
                        "fe80::1",
                        "fec0::1",
                        "ff02::1",
                        "100::1"})
    EXPECT_FALSE(is_public(address)) << address;
}

TEST(HttpClient, ClosingTheClientEndsWhatRuns) {
  std::promise<void> arrived;
  RudeServer server({[&](testing::tcp::socket& socket) {
    read_request(socket);
    arrived.set_value();
    wait_for_end(socket);
  }});
  auto code = run([&]() -> asio::awaitable<Errc> {
    auto executor = co_await asio::this_coro::executor;
    auto client = make_http_client(executor);
    OutgoingRequest request{.url = server.url()};
    auto pending = client->send(Context{}, std::move(request));
    auto result = asio::co_spawn(executor, std::move(pending), asio::use_future);
    auto waited = arrived.get_future();
    while (waited.wait_for(0s) != std::future_status::ready)
      co_await asio::post(asio::use_awaitable);
    client.reset();
    while (result.wait_for(0s) != std::future_status::ready)
      co_await asio::post(asio::use_awaitable);
    auto response = result.get();
    co_return response ? Errc::conflict : response.error().code;
  });
  EXPECT_EQ(code, Errc::unavailable);
}

}  // namespace
}  // namespace parley::net
