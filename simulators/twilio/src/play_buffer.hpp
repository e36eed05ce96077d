#pragma once
#include <deque>
#include <string>
#include <vector>

#include "parley/audio/frame.hpp"

namespace parley::simulators {

/// What the carrier holds of the agent's audio: plays in order, 160 samples a frame; a mark comes
/// back when everything before it was played.
class PlayBuffer {
 public:
  void add(const audio::Samples& samples);
  void mark(std::string name);
  /// Forgets the audio; every pending mark comes back.
  void clear();
  struct Frame {
    audio::Samples samples;
    bool agent = false;
    std::vector<std::string> marks;
  };
  Frame play();
  bool empty() const noexcept { return queue_.empty(); }

 private:
  struct Mark {
    std::uint64_t at;
    std::string name;
  };
  std::deque<std::int16_t> queue_;
  std::deque<Mark> marks_;
  std::uint64_t played_ = 0;
};

}  // namespace parley::simulators
