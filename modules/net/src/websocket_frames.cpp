#include "websocket_frames.hpp"

#include <bit>
#include <cstring>

#include "parley/base/strings.hpp"

namespace parley::net {

namespace {

/// Of a message, before it has come.
constexpr std::uint64_t reserved_at_once = 4096;

constexpr std::size_t max_control_bytes = 125;

bool is_control(Opcode opcode) noexcept { return static_cast<std::uint8_t>(opcode) >= 8; }

bool is_known(std::uint8_t opcode) noexcept { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }

bool is_legal_close_code(int code) noexcept {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

/// XORs with the key, beginning at its byte `offset`; eight bytes at a time.
void apply_mask(char* bytes, std::size_t size, const MaskKey& key, std::size_t offset) noexcept {
  std::array<std::uint8_t, 8> rotated;
  for (std::size_t i = 0; i < 8; ++i) rotated[i] = key[(offset + i) % 4];
  auto wide_key = std::bit_cast<std::uint64_t>(rotated);
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes + i, 8);
    word ^= wide_key;
    std::memcpy(bytes + i, &word, 8);
  }
  for (; i < size; ++i) bytes[i] = static_cast<char>(bytes[i] ^ static_cast<char>(rotated[i % 8]));
}

/// Nearly every text message is plain ASCII JSON: look at eight bytes at a time first.
bool is_text(std::string_view bytes) noexcept {
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    if ((word & 0x8080808080808080) != 0) break;
  }
  return is_valid_utf8(bytes.substr(i));
}

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
    out += static_cast<char>(static_cast<std::uint8_t>(value >> shift));
}

}  // namespace

void append_frame(std::string& out, Opcode opcode, std::string_view payload,
                  std::optional<MaskKey> mask) {
  out += static_cast<char>(0x80 | static_cast<std::uint8_t>(opcode));
  const std::uint8_t mask_bit = mask ? 0x80 : 0;
  if (payload.size() < 126) {
    out += static_cast<char>(mask_bit | payload.size());
  } else if (payload.size() < 65536) {
    out += static_cast<char>(mask_bit | 126);
    append_big_endian(out, payload.size(), 2);
  } else {
    out += static_cast<char>(mask_bit | 127);
    append_big_endian(out, payload.size(), 8);
  }
  if (mask) out.append(reinterpret_cast<const char*>(mask->data()), mask->size());
  auto begin = out.size();
  out.append(payload);
  if (mask) apply_mask(out.data() + begin, payload.size(), *mask, 0);
}

std::string close_payload(int code, std::string_view reason) {
  std::string payload;
  append_big_endian(payload, static_cast<std::uint64_t>(code), 2);
  // The frame holds 123 bytes of reason; a cut may not fall inside a character.
  auto kept = reason.substr(0, max_control_bytes - 2);
  while (!kept.empty() && !is_valid_utf8(kept)) kept.remove_suffix(1);
  payload.append(kept);
  return payload;
}

std::size_t FrameReader::header_length() const noexcept {
  std::size_t length = 2;
  if (header_bytes_ < 2) return length;
  auto short_length = header_[1] & 0x7F;
  if (short_length == 126) length += 2;
  if (short_length == 127) length += 8;
  if ((header_[1] & 0x80) != 0) length += 4;
  return length;
}

std::optional<Violation> FrameReader::begin_frame() {
  auto opcode = static_cast<std::uint8_t>(header_[0] & 0x0F);
  if ((header_[0] & 0x70) != 0) return Violation{1002, "a reserved bit is set"};
  if (!is_known(opcode)) return Violation{1002, "unknown opcode"};
  opcode_ = static_cast<Opcode>(opcode);
  final_ = (header_[0] & 0x80) != 0;
  bool masked = (header_[1] & 0x80) != 0;
  if (masked != (side_ == Side::server))
    return Violation{1002, masked ? "a server may not mask" : "a client must mask"};

  std::uint64_t length = header_[1] & 0x7F;
  std::size_t at = 2;
  if (length >= 126) {
    std::size_t bytes = length == 126 ? 2 : 8;
    length = 0;
    for (std::size_t i = 0; i < bytes; ++i) length = length << 8 | header_[at++];
    if (length < (bytes == 2 ? 126u : 65536u))
      return Violation{1002, "the length is not in its shortest form"};
  }
  if (masked) std::memcpy(mask_.data(), header_.data() + at, mask_.size());
  mask_offset_ = 0;
  remaining_ = length;
  return check_length(length);
}

