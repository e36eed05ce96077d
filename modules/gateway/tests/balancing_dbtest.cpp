#include "gateway_fixture.hpp"

namespace parley::gateway::testing {
namespace {

class BalancingDbTest : public GatewayTest {};
PARLEY_ON_DATABASE(BalancingDbTest, sqlite);

TEST_P(BalancingDbTest, TurnsGoByWeight) {
  EchoTarget light(loop), heavy(loop);
  open(R"({"path": "/", "access": "anyone", "targets": [{"url": ")" + light.url() +
       R"("}, {"url": ")" + heavy.url() + R"(", "weight": 3}]})");
  for (int i = 0; i < 8; ++i) EXPECT_EQ(get("/").status, 200);
  EXPECT_EQ(light.asked, 2);
  EXPECT_EQ(heavy.asked, 6);
}

TEST_P(BalancingDbTest, LeastConnectionsAvoidsTheBusyOne) {
  std::promise<void> go;
  std::promise<void> entered;
  ScriptedTarget busy([&](tcp::socket& socket, int) {
    read_head(socket);
    entered.set_value();
    go.get_future().wait();
    say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  EchoTarget idle(loop);
  open(route("/", {busy.url(), idle.url()}, R"("balancing": "least_connections")"));
  RawClient first(serving->port());
  first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  entered.get_future().wait();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get("/").status, 200);
  EXPECT_EQ(idle.asked, 5);
  EXPECT_EQ(gateway->targets({}).at(0).active, 1);
  go.set_value();
  EXPECT_EQ(first.answer().body, "ok");
}

TEST_P(BalancingDbTest, AnUnhealthyTargetGetsNothingUntilItIsWellAgain) {
  std::atomic<bool> well{false};
  net::Router routes;
  std::atomic<int> asked{0};
  auto health = [&](net::HttpRequest) -> asio::awaitable<net::HttpResponse> {
    co_return net::text_response(well ? 200 : 500, "");
  };
  auto work = [&](net::HttpRequest) -> asio::awaitable<net::HttpResponse> {
    ++asked;
    co_return net::text_response(200, "done");
  };
  routes.add(net::Method::get, "/healthz", health);
  routes.add(net::Method::get, "/work", work);
  Serving target(loop, routes);
  open(route("/", {target.url()},
             R"("healthCheck": {"path": "/healthz", "intervalSeconds": 1, "timeoutMs": 500})"));
  until([&] { return !gateway->targets({}).at(0).healthy; });
  auto refused = get("/work");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.field("Retry-After"), "1");
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(figure("parley_gateway_target_up"), "0");
  well = true;
  until([&] { return gateway->targets({}).at(0).healthy; });
  EXPECT_EQ(get("/work").body, "done");
}

}  // namespace
}  // namespace parley::gateway::testing
