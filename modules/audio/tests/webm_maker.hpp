#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "parley/base/strings.hpp"

namespace parley::audio::testing {

/// Writes WebM as MediaRecorder does, and as it does not.
class WebmMaker {
 public:
  struct Block {
    unsigned track = 1;
    unsigned flags = 0x80;
  };

  /// An element's head: its id as written, and a size of eight bytes.
  WebmMaker& head(std::string_view id, std::uint64_t size_bytes) {
    bytes_ += id;
    bytes_ += '\1';
    for (int shift = 48; shift >= 0; shift -= 8)
      bytes_ += static_cast<char>(size_bytes >> shift & 0xff);
    return *this;
  }
  WebmMaker& element(std::string_view id, std::string_view content) {
    head(id, content.size());
    bytes_ += content;
    return *this;
  }
  WebmMaker& header(std::string_view type = "webm") {
    WebmMaker inside;
    inside.element("\x42\x86", "\1").element("\x42\x82", type);
    return element("\x1A\x45\xDF\xA3", inside.bytes());
  }
  WebmMaker& segment() { return unknown("\x18\x53\x80\x67"); }
  WebmMaker& segment_of(std::uint64_t size) { return head("\x18\x53\x80\x67", size); }
  WebmMaker& cluster() {
    unknown("\x1F\x43\xB6\x75");
    return element("\xE7", std::string(1, '\0'));
  }
  WebmMaker& cluster_of(std::uint64_t size) { return head("\x1F\x43\xB6\x75", size); }
  WebmMaker& tracks(int channels, std::string_view codec = "A_OPUS",
                    std::string_view magic = "OpusHead") {
    std::string opus_head(magic);
    opus_head += '\1';
    opus_head += static_cast<char>(channels);
    opus_head += std::string("\x38\x01\x80\xBB\x00\x00\x00\x00\x00", 9);  // 312 before the sound
    WebmMaker entry;
    entry.element("\xD7", "\1").element("\x83", "\2").element("\x86", codec);
    entry.element("\x63\xA2", opus_head);
    WebmMaker video;
    video.element("\xD7", "\2").element("\x83", "\1").element("\x86", "V_VP8");
    WebmMaker inside;
    inside.element("\xAE", video.bytes()).element("\xAE", entry.bytes());
    return element("\x16\x54\xAE\x6B", inside.bytes());
  }
  WebmMaker& block(std::string_view packet, Block how = {1, 0x80}) {
    return element("\xA3", framed(packet, how));
  }
  WebmMaker& group(std::string_view packet) {
    WebmMaker inside;
    inside.element("\xA1", framed(packet, {1, 0}));
    return element("\xA0", inside.bytes());
  }
  /// Space that means nothing.
  WebmMaker& nothing(std::size_t size) { return element("\xEC", std::string(size, '\0')); }

  const std::string& bytes() const { return bytes_; }

 private:
  WebmMaker& unknown(std::string_view id) {
    bytes_ += id;
    bytes_ += std::string("\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8);
    return *this;
  }
  static std::string framed(std::string_view packet, Block how) {
    std::string block;
    block += static_cast<char>(0x80 | how.track);
    block += std::string(2, '\0');
    block += static_cast<char>(how.flags);
    block += packet;
    return block;
  }
  std::string bytes_;
};

}  // namespace parley::audio::testing
