#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "parley/audio/frame.hpp"
#include "parley/base/signal.hpp"
#include "parley/telephony/media_stream.hpp"

namespace parley::voice {

/// The agent's voice on its way to the caller's ear: paces audio to the carrier in pieces larger
/// than a frame (system calls are what a stream costs), and keeps honest books of what was played.
/// The carrier gives marks back when it played everything before them, but also when it is told to
/// clear; so what was heard is reckoned from the time each piece began to play. A mark behind the
/// first piece tells how far the ear is behind that reckoning, and one behind the last confirms the
/// end of a turn; those that a clear gave back have another name by then.
///
/// Every turn has a generation; what was made for an older one is dropped wherever it arrives.
class Playout {
 public:
  struct Options {
    Duration piece = std::chrono::milliseconds(200);        ///< sent at once
    Duration most_ahead = std::chrono::milliseconds(1000);  ///< sent but not played
    Duration refill_below = std::chrono::milliseconds(600);
    /// With this much ahead, audio that is still being made is gathered to whole pieces.
    Duration gather_above = std::chrono::milliseconds(300);
    /// How far back from where the caller stopped hearing a gap between words is looked for, to go
    /// on there after hold().
    Duration step_back = std::chrono::milliseconds(300);
    Duration mark_grace = std::chrono::milliseconds(1500);  ///< a mark later than this is lost
    /// Whole sentences fit: how much of one was heard is reckoned from its whole length.
    std::size_t max_queued_samples = std::size_t{8000} * 120;
  };
  /// What of the running turn reached the caller.
  struct Heard {
    std::string text;  ///< the words played, the last one perhaps in part
    Duration played{};
    std::vector<std::string> unheard;  ///< from the first sentence not played to its end
  };
  using Generation = std::uint64_t;

  /// `changed` is notified when drained(), speaking() or has_room() may have changed.
  Playout(Clock& clock, telephony::MediaStream& media, Signal& changed, Options options);

  /// A new turn. What the carrier holds of the last one plays before it; the rest is dropped.
  Generation begin();
  Generation generation() const noexcept { return generation_; }
  /// The audio that follows belongs to this sentence. Ignored for an old generation.
  void add_sentence(Generation generation, std::string text);
  /// False when the generation is over: stop making audio for it.
  bool add_audio(Generation generation, std::span<const std::int16_t> samples);
  /// No more comes for this turn.
  void finish(Generation generation);
  /// Stops the voice now. The generation is over.
  Heard interrupt();
  /// Stops the voice now; the turn stays, and what was not heard plays after release(), from the
  /// gap between words nearest to where the caller stopped hearing.
  void hold();
  void release();
  bool held() const noexcept { return held_; }
  /// The caller hears, or has heard, the sentence that was added last.
  bool in_last_sentence() const noexcept;
  void on_mark(std::string_view name);

  /// Audio is at the caller's ear, or about to be.
  bool speaking() const noexcept;
  /// The turn was finished and all of it was played (or interrupted).
  bool drained() const noexcept;
  /// When drained() will hold even if no mark comes; max when it does not depend on time.
  TimePoint drained_by() const noexcept;
  /// Room for more audio: the synthesizer runs at most max_queued_samples ahead.
  bool has_room() const noexcept;
  /// When the first audio of this turn left for the carrier.
  std::optional<TimePoint> first_audio() const noexcept { return first_audio_; }

  /// Sends as time passes; ends only by cancellation or when the stream is over.
  asio::awaitable<void> run();
  /// Returns when has_room(), or when the turn is over.
  asio::awaitable<void> wait_for_room(Generation generation);
  bool silent() const noexcept { return sent_ == 0; }  ///< nothing of this turn was sent

  /// Called with every piece as it is sent and where on the monotonic time line it plays; an
  /// interruption is told as silence from then on.
  std::function<void(TimePoint at, std::span<const std::int16_t>)> on_played;

 private:
  struct Sentence {
    std::string text;
    std::size_t begin = 0;  ///< sample index in the turn
    std::size_t end = 0;
  };
  Result<void> send_piece();
  /// Sends what may be sent. False when the stream is over.
  bool send_what_is_due();
  std::string mark_name() const;
  std::size_t waiting_samples() const noexcept { return end_ - sent_; }
  void silence_the_carrier();
  std::size_t gap_before(std::size_t sample) const;
  void forget_what_was_heard();
  Duration ahead() const noexcept;
  std::size_t played_samples() const noexcept;
  std::string heard_text(std::size_t played) const;

  Clock& clock_;
  telephony::MediaStream& media_;
  Options options_;
  Signal& changed_;
  Signal work_;
  Generation generation_ = 0;
  bool open_ = false;  ///< the turn may still get audio
  bool mark_sent_ = false;
  bool mark_back_ = false;
  std::vector<Sentence> sentences_;
  /// The samples [kept_from_, end_) of this turn: what waits, and what hold() may have to play
  /// again.
  std::vector<std::int16_t> audio_;
  std::size_t kept_from_ = 0;
  std::size_t end_ = 0;
  std::size_t sent_ = 0;          ///< samples of this turn handed to the carrier
  std::vector<std::byte> codes_;  ///< of one piece; kept, so that no piece allocates
  bool held_ = false;
  bool blocked_ = false;                ///< the connection takes no more at the moment
  int holds_ = 0;                       ///< of this turn: marks from before one prove nothing
  std::optional<TimePoint> probe_due_;  ///< when the mark behind the first piece should come back
  Duration way_there_{};                ///< from our reckoning to the ear
  TimePoint plays_until_{};             ///< when the carrier has played all that was sent
  std::optional<TimePoint> first_audio_;
};

}  // namespace parley::voice
