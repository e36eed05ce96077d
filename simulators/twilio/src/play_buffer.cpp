#include "play_buffer.hpp"

namespace parley::simulators {

void PlayBuffer::add(const audio::Samples& samples) {
  queue_.insert(queue_.end(), samples.begin(), samples.end());
}

void PlayBuffer::mark(std::string name) {
  marks_.push_back({played_ + queue_.size(), std::move(name)});
}

void PlayBuffer::clear() {
  queue_.clear();
  for (auto& mark : marks_) mark.at = played_;
}

PlayBuffer::Frame PlayBuffer::play() {
  Frame frame;
  frame.samples.resize(audio::telephone_frame_samples, 0);
  auto count = std::min(queue_.size(), audio::telephone_frame_samples);
  std::copy_n(queue_.begin(), count, frame.samples.begin());
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
  frame.agent = count > 0;
  played_ += count;
  while (!marks_.empty() && marks_.front().at <= played_) {
    frame.marks.push_back(std::move(marks_.front().name));
    marks_.pop_front();
  }
  return frame;
}

}  // namespace parley::simulators