std::optional<Violation> FrameReader::check_length(std::uint64_t length) {
  if (is_control(opcode_)) {
    if (!final_) return Violation{1002, "a control frame may not be fragmented"};
    if (length > max_control_bytes) return Violation{1002, "a control frame is too long"};
    control_.clear();
    return std::nullopt;
  }
  if (opcode_ == Opcode::continuation) {
    if (!in_message_) return Violation{1002, "a continuation of nothing"};
  } else {
    if (in_message_) return Violation{1002, "a new message inside a fragmented one"};
    in_message_ = true;
    binary_ = opcode_ == Opcode::binary;
    // The room of a large one is given back to the heap: a quiet socket should be small.
    if (parts_.capacity() > reserved_at_once) parts_ = {};
    parts_.clear();
  }
  if (length > max_message_bytes_ - parts_.size())
    return Violation{1009, "the message is too large"};
  return std::nullopt;
}

std::size_t FrameReader::take_header(std::span<const char> bytes,
                                     std::optional<FrameEvent>& event) {
  std::size_t taken = 0;
  while (header_bytes_ < header_length() && taken < bytes.size())
    header_[header_bytes_++] = static_cast<std::uint8_t>(bytes[taken++]);
  if (header_bytes_ < header_length()) return taken;
  if (auto violation = begin_frame()) event = *violation;
  in_payload_ = true;
  return taken;
}

/// `bytes` are of this frame; what is whole in them is not copied.
std::optional<FrameEvent> FrameReader::take_payload(std::span<char> bytes) {
  if (side_ == Side::server) apply_mask(bytes.data(), bytes.size(), mask_, mask_offset_);
  mask_offset_ = (mask_offset_ + bytes.size()) % 4;
  remaining_ -= bytes.size();
  std::string_view piece(bytes.data(), bytes.size());
  bool whole = remaining_ == 0;
  if (whole) {
    in_payload_ = false;
    header_bytes_ = 0;
  }
  if (is_control(opcode_)) {
    control_ += piece;
    return whole ? std::optional(end_control()) : std::nullopt;
  }
  bool last = whole && final_;
  if (last) in_message_ = false;
  if (last && parts_.empty()) return end_data(piece);
  // At once, not by doubling; a length alone does not get a stranger memory.
  parts_.reserve(parts_.size() + piece.size() + std::min(remaining_, reserved_at_once));
  parts_ += piece;
  return last ? std::optional(end_data(parts_)) : std::nullopt;
}

FrameEvent FrameReader::end_control() {
  if (opcode_ == Opcode::ping) return Ping{std::move(control_)};
  if (opcode_ == Opcode::pong) return Pong{};
  if (control_.empty()) return PeerClose{};
  if (control_.size() == 1) return Violation{1002, "a close code has two bytes"};
  int code = static_cast<std::uint8_t>(control_[0]) << 8 | static_cast<std::uint8_t>(control_[1]);
  if (!is_legal_close_code(code)) return Violation{1002, "not a close code"};
  auto reason = control_.substr(2);
  if (!is_valid_utf8(reason)) return Violation{1007, "the close reason is not UTF-8"};
  return PeerClose{code, std::move(reason)};
}

FrameEvent FrameReader::end_data(std::string_view payload) const {
  if (!binary_ && !is_text(payload)) return Violation{1007, "the text is not UTF-8"};
  return MessageView{binary_, payload};
}

std::size_t FrameReader::feed(std::span<char> bytes, std::optional<FrameEvent>& event) {
  std::size_t taken = 0;
  while (!event) {
    if (!in_payload_) {
      taken += take_header(bytes.subspan(taken), event);
      if (!in_payload_ || event) return taken;
    }
    auto piece = bytes.subspan(taken);
    piece = piece.first(std::min<std::uint64_t>(piece.size(), remaining_));
    taken += piece.size();
    event = take_payload(piece);
    if (in_payload_) return taken;
  }
  return taken;
}

}  // namespace parley::net
