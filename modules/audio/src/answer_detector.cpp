#include "parley/audio/answer_detector.hpp"

#include <algorithm>

namespace parley::audio {

namespace {

double seconds(Duration length) { return std::chrono::duration<double>(length).count(); }

constexpr std::array<std::string_view, 6> names{"undecided", "human", "machine",
                                                "screening", "fax",   "unknown"};
constexpr Duration longest_vowel = std::chrono::milliseconds(300);
constexpr double proven = 0.97;

}  // namespace

std::string_view to_string(AnswerKind kind) noexcept {
  return names[static_cast<std::size_t>(kind)];
}

AnswerKind answer_kind(std::string_view word) noexcept {
  auto found = std::ranges::find(names, word);
  if (found == names.end()) return AnswerKind::undecided;
  return static_cast<AnswerKind>(found - names.begin());
}

AnswerDetector::AnswerDetector(Options options) : options_(options), activity_(options.activity) {}

void AnswerDetector::decide(AnswerKind kind, double confidence) {
  if (kind != verdict_.kind) verdict_.at = now_;
  verdict_.kind = kind;
  verdict_.confidence = confidence;
}

void AnswerDetector::process(std::span<const std::int16_t> frame) {
  now_ += frame_length;
  auto activity = activity_.process(frame);
  if (auto tone = tones_.process(frame)) on_tone(*tone);
  if (tones_.tonal() && !was_tonal_) voiced_before_tone_ = voiced_frames_;
  was_tonal_ = tones_.tonal();
  bool voiced = activity.voiced && !tones_.tonal();
  voiced_frames_ = voiced_frames_ << 1 | (voiced ? 1U : 0U);
  if (voiced || tones_.tonal()) last_sound_ = now_;
  // It rings on somewhere else: nobody has answered yet.
  if (ringing_ && tones_.tonal()) began_ = now_;
  if (voiced) {
    bool goes_on = stretch_began_ && now_ - stretch_ended_ <= options_.sentence_pause;
    if (!goes_on) {
      bool was_voice = stretch_began_ && voiced_ >= options_.shortest_voice;
      first_stretch_over_ = first_stretch_over_ || was_voice;
      stretch_began_ = now_ - frame_length;
      voiced_ = {};
    }
    stretch_ended_ = now_;
    voiced_ += frame_length;
  }
  if (!by_words_) judge_rhythm();
}

void AnswerDetector::judge_rhythm() {
  bool spoke = stretch_began_ && voiced_ >= options_.shortest_voice;
  if (!spoke) {
    if (verdict_.kind == AnswerKind::undecided && now_ - began_ >= options_.nobody_speaks)
      decide(AnswerKind::unknown, 0.5);
    return;
  }
  auto length = stretch_ended_ - *stretch_began_;
  auto pause = now_ - stretch_ended_;
  bool open = verdict_.kind == AnswerKind::undecided || verdict_.kind == AnswerKind::unknown;
  if (length > options_.longest_hello) {
    // People who were greeted may talk long as well: only the first words tell by their length.
    if (open || (verdict_.kind == AnswerKind::machine && !verdict_.beep))
      decide(AnswerKind::machine,
             std::min(0.95, 0.6 + 0.12 * seconds(length - options_.longest_hello)));
    bool in_vain = verdict_.kind == AnswerKind::machine && !verdict_.beep && !first_stretch_over_ &&
                   length <= options_.longest_person && pause >= options_.waits_in_vain;
    if (in_vain) decide(AnswerKind::human, 0.55);
    return;
  }
  if (open && pause >= options_.awaiting_pause)
    decide(AnswerKind::human, 0.92 - 0.12 * seconds(length));
}

/// A short tone with a voice right before or after it is a vowel that was held. The frames before
/// it is known to be a tone are its own beginning.
bool AnswerDetector::is_vowel(const ToneDetector::Found& tone) const {
  constexpr std::uint32_t before = 0b1'1111'1110'0000;  // 100 to 260 ms before
  constexpr std::uint32_t after = 0b1111;               // the last 80 ms
  bool among_voice = (voiced_before_tone_ & before) != 0 || (voiced_frames_ & after) != 0;
  return tone.length < longest_vowel && among_voice;
}

void AnswerDetector::on_tone(const ToneDetector::Found& tone) {
  using Kind = ToneDetector::Kind;
  switch (tone.kind) {
    case Kind::beep:
      if (is_vowel(tone)) break;
      verdict_.beep = now_;
      by_words_ = true;
      decide(AnswerKind::machine, proven);
      break;
    case Kind::fax:
    case Kind::fax_call:
      by_words_ = true;
      verdict_.beep.reset();
      decide(AnswerKind::fax, proven);
      break;
    case Kind::network:
      by_words_ = true;
      decide(AnswerKind::unknown, proven);
      break;
    case Kind::ringing:
      ringing_ = true;
      break;
  }
}

void AnswerDetector::hear(std::string_view words) {
  auto judged = judge_answer(words);
  if (judged.kind == AnswerKind::undecided || verdict_.beep) return;
  if (by_words_ && judged.confidence < verdict_.confidence) return;
  by_words_ = true;
  decide(judged.kind, judged.confidence);
}

void AnswerDetector::believe(AnswerKind kind, double confidence) {
  if (kind == AnswerKind::undecided || verdict_.beep) return;
  bool agrees = kind == verdict_.kind;
  if (!agrees && verdict_.kind != AnswerKind::undecided && confidence < verdict_.confidence) return;
  decide(kind, agrees ? std::max(confidence, verdict_.confidence) : confidence);
  by_words_ = true;
}

void AnswerDetector::begin_again() {
  verdict_ = {};
  began_ = last_sound_ = now_;
  stretch_began_.reset();
  voiced_ = {};
  first_stretch_over_ = false;
  by_words_ = false;
}

}  // namespace parley::audio
