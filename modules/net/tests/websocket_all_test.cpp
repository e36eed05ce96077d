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

/// With io_uring, where the kernel has it, and without.
class ReceiveAll : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override { use_io_uring(GetParam()); }
  void TearDown() override { use_io_uring(true); }
};
INSTANTIATE_TEST_SUITE_P(By, ReceiveAll, ::testing::Values(true, false),
                         [](const auto& info) { return info.param ? "ring" : "epoll"; });

TEST_P(ReceiveAll, GivesEveryMessageHoweverItIsCut) {
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

TEST_P(ReceiveAll, WhatTheTakerDoesNotWantIsLeftForReceive) {
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

TEST_P(ReceiveAll, WhatTheTakerThrowsEndsTheHandler) {
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

TEST_P(ReceiveAll, ABrokenProtocolAndABrokenConnectionEndIt) {
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

TEST_P(ReceiveAll, SilenceEndsIt) {
  Given quiet;
  Served server(quiet.until(""), {.message_timeout = 200ms});
  RawPeer peer(server.port(), "/ws");
  peer.send_frame(Opcode::text, "one");
  EXPECT_EQ(peer.next_text(), "one");
  EXPECT_EQ(quiet.result().error().code, Errc::timeout);
}

TEST_P(ReceiveAll, ManySocketsOfOneLoopComeAndGo) {
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

TEST_P(ReceiveAll, AClientHasItToo) {
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

/// More than a loop's room for what came: it is filled again and again.
TEST_P(ReceiveAll, MuchAtOnceFromManyLosesNothing) {
  Served server([](HttpRequest, std::unique_ptr<WebSocket> socket) -> asio::awaitable<void> {
    std::size_t bytes = 0;
    auto receiving = socket->receive_all([&](MessageView message) {
      bytes += message.payload.size();
      return message.payload != "end" || !socket->send({false, std::to_string(bytes)});
    });
    (void)co_await std::move(receiving);
  });
  std::vector<std::unique_ptr<RawPeer>> peers;
  for (int i = 0; i < 100; ++i) peers.push_back(std::make_unique<RawPeer>(server.port(), "/ws"));
  std::string burst;
  for (int i = 0; i < 10; ++i) burst += frame(Opcode::binary, std::string(3000, 'x'));
  for (int round = 0; round < 3; ++round)
    for (auto& peer : peers) peer->send(burst);
  for (auto& peer : peers) peer->send_frame(Opcode::text, "end");
  for (auto& peer : peers) EXPECT_EQ(peer->next_text(), std::to_string(3 * 10 * 3000 + 3));
}

TEST_P(ReceiveAll, APeerThatTakesNothingIsGivenUp) {
  std::promise<Result<void>> ended;
  Served server(
      [&](HttpRequest, std::unique_ptr<WebSocket> socket) -> asio::awaitable<void> {
        auto receiving = socket->receive_all([&](MessageView) {
          while (socket->send({true, std::string(60'000, 'x')})) {
          }
          return true;
        });
        ended.set_value(co_await std::move(receiving));
      },
      {.max_queued_bytes = 16u << 20, .idle_timeout = 300ms});
  RawPeer peer(server.port(), "/ws");
  peer.send_frame(Opcode::text, "begin");
  EXPECT_EQ(ended.get_future().get().error().code, Errc::unavailable);
}

/// What is on its way when nothing more is wanted arrives all the same.
TEST_P(ReceiveAll, WhatWasSentLastArrives) {
  Served server([](HttpRequest, std::unique_ptr<WebSocket> socket) -> asio::awaitable<void> {
    auto receiving = socket->receive_all([&](MessageView) {
      (void)socket->send({true, std::string(300'000, 'x')});
      return false;
    });
    (void)co_await std::move(receiving);
  });
  RawPeer peer(server.port(), "/ws");
  peer.send_frame(Opcode::text, "begin");
  EXPECT_EQ(peer.next_text(), std::string(300'000, 'x'));
  EXPECT_EQ(peer.next_close(), 1000);
  peer.send_frame(Opcode::close, close_payload(1000, ""));
  EXPECT_TRUE(peer.at_end());
}

}  // namespace
}  // namespace parley::net
