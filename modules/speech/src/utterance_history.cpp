#include "utterance_history.hpp"

namespace parley::speech {

std::string joined(const std::string& first, const std::string& second) {
  if (first.empty() || second.empty()) return first + second;
  return first + " " + second;
}

void UtteranceHistory::drop_front() {
  if (auto* frame = std::get_if<audio::Frame>(&items_.front())) {
    kept_ -= frame->duration();
    forgotten_ += frame->duration();
  }
  items_.pop_front();
  ++first_;
}

void UtteranceHistory::add(const audio::Frame& frame) {
  items_.push_back(frame);
  kept_ += frame.duration();
  // Ends stay: each of them is owed an answer.
  while (kept_ > longest && std::holds_alternative<audio::Frame>(items_.front())) drop_front();
}

void UtteranceHistory::add_end(TimePoint asked) { items_.push_back(End{asked}); }

void UtteranceHistory::answered() {
  while (!items_.empty()) {
    bool is_end = std::holds_alternative<End>(items_.front());
    drop_front();
    if (is_end) break;
  }
  forgotten_ = {};
  carried_.clear();
  settled_.clear();
}

void UtteranceHistory::settle(std::string words, Duration until) {
  settled_ = std::move(words);
  while (!items_.empty()) {
    auto* frame = std::get_if<audio::Frame>(&items_.front());
    if (!frame || forgotten_ + frame->duration() > until) break;
    drop_front();
  }
}

void UtteranceHistory::move_on() {
  carried_ = joined(carried_, settled_);
  settled_.clear();
  forgotten_ = {};
}

std::optional<TimePoint> UtteranceHistory::oldest_end() const {
  for (auto& item : items_)
    if (auto* end = std::get_if<End>(&item)) return end->asked;
  return std::nullopt;
}

}  // namespace parley::speech
