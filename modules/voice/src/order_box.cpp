#include "session_control.hpp"

namespace parley::voice {

Result<void> OrderBox::put(Order order) {
  std::lock_guard lock(mutex_);
  if (closed_) return fail(Errc::conflict, "the call is over");
  if (waiting_.size() >= most_waiting) return fail(Errc::rate_limited, "too many orders wait");
  if (std::holds_alternative<ListenIn>(order)) {
    if (listeners_ >= most_listeners)
      return fail(Errc::rate_limited, "too many people listen to this call");
    ++listeners_;
  }
  waiting_.push_back(std::move(order));
  return {};
}

std::optional<Order> OrderBox::take() {
  std::lock_guard lock(mutex_);
  if (waiting_.empty()) return std::nullopt;
  auto order = std::move(waiting_.front());
  waiting_.pop_front();
  return order;
}

void OrderBox::free_listener() {
  std::lock_guard lock(mutex_);
  if (listeners_ > 0) --listeners_;
}

Fifo<Order> OrderBox::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  return std::exchange(waiting_, {});
}

void Listening::add(std::shared_ptr<Listener> listener, Duration now) {
  if (!sound_) {
    sound_.emplace(audio::StereoRecorder::Options{.max_buffered = std::chrono::seconds(10)});
    since_ = now;
  }
  listeners_.push_back(std::move(listener));
}

bool Listening::remove(const std::shared_ptr<Listener>& listener) {
  auto found = std::ranges::find(listeners_, listener);
  if (found == listeners_.end()) return false;
  listeners_.erase(found);
  if (listeners_.empty()) sound_.reset();
  return true;
}

void Listening::hear(Track track, Duration at, std::span<const std::int16_t> samples) {
  if (sound_ && at >= since_) sound_->add(track, at - since_, samples);
}

void Listening::tell(Duration now) {
  if (!sound_ || now - lateness <= since_) return;
  auto interleaved = sound_->drain(now - lateness - since_);
  if (interleaved.empty()) return;
  for (auto& listener : listeners_) listener->heard(interleaved);
}

void Listening::end() {
  for (auto& listener : std::exchange(listeners_, {})) listener->ended();
  sound_.reset();
}

}  // namespace parley::voice
