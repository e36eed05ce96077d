#pragma once
#include <deque>
#include <variant>

#include "parley/speech/recognizer.hpp"

namespace parley::speech {

/// What another engine would have to be given: the audio of the utterances that have no final yet,
/// their ends between them, and the words that are settled. Audio is bounded: the oldest goes.
class UtteranceHistory {
 public:
  static constexpr Duration longest = std::chrono::seconds(15);

  struct End {
    TimePoint asked{};
  };
  using Item = std::variant<audio::Frame, End>;

  void add(const audio::Frame& frame);
  void add_end(TimePoint asked);
  /// The oldest utterance has its final.
  void answered();
  /// This much of the oldest one's audio, as the running engine counts it, is in these words.
  void settle(std::string words, Duration until);
  /// Another engine begins with what is here.
  void move_on();

  /// Words of the oldest utterance that engines before the running one settled.
  const std::string& carried() const noexcept { return carried_; }
  /// When the oldest unanswered end was told; nothing: none is.
  std::optional<TimePoint> oldest_end() const;
  /// Items by their number since the call began; nothing when it is not there any more.
  std::size_t first() const noexcept { return first_; }
  std::size_t past_last() const noexcept { return first_ + items_.size(); }
  const Item& at(std::size_t number) const { return items_[number - first_]; }

 private:
  void drop_front();
  std::deque<Item> items_;
  std::size_t first_ = 0;
  Duration kept_{};       ///< of audio
  Duration forgotten_{};  ///< of the oldest utterance's audio, since the running engine began
  std::string carried_;
  std::string settled_;  ///< by the running engine
};

std::string joined(const std::string& first, const std::string& second);

}  // namespace parley::speech
