#include "websocket_frames.hpp"

#include <gmock/gmock.h>

#include "parley/base/random.hpp"

namespace parley::net {
namespace {

constexpr MaskKey key{0x37, 0xfa, 0x21, 0x3d};

std::string frame(std::uint8_t first, std::string_view payload, bool masked = true) {
  std::string out;
  append_frame(out, Opcode::text, payload, masked ? std::optional(key) : std::nullopt);
  out[0] = static_cast<char>(first);
  return out;
}

struct Whole {
  bool binary;
  std::string payload;
};
/// An event that keeps its message.
using Event = std::variant<Whole, Ping, Pong, PeerClose, Violation>;

Event kept(FrameEvent event) {
  return std::visit(
      [](auto&& seen) -> Event {
        if constexpr (std::is_same_v<std::decay_t<decltype(seen)>, MessageView>)
          return Whole{seen.binary, std::string(seen.payload)};
        else
          return std::move(seen);
      },
      std::move(event));
}

/// Feeds `bytes` in pieces of `step` and gathers what comes out, until a final event.
std::vector<Event> read_all(FrameReader& reader, std::string_view bytes, std::size_t step) {
  std::vector<Event> events;
  while (!bytes.empty()) {
    std::string piece(bytes.substr(0, step));
    bytes.remove_prefix(piece.size());
    std::span<char> left(piece);
    while (!left.empty()) {
      std::optional<FrameEvent> event;
      left = left.subspan(reader.feed(left, event));
      if (!event) break;
      events.push_back(kept(std::move(*event)));
      if (events.back().index() >= 3) return events;
    }
  }
  return events;
}

int violation_code(std::string_view bytes, FrameReader::Side side = FrameReader::Side::server,
                   std::size_t limit = 1000) {
  int code = 0;
  for (std::size_t step : {std::size_t{1}, bytes.size()}) {
    FrameReader reader(side, limit);
    auto events = read_all(reader, bytes, step);
    if (events.empty() || !std::holds_alternative<Violation>(events.back())) return 0;
    code = std::get<Violation>(events.back()).code;
  }
  return code;
}

TEST(Frames, TheStandardsOwnExamples) {
  // RFC 6455, 5.7
  FrameReader server(FrameReader::Side::server, 100);
  auto masked = read_all(server, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 1);
  ASSERT_EQ(masked.size(), 1u);
  EXPECT_EQ(std::get<Whole>(masked[0]).payload, "Hello");
  FrameReader client(FrameReader::Side::client, 100);
  auto fragments = read_all(client, std::string_view("\x01\x03\x48\x65\x6c\x80\x02\x6c\x6f", 9), 2);
  ASSERT_EQ(fragments.size(), 1u);
  EXPECT_EQ(std::get<Whole>(fragments[0]).payload, "Hello");
}

TEST(Frames, EveryLengthAndEverySplitComesBack) {
  SeededRandom random(7);
  for (std::size_t size : {0u, 1u, 7u, 8u, 125u, 126u, 127u, 65535u, 65536u, 70001u}) {
    std::string payload(size, '\0');
    random.fill(std::as_writable_bytes(std::span(payload)));
    for (std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{4096}}) {
      FrameReader reader(FrameReader::Side::server, 100'000);
      std::string bytes;
      append_frame(bytes, Opcode::binary, payload, key);
      append_frame(bytes, Opcode::ping, "p", key);
      auto events = read_all(reader, bytes, step);
      ASSERT_EQ(events.size(), 2u) << size;
      EXPECT_TRUE(std::get<Whole>(events[0]).binary);
      EXPECT_EQ(std::get<Whole>(events[0]).payload, payload);
      EXPECT_EQ(std::get<Ping>(events[1]).payload, "p");
    }
  }
}

TEST(Frames, ControlFramesInsideAFragmentedMessage) {
  FrameReader reader(FrameReader::Side::server, 100);
  auto bytes = frame(0x01, "Gr\xC3") + frame(0x89, "still there?") + frame(0x00, "\xBC\xC3") +
               frame(0x8A, "") +
               frame(0x80,
                     "\x9F"
                     "e");
  auto events = read_all(reader, bytes, 1);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(std::get<Ping>(events[0]).payload, "still there?");
  EXPECT_TRUE(std::holds_alternative<Pong>(events[1]));
  EXPECT_EQ(std::get<Whole>(events[2]).payload, "Grüße");
}

TEST(Frames, ViolationsHaveTheirCloseCode) {
  EXPECT_EQ(violation_code(frame(0x81, "x", false)), 1002);  // a client must mask
  EXPECT_EQ(violation_code(frame(0x81, "x"), FrameReader::Side::client), 1002);
  EXPECT_EQ(violation_code(frame(0xC1, "x")), 1002);  // reserved bit: compression is off
  EXPECT_EQ(violation_code(frame(0x83, "x")), 1002);  // unknown opcode
  EXPECT_EQ(violation_code(frame(0x8B, "x")), 1002);
  EXPECT_EQ(violation_code(frame(0x09, "x")), 1002);                    // fragmented ping
  EXPECT_EQ(violation_code(frame(0x89, std::string(126, 'x'))), 1002);  // long ping
  EXPECT_EQ(violation_code(frame(0x80, "x")), 1002);                    // continues nothing
  EXPECT_EQ(violation_code(frame(0x01, "x") + frame(0x81, "y")), 1002);
  EXPECT_EQ(violation_code(frame(0x81, "\xC3\x28")), 1007);
  EXPECT_EQ(violation_code(frame(0x81, "12345678\xFF")), 1007);
  EXPECT_EQ(violation_code(frame(0x81, std::string(1001, 'x'))), 1009);
  EXPECT_EQ(violation_code(frame(0x01, std::string(600, 'x')) + frame(0x80, std::string(401, 'x'))),
            1009);
  EXPECT_EQ(violation_code("\x82\xFE\x00\x7D" + std::string(4, 'k')), 0);  // a NUL ends the literal
  EXPECT_EQ(violation_code(std::string("\x82\xFE\x00\x7D", 4) + "kkkk"), 1002);  // 125 as 16 bits
  EXPECT_EQ(violation_code(std::string("\x82\xFF\0\0\0\0\0\0\xFF\xFF", 10) + "kkkk"), 1002);
  EXPECT_EQ(violation_code(std::string("\x82\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10) + "kkkk"),
            1009);
}

TEST(Frames, CloseCodes) {
  auto close = [](int code, std::string_view reason) {
    return frame(0x88, close_payload(code, reason));
  };
  for (int code : {1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999}) {
    FrameReader reader(FrameReader::Side::server, 100);
    auto events = read_all(reader, close(code, "bye"), 1);
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(std::get<PeerClose>(events[0]).code, code);
    EXPECT_EQ(std::get<PeerClose>(events[0]).reason, "bye");
  }
  for (int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000})
    EXPECT_EQ(violation_code(close(code, "")), 1002) << code;
  EXPECT_EQ(violation_code(frame(0x88, "x")), 1002);
  EXPECT_EQ(violation_code(close(1000, "\xFF")), 0);  // close_payload never makes such a frame
  EXPECT_EQ(violation_code(frame(0x88, "\x03\xE8\xFF")), 1007);
  FrameReader reader(FrameReader::Side::server, 100);
  auto events = read_all(reader, frame(0x88, ""), 1);
  EXPECT_EQ(std::get<PeerClose>(events[0]).code, 1005);
}

TEST(Frames, CloseReasonIsCutBetweenCharacters) {
  std::string reason;
  for (int i = 0; i < 100; ++i) reason += "ü";
  auto payload = close_payload(1000, reason);
  EXPECT_EQ(payload.size(), 2u + 122u);
}

}  // namespace
}  // namespace parley::net
