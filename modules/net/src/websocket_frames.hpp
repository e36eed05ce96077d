#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "parley/net/websocket.hpp"

namespace parley::net {

/// RFC 6455 frames, without any I/O.
enum class Opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10
};

using MaskKey = std::array<std::uint8_t, 4>;

/// Appends one final frame; a client masks, a server does not.
void append_frame(std::string& out, Opcode opcode, std::string_view payload,
                  std::optional<MaskKey> mask);
std::string close_payload(int code, std::string_view reason);

struct Ping {
  std::string payload;
};
struct Pong {};
struct PeerClose {
  int code = 1005;  ///< 1005: the frame carried none
  std::string reason;
};
/// The peer broke the protocol; the connection ends with this close code.
struct Violation {
  int code = 1002;
  std::string_view what;
};
/// A message lies in the bytes that were fed, or in the reader until it is fed again.
using FrameEvent = std::variant<MessageView, Ping, Pong, PeerClose, Violation>;

/// Puts messages together from frames and fragments.
class FrameReader {
 public:
  enum class Side { server, client };  ///< which end we are: a server's peer must mask
  FrameReader(Side side, std::size_t max_message_bytes)
      : side_(side), max_message_bytes_(max_message_bytes) {}

  /// Takes bytes until one event is complete or all are used; returns how many it took. Unmasks
  /// where they lie. After a Violation or PeerClose it must not be fed again.
  std::size_t feed(std::span<char> bytes, std::optional<FrameEvent>& event);

 private:
  std::optional<Violation> begin_frame();
  std::optional<Violation> check_length(std::uint64_t length);
  FrameEvent end_control();
  FrameEvent end_data(std::string_view payload) const;
  std::optional<FrameEvent> take_payload(std::span<char> bytes);
  std::size_t take_header(std::span<const char> bytes, std::optional<FrameEvent>& event);
  std::size_t header_length() const noexcept;

  Side side_;
  std::size_t max_message_bytes_;
  std::array<std::uint8_t, 14> header_{};
  std::size_t header_bytes_ = 0;
  bool in_payload_ = false;

  Opcode opcode_ = Opcode::text;
  bool final_ = false;
  MaskKey mask_{};
  std::uint64_t remaining_ = 0;
  std::size_t mask_offset_ = 0;
  std::string control_;

  bool in_message_ = false;
  bool binary_ = false;
  std::string parts_;  ///< of a message that did not come in one piece
};

}  // namespace parley::net
