#pragma once
#include <optional>
#include <span>
#include <string_view>

#include "parley/audio/answer_kind.hpp"
#include "parley/audio/frame.hpp"
#include "parley/audio/tone_detector.hpp"
#include "parley/audio/voice_activity.hpp"

namespace parley::audio {

struct AnswerVerdict {
  AnswerKind kind = AnswerKind::undecided;
  double confidence = 0;
  Duration at{};  ///< since the answer: when it became this kind
  /// When the beep was over; a message may begin.
  std::optional<Duration> beep;
};

/// Tells people from machines by the sound of the answer alone, while something else already plays
/// the other way: people say a word or a name and wait, machines speak on and beep. A function of
/// the frames given; a verdict may change once more is heard (a beep proves a machine), and words,
/// when somebody recognizes them, count more than the rhythm. One stream, one thread at a time;
/// about 20 us a frame.
class AnswerDetector {
 public:
  struct Options {
    /// The first words of a person end by now; a voice that goes on is a machine's.
    Duration longest_hello = std::chrono::milliseconds(2600);
    /// So long a pause after them means that an answer is expected.
    Duration awaiting_pause = std::chrono::milliseconds(700);
    /// Pauses inside a greeting are shorter.
    Duration sentence_pause = std::chrono::milliseconds(500);
    /// Shorter sounds are clicks.
    Duration shortest_voice = std::chrono::milliseconds(140);
    /// A voice that went on and then waits in vain was a person's after all, up to this length.
    Duration longest_person = std::chrono::milliseconds(5000);
    Duration waits_in_vain = std::chrono::milliseconds(2200);
    /// Silence from the beginning.
    Duration nobody_speaks = std::chrono::seconds(5);
    VoiceActivityDetector::Options activity;
  };

  AnswerDetector() : AnswerDetector(Options{}) {}
  explicit AnswerDetector(Options options);

  /// One telephone frame of what picked up.
  void process(std::span<const std::int16_t> frame);
  /// What was said, as far as it is known by now.
  void hear(std::string_view words);
  /// What somebody else found out, a carrier: counts as much as its confidence.
  void believe(AnswerKind kind, double confidence);
  /// Somebody else comes to the line: as at the answer, but time goes on.
  void begin_again();

  const AnswerVerdict& verdict() const noexcept { return verdict_; }
  /// Since the start.
  Duration now() const noexcept { return now_; }
  /// How long nothing at all was said, or beeped.
  Duration silent_for() const noexcept { return now_ - last_sound_; }

 private:
  void decide(AnswerKind kind, double confidence);
  void on_tone(const ToneDetector::Found& tone);
  bool is_vowel(const ToneDetector::Found& tone) const;
  void judge_rhythm();

  Options options_;
  VoiceActivityDetector activity_;
  ToneDetector tones_;
  AnswerVerdict verdict_;
  Duration now_{};
  Duration began_{};       ///< of this one at the line
  Duration last_sound_{};  ///< the end of the last voiced or tonal frame
  // The stretch of voice that is going on, or was the last: its short pauses are part of it.
  std::optional<Duration> stretch_began_;
  Duration stretch_ended_{};
  Duration voiced_{};  ///< of the stretch
  bool first_stretch_over_ = false;
  bool ringing_ = false;
  bool was_tonal_ = false;
  std::uint32_t voiced_frames_ = 0;       ///< a bit each, the newest lowest
  std::uint32_t voiced_before_tone_ = 0;  ///< as they were when the last tone began
  bool by_words_ = false;  ///< or by somebody's word: the rhythm decides nothing any more
};

/// What words say of who speaks them; undecided when nothing.
struct AnswerWords {
  AnswerKind kind = AnswerKind::undecided;
  double confidence = 0;
};
AnswerWords judge_answer(std::string_view words);

}  // namespace parley::audio
