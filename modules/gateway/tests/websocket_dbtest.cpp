#include "gateway_fixture.hpp"

namespace parley::gateway::testing {
namespace {

class WebSocketDbTest : public GatewayTest {
 protected:
  void SetUp() override {
    GatewayTest::SetUp();
    auto echo = [this](net::HttpRequest upgrade,
                       std::unique_ptr<net::WebSocket> socket) -> asio::awaitable<void> {
      seen = std::move(upgrade);
      while (true) {
        auto receiving = socket->receive();
        auto message = co_await std::move(receiving);
        if (!message) break;
        if (message->payload == "leave") break;
        EXPECT_TRUE(socket->send(std::move(*message)));
      }
      ended = true;
    };
    echoes.add_websocket("/base/echo", echo);
    target = std::make_unique<Serving>(loop, echoes);
  }
  void TearDown() override {
    close();
    target.reset();
    GatewayTest::TearDown();
  }
  Result<net::OpenedWebSocket> connect(const std::string& path, net::Headers headers = {}) {
    net::WebSocketTarget wanted;
    wanted.url = "ws://127.0.0.1:" + std::to_string(serving->port()) + path;
    wanted.headers = std::move(headers);
    return client_loop.run(net::open_websocket({}, real_clock, std::move(wanted)));
  }
  Result<net::WebSocketMessage> receive(net::WebSocket& socket) {
    return client_loop.run(socket.receive());
  }
  /// On the socket's own thread.
  void send(net::WebSocket& socket, net::WebSocketMessage message) {
    auto work = [&]() -> asio::awaitable<bool> { co_return socket.send(message).has_value(); };
    EXPECT_TRUE(client_loop.run(work()));
  }
  void drop(std::unique_ptr<net::WebSocket> socket) {
    client_loop.run(socket->close(1000, ""));
    auto work = [&]() -> asio::awaitable<void> {
      socket.reset();
      co_return;
    };
    client_loop.run(work());
  }

  Loop client_loop;
  net::Router echoes;
  std::unique_ptr<Serving> target;
  net::HttpRequest seen;
  std::atomic<bool> ended{false};
};
PARLEY_ON_DATABASE(WebSocketDbTest, sqlite);

TEST_P(WebSocketDbTest, MessagesPassBothWaysAndTheEndPassesOn) {
  open(R"({"path": "/live", "stripPrefix": true, "targets": [{"url": ")" + target->url() +
       R"(/base"}]})");
  net::Headers headers;
  headers.set("Authorization", "Bearer viewer@org_a");
  auto opened = connect("/live/echo?x=1", headers);
  ASSERT_TRUE(opened) << opened.error().detail;
  EXPECT_EQ(seen.target, "/base/echo?x=1");
  EXPECT_EQ(seen.headers.get("X-Parley-Organization"), "org_a");
  EXPECT_FALSE(seen.headers.get("Authorization"));
  std::string large(500'000, 'x');
  for (auto& message : std::vector<net::WebSocketMessage>{{false, "hello"}, {true, large}}) {
    send(*opened->socket, message);
    auto back = receive(*opened->socket);
    ASSERT_TRUE(back) << back.error().detail;
    EXPECT_EQ(back->binary, message.binary);
    EXPECT_TRUE(back->payload == message.payload);
  }
  send(*opened->socket, {false, "leave"});
  auto end = receive(*opened->socket);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, Errc::end_of_stream);
  drop(std::move(opened->socket));
}

TEST_P(WebSocketDbTest, AClientThatLeavesEndsTheTargetsSideToo) {
  open(route("/", {target->url()}));
  auto opened = connect("/base/echo");
  ASSERT_TRUE(opened) << opened.error().detail;
  drop(std::move(opened->socket));
  until([&] { return ended.load(); });
  until([&] { return gateway->targets({}).at(0).active == 0; });
}

TEST_P(WebSocketDbTest, HandshakesAreRefusedBeforeTheyAreAnswered) {
  open(R"({"path": "/safe", "targets": [{"url": ")" + target->url() + R"("}]},)" +
       route("/none", {target->url()}, R"("websocket": false)") + "," +
       route("/away", {"http://127.0.0.1:1"}));
  auto status_of = [&](const std::string& path) {
    return ask("GET", path,
               "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
        .status;
  };
  EXPECT_EQ(status_of("/safe/base/echo"), 401);
  EXPECT_EQ(status_of("/none/base/echo"), 404);
  EXPECT_EQ(status_of("/nowhere"), 404);
  EXPECT_EQ(status_of("/away"), 502);
}

}  // namespace
}  // namespace parley::gateway::testing
