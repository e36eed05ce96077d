// Starting, draining and stopping the server.
#include <future>

#include "parley/net/server.hpp"
#include "server_routes.hpp"

namespace parley::net {
namespace {

using testing::basic_routes;
using testing::echo;
using testing::get_hello;
using testing::RawClient;
using testing::TestServer;

TEST(Server, DrainLetsRunningRequestsEnd) {
  Router router;
  SystemClock clock;
  std::promise<void> entered;
  router.add(Method::get, "/hello", echo);
  router.add(Method::get, "/slow", [&](HttpRequest) -> asio::awaitable<HttpResponse> {
    entered.set_value();
    co_await clock.sleep_for(100ms);
    co_return text_response(200, "done");
  });
  TestServer server(router);
  RawClient idle(server.port());
  EXPECT_EQ(idle.ask(get_hello).status, 200);
  RawClient busy(server.port());
  busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  entered.get_future().wait();
  auto port = server.port();
  auto stopping = server.stopping(10s);
  EXPECT_TRUE(idle.at_end()) << "an idle connection ends at once";
  auto response = busy.response();
  EXPECT_EQ(response.body, "done");
  EXPECT_EQ(response.field("Connection"), "close");
  busy.socket().close();
  stopping.get();
  EXPECT_EQ(server.server().connections(), 0u);
  EXPECT_THROW(RawClient late(port), boost::system::system_error);
}

TEST(Server, StopCutsWhatDoesNotEnd) {
  Router router;
  SystemClock clock;
  std::promise<void> entered;
  router.add(Method::get, "/hung", [&](HttpRequest) -> asio::awaitable<HttpResponse> {
    entered.set_value();
    co_await clock.sleep_for(1h);
    co_return text_response(200, "never");
  });
  TestServer server(router);
  RawClient client(server.port());
  client.send("GET /hung HTTP/1.1\r\nHost: a\r\n\r\n");
  entered.get_future().wait();
  server.stop(50ms);
  EXPECT_TRUE(client.at_end());
  EXPECT_EQ(client.unread(), "");
}

TEST(Server, StopIsSafeBeforeStartAndTwice) {
  asio::io_context io(1);
  SystemClock clock;
  SystemRandom random;
  HttpServer server({io.get_executor()}, basic_routes(), clock, random, {});
  for (int i = 0; i < 2; ++i) {
    auto stopped = asio::co_spawn(io, server.stop(clock.now()), asio::use_future);
    io.restart();
    io.run();
    stopped.get();
  }
}

TEST(Server, AddressInUseIsSaid) {
  for (std::size_t lanes : {1u, 2u}) {
    TestServer first(basic_routes(), {}, {}, lanes);
    asio::io_context io(1);
    SystemClock clock;
    SystemRandom random;
    ServerOptions options;
    options.port = first.port();
    std::vector<asio::any_io_executor> executors(lanes, asio::any_io_executor(io.get_executor()));
    HttpServer second(executors, basic_routes(), clock, random, options);
    auto started = second.start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, Errc::unavailable);
    options.port = 0;
    options.certificate = "/nonexistent.pem";
    HttpServer third(executors, basic_routes(), clock, random, options);
    EXPECT_EQ(third.start().error().code, Errc::unavailable);
    options.certificate.clear();
    options.address = "not an address";
    HttpServer fourth(executors, basic_routes(), clock, random, options);
    EXPECT_EQ(fourth.start().error().code, Errc::invalid);
  }
}

TEST(Server, ManyThreadsManyConnections) {
  TestServer server(basic_routes(), {}, {}, 2);
  std::vector<std::jthread> clients;
  std::atomic<int> good{0};
  for (int c = 0; c < 8; ++c)
    clients.emplace_back([&] {
      RawClient client(server.port());
      for (int i = 0; i < 50; ++i)
        if (client.ask(get_hello).status == 200) ++good;
    });
  clients.clear();
  EXPECT_EQ(good, 400);
}

}  // namespace
}  // namespace parley::net
