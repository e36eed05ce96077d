// Messages that are given as they come, where they lie.
#include <future>

#include "websocket_peer.hpp"

namespace parley::net {
namespace {

using testing::RawPeer;
using testing::TestServer;
using testing::with_client;

/// What a server's receive_all() gave and how it ended.
struct Given {
  std::promise<Result<void>> ended;
  std::vector<std::string> messages;  ///< until it ended

  WebSocketHandler until(std::string last) {
    return [this, last](HttpRequest, std::unique_ptr<WebSocket> socket) -> asio::awaitable<void> {
      auto receiving = socket->receive_all([&](MessageView message) {
        messages.emplace_back(message.payload);
        (void)socket->send({message.binary, std::string(message.payload)});
        return message.payload != last;
      });
      auto result = co_await std::move(receiving);
      while (result) {  // what it did not want
        auto more = co_await socket->receive();
        if (!more) break;
        messages.push_back("then " + more->payload);
        (void)socket->send(std::move(*more));
      }
      ended.set_value(std::move(result));
    };
  }
  Result<void> result() { return ended.get_future().get(); }
};

/// A server with one route.
struct Served {
  explicit Served(WebSocketHandler handler, WebSocketLimits limits = {}) {
    router.add_websocket("/ws", std::move(handler), limits);
    server.emplace(router);
  }
  std::uint16_t port() const { return server->port(); }
  Router router;
  std::optional<TestServer> server;
};

std::string frame(Opcode opcode, std::string_view payload) {
  std::string bytes;
  append_frame(bytes, opcode, payload, MaskKey{1, 2, 3, 4});
  return bytes;
}

TEST(ReceiveAll, GivesEveryMessageHoweverItIsCut) {
  Given given;
  Served server(given.until(""));
  RawPeer peer(server.port(), "/ws");
  std::string large(100'000, 'x');
  auto bytes = frame(Opcode::text, "one") + frame(Opcode::ping, "?") + frame(Opcode::text, "two") +
               frame(Opcode::binary, large) + frame(Opcode::text, "three");
  peer.send(std::string_view(bytes).substr(0, 3));
  peer.send(std::string_view(bytes).substr(3, 5000));
  peer.send(std::string_view(bytes).substr(5003));
  auto pong = peer.next();  // it overtakes what is queued
  ASSERT_TRUE(pong);
  EXPECT_TRUE(std::holds_alternative<Pong>(*pong));
  EXPECT_EQ(peer.next_text(), "one");
  EXPECT_EQ(peer.next_text(), "two");
  EXPECT_EQ(peer.next_text(), large);
  EXPECT_EQ(peer.next_text(), "three");
  peer.send_frame(Opcode::close, close_payload(1000, ""));
  EXPECT_EQ(peer.next_close(), 1000);
  EXPECT_EQ(given.result().error().code, Errc::end_of_stream);
  EXPECT_EQ(given.messages.size(), 4u);
}

TEST(ReceiveAll, WhatTheTakerDoesNotWantIsLeftForReceive) {
  Given given;
  Served server(given.until("stop"));
  RawPeer peer(server.port(), "/ws");
  peer.send(frame(Opcode::text, "one") + frame(Opcode::text, "stop") + frame(Opcode::text, "left") +
            frame(Opcode::text, "half").substr(0, 5));
  for (auto* expected : {"one", "stop", "left"}) EXPECT_EQ(peer.next_text(), expected);
  peer.send(frame(Opcode::text, "half").substr(5));
  EXPECT_EQ(peer.next_text(), "half");
  peer.send_frame(Opcode::close, close_payload(1000, ""));
  EXPECT_EQ(peer.next_close(), 1000);
  EXPECT_TRUE(given.result());
  EXPECT_EQ(given.messages, (std::vector<std::string>{"one", "stop", "then left", "then half"}));
}

TEST(ReceiveAll, WhatTheTakerThrowsEndsTheHandler) {
  Given given;
  Served server([](HttpRequest, std::unique_ptr<WebSocket> socket) -> asio::awaitable<void> {
    auto receiving = socket->receive_all(
        [](MessageView) -> bool { throw std::runtime_error("a taker that fails"); });
    (void)co_await std::move(receiving);
  });
  RawPeer peer(server.port(), "/ws");
  peer.send_frame(Opcode::text, "hello");
  EXPECT_EQ(peer.next_close(), 1011);
}

TEST(ReceiveAll, ABrokenProtocolAndABrokenConnectionEndIt) {
  Given broken_rules;
  Served strict(broken_rules.until(""));
  RawPeer rude(strict.port(), "/ws");
  rude.send(frame(Opcode::text, "one") + "\xF1\x80mask");
  EXPECT_EQ(rude.next_close(), 1002);
  EXPECT_EQ(broken_rules.result().error().code, Errc::unavailable);

  Given gone;
  Served server(gone.until(""));
  {
    RawPeer peer(server.port(), "/ws");
    peer.send_frame(Opcode::text, "one");
    EXPECT_EQ(peer.next_text(), "one");
  }
  EXPECT_EQ(gone.result().error().code, Errc::unavailable);
}

TEST(ReceiveAll, SilenceEndsIt) {
  Given quiet;
  Served server(quiet.until(""), {.message_timeout = 200ms});
  RawPeer peer(server.port(), "/ws");
  peer.send_frame(Opcode::text, "one");
  EXPECT_EQ(peer.next_text(), "one");
  EXPECT_EQ(quiet.result().error().code, Errc::timeout);
}

TEST(ReceiveAll, ManySocketsOfOneLoopComeAndGo) {
  Served server([](HttpRequest, std::unique_ptr<WebSocket> socket) -> asio::awaitable<void> {
    auto receiving = socket->receive_all([&](MessageView message) {
      return socket->send({false, std::string(message.payload)}).has_value();
    });
    (void)co_await std::move(receiving);
  });
  std::vector<std::unique_ptr<RawPeer>> peers;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 100; ++i) peers.push_back(std::make_unique<RawPeer>(server.port(), "/ws"));
    for (auto& peer : peers) peer->send_frame(Opcode::text, "hello");
    for (auto& peer : peers) EXPECT_EQ(peer->next_text(), "hello");
    // Every second one goes; its number is taken by the next round's.
    for (std::size_t i = peers.size(); i-- > 0;)
      if (i % 2 == 0) peers.erase(peers.begin() + static_cast<std::ptrdiff_t>(i));
  }
  for (auto& peer : peers) {
    peer->send_frame(Opcode::text, "still here");
    EXPECT_EQ(peer->next_text(), "still here");
  }
}

TEST(ReceiveAll, AClientHasItToo) {
  Served server([](HttpRequest, std::unique_ptr<WebSocket> socket) -> asio::awaitable<void> {
    for (auto* word : {"a", "b", "c"}) (void)socket->send({false, word});
    (void)co_await socket->receive();
  });
  with_client(*server.server, "/ws", [](WebSocket& socket) -> asio::awaitable<void> {
    std::string all;
    auto receiving = socket.receive_all([&](MessageView message) {
      all += message.payload;
      return all.size() < 3;
    });
    auto ended = co_await std::move(receiving);
    EXPECT_TRUE(ended);
    EXPECT_EQ(all, "abc");
  });
}

}  // namespace
}  // namespace parley::net
