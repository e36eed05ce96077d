#include "parley/net/websocket.hpp"

#include <future>

#include "parley/testkit/settable_clock.hpp"
#include "websocket_handshake.hpp"
#include "websocket_peer.hpp"

namespace parley::net {
namespace {

using ::testing::HasSubstr;
using testing::RawClient;
using testing::RawPeer;
using testing::TestServer;
using testing::with_client;
using Priority = WebSocket::Priority;

constexpr MaskKey key{1, 2, 3, 4};

WebSocketMessage text(std::string payload) { return {false, std::move(payload)}; }

asio::awaitable<void> echo(HttpRequest, std::unique_ptr<WebSocket> socket) {
  while (true) {
    auto message = co_await socket->receive();
    if (!message) co_return;
    if (!socket->send(std::move(*message))) co_return;
  }
}

TEST(WebSocket, HandshakeIsTheStandardsExample) {
  Router router;
  router.add_websocket("/ws", echo);
  TestServer server(router);
  RawPeer peer(server.port(), "/ws");
  EXPECT_THAT(peer.handshake, ::testing::StartsWith("HTTP/1.1 101"));
  EXPECT_THAT(peer.handshake, HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  peer.send_frame(Opcode::text, "hello");
  EXPECT_EQ(peer.next_text(), "hello");
  peer.send_frame(Opcode::ping, "are you there");
  auto pong = peer.next();
  ASSERT_TRUE(pong);
  EXPECT_TRUE(std::holds_alternative<Pong>(*pong));
  peer.send_frame(Opcode::close, close_payload(1000, "done"));
  EXPECT_EQ(peer.next_close(), 1000);
  EXPECT_TRUE(peer.at_end());
}

TEST(WebSocket, BadHandshakesAreRefused) {
  Router router;
  router.add_websocket("/ws", echo);
  TestServer server(router);
  RawClient client(server.port());
  auto ask = [&](std::string_view fields) {
    return client.ask("GET /ws HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n");
  };
  EXPECT_EQ(ask("").status, 426);
  constexpr std::string_view upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
  auto old = ask(std::string(upgrade) + "Sec-WebSocket-Version: 8\r\n");
  EXPECT_EQ(old.status, 426);
  EXPECT_EQ(old.field("Sec-WebSocket-Version"), "13");
  for (auto* bad_key : {"", "Sec-WebSocket-Key: c2hvcnQ=\r\n", "Sec-WebSocket-Key: ####\r\n"})
    EXPECT_EQ(ask(std::string(upgrade) + "Sec-WebSocket-Version: 13\r\n" + bad_key).status, 400);
  EXPECT_EQ(client.ask("POST /ws HTTP/1.1\r\nHost: a\r\n\r\n").status, 426);
}

TEST(WebSocket, ClientAndServerEcho) {
  Router router;
  router.add_websocket("/ws/{name}", echo);
  TestServer server(router);
  with_client(server, "/ws/one?x=1", [](WebSocket& socket) -> asio::awaitable<void> {
    for (std::size_t size : {0u, 5u, 200u, 70'000u}) {
      std::string payload(size, 'x');
      EXPECT_TRUE(socket.send({size == 200u, payload}));
      auto back = co_await socket.receive();
      EXPECT_TRUE(back);
      if (!back) co_return;
      EXPECT_EQ(back->payload, payload);
      EXPECT_EQ(back->binary, size == 200u);
    }
    co_await socket.close(1000, "bye");
    auto after = co_await socket.receive();
    EXPECT_EQ(after.error().code, Errc::end_of_stream);
    EXPECT_EQ(socket.send(text("late")).error().code, Errc::end_of_stream);
  });
}

TEST(WebSocket, MessagesBehindTheHandshakeAreNotLost) {
  Router router;
  router.add_websocket("/ws", echo);
  TestServer server(router);
  RawClient client(server.port());
  std::string bytes =
      "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  append_frame(bytes, Opcode::text, "early", key);
  client.send(bytes);
  client.take_until("\r\n\r\n");
  EXPECT_EQ(client.take(7),
            "\x81\x05"
            "early");
}

TEST(WebSocket, UrgentOvertakesAndDropForgets) {
  Router router;
  std::promise<std::size_t> dropped;
  router.add_websocket(
      "/ws", [&](HttpRequest, std::unique_ptr<WebSocket> socket) -> asio::awaitable<void> {
        for (auto* audio : {"a1", "a2", "a3"}) EXPECT_TRUE(socket->send(text(audio)));
        EXPECT_TRUE(socket->send(text("clear"), Priority::urgent));
        co_await socket->receive();
        for (auto* audio : {"b1", "b2"}) EXPECT_TRUE(socket->send(text(audio)));
        EXPECT_TRUE(socket->send(text("clear2"), Priority::urgent));
        EXPECT_EQ(socket->queued_bytes(), 10u);
        dropped.set_value(socket->drop_queued());
        EXPECT_EQ(socket->queued_bytes(), 6u);
        EXPECT_TRUE(socket->send(text("c1")));
        co_await socket->close(1001, "");
      });
  TestServer server(router);
  RawPeer peer(server.port(), "/ws");
  EXPECT_EQ(peer.next_text(), "clear");
  for (auto* audio : {"a1", "a2", "a3"}) EXPECT_EQ(peer.next_text(), audio);
  peer.send_frame(Opcode::text, "go on");
  EXPECT_EQ(peer.next_text(), "clear2");
  EXPECT_EQ(peer.next_text(), "c1");
  EXPECT_EQ(peer.next_close(), 1001);
  EXPECT_EQ(dropped.get_future().get(), 2u);
}

TEST(WebSocket, TheSendQueueIsBounded) {
  Router router;
  WebSocketLimits limits;
  limits.max_queued_bytes = 100;
  router.add_websocket(
      "/ws",
      [](HttpRequest, std::unique_ptr<WebSocket> socket) -> asio::awaitable<void> {
        EXPECT_TRUE(socket->send(text(std::string(60, 'a'))));
        EXPECT_EQ(socket->send(text(std::string(60, 'b'))).error().code, Errc::rate_limited);
        EXPECT_TRUE(socket->send(text("stop"), Priority::urgent)) << "has its own reserve";
        EXPECT_TRUE(socket->send(text(std::string(30, 'c'))));
        co_await socket->receive();
      },
      limits);
  TestServer server(router);
  RawPeer peer(server.port(), "/ws");
  EXPECT_EQ(peer.next_text(), "stop");
  EXPECT_EQ(peer.next_text(), std::string(60, 'a'));
  EXPECT_EQ(peer.next_text(), std::string(30, 'c'));
}

TEST(WebSocket, ASlowPeerFillsOnlyItsOwnQueue) {
  Router router;
  WebSocketLimits limits;
  limits.max_queued_bytes = 1 << 20;
  limits.idle_timeout = 100ms;
  std::promise<Errc> refused;
  std::promise<Errc> ended;
  router.add_websocket(
      "/ws",
      [&](HttpRequest, std::unique_ptr<WebSocket> socket) -> asio::awaitable<void> {
        Result<void> sent;
        while (sent) {
          sent = socket->send(text(std::string(50'000, 'x')));
          co_await asio::post(asio::use_awaitable);
          EXPECT_LE(socket->queued_bytes(), 1u << 20);
        }
        refused.set_value(sent.error().code);
        auto end = co_await socket->receive();
        ended.set_value(end.error().code);
      },
      limits);
  TestServer server(router);
  RawPeer peer(server.port(), "/ws");
  EXPECT_EQ(refused.get_future().get(), Errc::rate_limited);
  EXPECT_THAT(ended.get_future().get(), ::testing::AnyOf(Errc::timeout, Errc::unavailable));
}

TEST(WebSocket, APeerThatOnlyAnswersPingsIsTooSilentWhereMessagesAreDue) {
  Router router;
  WebSocketLimits limits;
  limits.message_timeout = 200ms;
  std::promise<Errc> ended;
  std::atomic<int> received = 0;
  router.add_websocket(
      "/ws",
      [&](HttpRequest, std::unique_ptr<WebSocket> socket) -> asio::awaitable<void> {
        while (true) {
          auto message = co_await socket->receive();
          if (message) ++received;
          if (message) continue;
          ended.set_value(message.error().code);
          co_return;
        }
      },
      limits);
  TestServer server(router);
  RawPeer peer(server.port(), "/ws");
  peer.send_frame(Opcode::text, "one");
  auto end = ended.get_future();
  while (end.wait_for(20ms) != std::future_status::ready) peer.send_frame(Opcode::pong, "");
  EXPECT_EQ(end.get(), Errc::timeout);
  EXPECT_EQ(received, 1);
}

TEST(WebSocket, ProtocolErrorsCloseWithTheirCode) {
  Router router;
  WebSocketLimits limits;
  limits.max_message_bytes = 1000;
  std::mutex mutex;
  std::vector<Errc> seen;
  router.add_websocket(
      "/ws",
      [&](HttpRequest, std::unique_ptr<WebSocket> socket) -> asio::awaitable<void> {
        auto message = co_await socket->receive();
        std::lock_guard lock(mutex);
        seen.push_back(message ? Errc::conflict : message.error().code);
      },
      limits);
  TestServer server(router);
  struct Case {
    const char* name;
    std::string bytes;
    int code;
    Errc error;
  };
  auto frame = [](Opcode opcode, std::string_view payload) {
    std::string bytes;
    append_frame(bytes, opcode, payload, key);
    return bytes;
  };
  const std::vector<Case> cases{
      {"unmasked", "\x81\x01x", 1002, Errc::unavailable},
      {"bad UTF-8", frame(Opcode::text, "\xC0\x80"), 1007, Errc::unavailable},
      {"too large", frame(Opcode::binary, std::string(1001, 'x')), 1009, Errc::too_large},
      {"bad close code", frame(Opcode::close, close_payload(1005, "")), 1002, Errc::unavailable},
      {"close without code", frame(Opcode::close, ""), 1005, Errc::end_of_stream}};
  for (auto& c : cases) {
    RawPeer peer(server.port(), "/ws");
    peer.send(c.bytes);
    EXPECT_EQ(peer.next_close(), c.code) << c.name;
    peer.socket().shutdown(asio::socket_base::shutdown_send);
    EXPECT_TRUE(peer.at_end()) << c.name;
    std::lock_guard lock(mutex);
    EXPECT_EQ(seen.back(), c.error) << c.name;
  }
}

TEST(WebSocket, AbruptEndIsUnavailable) {
  Router router;
  std::promise<Errc> seen;
  router.add_websocket(
      "/ws", [&](HttpRequest, std::unique_ptr<WebSocket> socket) -> asio::awaitable<void> {
        auto message = co_await socket->receive();
        seen.set_value(message.error().code);
      });
  TestServer server(router);
  RawPeer peer(server.port(), "/ws");
  peer.reset();
  EXPECT_EQ(seen.get_future().get(), Errc::unavailable);
}

TEST(WebSocket, AQuietPeerIsPingedThenGivenUp) {
  Router router;
  WebSocketLimits limits;
  limits.idle_timeout = 2h;
  std::promise<Errc> seen;
  router.add_websocket(
      "/ws",
      [&](HttpRequest, std::unique_ptr<WebSocket> socket) -> asio::awaitable<void> {
        auto message = co_await socket->receive();
        seen.set_value(message ? Errc::conflict : message.error().code);
      },
      limits);
  auto clock = std::make_unique<testkit::SettableClock>();
  auto& time = *clock;
  TestServer server(std::move(clock), router);
  RawPeer peer(server.port(), "/ws");
  auto answer = [&](Opcode opcode) {
    peer.send_frame(opcode, "");
    if (opcode == Opcode::pong) peer.send_frame(Opcode::ping, "was it heard");
    auto pong = peer.next();
    return pong && std::holds_alternative<Pong>(*pong);
  };
  auto is_pinged = [&] {
    auto ping = peer.next();
    return ping && std::holds_alternative<Ping>(*ping);
  };
  ASSERT_TRUE(answer(Opcode::ping)) << "it listens";
  time.advance(1h);
  ASSERT_TRUE(is_pinged());
  ASSERT_TRUE(answer(Opcode::pong));
  time.advance(1h);
  ASSERT_TRUE(is_pinged()) << "the pong bought time";
  time.advance(1h);
  EXPECT_EQ(seen.get_future().get(), Errc::timeout);
  EXPECT_TRUE(peer.at_end());
}

TEST(WebSocket, NobodyIsGivenUpForWhatTheServersOwnStandstillLeftUnread) {
  Router router;
  WebSocketLimits limits;
  limits.message_timeout = 10s;
  std::promise<void> stands, go_on;
  router.add_websocket("/ws", echo, limits);
  router.add(Method::get, "/stand", [&](HttpRequest) -> asio::awaitable<HttpResponse> {
    stands.set_value();
    go_on.get_future().wait();
    co_return HttpResponse{};
  });
  auto clock = std::make_unique<testkit::SettableClock>();
  auto& time = *clock;
  TestServer server(std::move(clock), router);
  std::vector<std::unique_ptr<RawPeer>> peers;
  for (int i = 0; i < 300; ++i) {
    peers.push_back(std::make_unique<RawPeer>(server.port(), "/ws"));
    peers.back()->send_frame(Opcode::text, "first");
    EXPECT_EQ(peers.back()->next_text(), "first");
  }
  RawClient client(server.port());
  client.send("GET /stand HTTP/1.1\r\nHost: a\r\n\r\n");
  stands.get_future().wait();
  for (auto& peer : peers) peer->send_frame(Opcode::text, "meanwhile");
  time.advance(1min);
  go_on.set_value();
  for (auto& peer : peers) EXPECT_EQ(peer->next_text(), "meanwhile");
}

TEST(WebSocket, AClientGivesUpOnASilentServerToo) {
  asio::io_context io(1);
  testing::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  std::jthread mute([&] {
    auto socket = acceptor.accept();
    std::string request;
    asio::read_until(socket, asio::dynamic_buffer(request), "\r\n\r\n");
    auto at = request.find("Sec-WebSocket-Key: ") + 19;
    auto nonce = request.substr(at, request.find("\r\n", at) - at);
    asio::write(socket, asio::buffer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                     "Connection: Upgrade\r\nSec-WebSocket-Accept: " +
                                     websocket_accept(nonce) + "\r\n\r\n"));
    boost::system::error_code ec;
    std::string rest;
    asio::read(socket, asio::dynamic_buffer(rest), ec);
  });
  testing::run([&]() -> asio::awaitable<void> {
    SystemClock clock;
    WebSocketTarget target;
    target.url = "ws://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
    target.limits.idle_timeout = 50ms;
    auto socket = co_await connect_websocket(Context{}, clock, std::move(target));
    EXPECT_TRUE(socket);
    if (!socket) co_return;
    auto message = co_await (*socket)->receive();
    EXPECT_EQ(message.error().code, Errc::timeout);
  });
}

TEST(WebSocket, CloseWaitsForAPeerAtMostTwoSeconds) {
  Router router;
  std::promise<Duration> took;
  router.add_websocket(
      "/ws", [&](HttpRequest, std::unique_ptr<WebSocket> socket) -> asio::awaitable<void> {
        SystemClock clock;
        auto began = clock.now();
        co_await socket->close(1000, "");
        took.set_value(clock.now() - began);
      });
  TestServer server(router);
  RawPeer rude(server.port(), "/ws");
  EXPECT_EQ(rude.next_close(), 1000);
  EXPECT_TRUE(rude.at_end());
  auto duration = took.get_future().get();
  EXPECT_GE(duration, 1900ms);
  EXPECT_LT(duration, 8s);
}

TEST(WebSocket, CloseWhileAnotherCoroutineReceives) {
  Router router;
  router.add_websocket("/ws", echo);
  TestServer server(router);
  with_client(server, "/ws", [](WebSocket& socket) -> asio::awaitable<void> {
    auto executor = co_await asio::this_coro::executor;
    std::optional<Errc> seen;
    auto receiving = [](WebSocket& s, std::optional<Errc>& out) -> asio::awaitable<void> {
      auto message = co_await s.receive();
      out = message ? Errc::conflict : message.error().code;
    };
    auto pending = asio::co_spawn(executor, receiving(socket, seen), asio::use_future);
    co_await asio::post(asio::use_awaitable);
    co_await socket.close(1000, "");
    while (!seen) co_await asio::post(asio::use_awaitable);
    EXPECT_EQ(seen, Errc::end_of_stream);
  });
}

TEST(WebSocket, AHandlerThatThrowsClosesWith1011) {
  Router router;
  router.add_websocket("/ws", [](HttpRequest, std::unique_ptr<WebSocket>) -> asio::awaitable<void> {
    throw std::runtime_error("broken");
    co_return;
  });
  TestServer server(router);
  RawPeer peer(server.port(), "/ws");
  EXPECT_EQ(peer.next_close(), 1011);
}

TEST(WebSocket, StopCutsOpenSockets) {
  Router router;
  std::promise<void> open;
  std::promise<void> cut;
  router.add_websocket(
      "/ws", [&](HttpRequest, std::unique_ptr<WebSocket> socket) -> asio::awaitable<void> {
        struct Flag {
          std::promise<void>& set;
          ~Flag() { set.set_value(); }
        } flag{cut};
        open.set_value();
        co_await socket->receive();
      });
  TestServer server(router);
  RawPeer peer(server.port(), "/ws");
  open.get_future().wait();
  server.stop(20ms);
  EXPECT_EQ(cut.get_future().wait_for(0s), std::future_status::ready);
  EXPECT_TRUE(peer.at_end());
}

TEST(WebSocket, ClientErrors) {
  Router router;
  router.add_websocket("/ws", echo);
  TestServer server(router);
  auto connect = [&](std::string url, Headers headers = {}, Duration patience = 5s) {
    return testing::run([&]() -> asio::awaitable<Errc> {
      SystemClock clock;
      WebSocketTarget target{.url = url, .headers = headers};
      auto ctx = Context{}.until(clock.now() + patience);
      auto socket = co_await connect_websocket(ctx, clock, std::move(target));
      co_return socket ? Errc::conflict : socket.error().code;
    });
  };
  for (auto* url : {"", "http://127.0.0.1/", "ws://", "not a url", "ws://user:pw@127.0.0.1/"})
    EXPECT_EQ(connect(url), Errc::invalid) << url;
  EXPECT_EQ(connect(server.url("/none", "ws")), Errc::forbidden);
  EXPECT_EQ(connect("ws://127.0.0.1:1/"), Errc::unavailable);
  EXPECT_EQ(connect(server.url("/ws", "wss")), Errc::unavailable) << "no TLS there";
  Headers injected;
  injected.set("X", "a\r\nY: b");
  EXPECT_EQ(connect(server.url("/ws", "ws"), injected), Errc::invalid);
  asio::io_context io(1);
  testing::tcp::acceptor silent(io, {asio::ip::address_v4::loopback(), 0});
  EXPECT_EQ(connect("ws://127.0.0.1:" + std::to_string(silent.local_endpoint().port()), {}, 50ms),
            Errc::timeout);
}

}  // namespace
}  // namespace parley::net
