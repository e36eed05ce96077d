#pragma once
#include "net_fixture.hpp"
#include "websocket_frames.hpp"

namespace parley::net::testing {

/// A WebSocket peer made of bytes.
class RawPeer : public RawClient {
 public:
  RawPeer(std::uint16_t port, std::string_view path) : RawClient(port) {
    send("GET " + std::string(path) +
         " HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    handshake = take_until("\r\n\r\n");
  }
  void send_frame(Opcode opcode, std::string_view payload) {
    std::string bytes;
    append_frame(bytes, opcode, payload, MaskKey{1, 2, 3, 4});
    send(bytes);
  }
  /// Good until the next.
  std::optional<FrameEvent> next() {
    while (true) {
      std::optional<FrameEvent> event;
      byte_ = take(1);
      if (byte_.empty()) return std::nullopt;
      reader_.feed(byte_, event);
      if (event) return event;
    }
  }
  std::string next_text() {
    auto event = next();
    auto* message = event ? std::get_if<MessageView>(&*event) : nullptr;
    return message ? std::string(message->payload) : "(none)";
  }
  int next_close() {
    auto event = next();
    auto* closed = event ? std::get_if<PeerClose>(&*event) : nullptr;
    return closed ? closed->code : 0;
  }
  std::string handshake;

 private:
  std::string byte_;
  FrameReader reader_{FrameReader::Side::client, 1 << 20};
};

/// Runs `use` with a client socket open to the server.
template <class Use>
void with_client(TestServer& server, std::string_view path, Use use) {
  run([&]() -> asio::awaitable<void> {
    SystemClock clock;
    WebSocketTarget target{.url = server.url(path, "ws")};
    auto socket = co_await connect_websocket(Context{}, clock, std::move(target));
    EXPECT_TRUE(socket) << socket.error().detail;
    if (!socket) co_return;
    auto work = use(**socket);
    co_await std::move(work);
  });
}

}  // namespace parley::net::testing
