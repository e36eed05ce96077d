#include "hearing.hpp"

namespace parley::providers::pocketsphinx {

namespace {

constexpr auto model_frame = 10ms;
/// Silence kept before speech, so that soft beginnings are heard.
constexpr std::size_t lead_frames = 40;
/// And after it, besides what the detector itself waits.
constexpr int tail_frames = 15;
/// An utterance in which the detector found no speech is still decoded when it is this short: the
/// sender may have cut so close that there is no silence to compare with.
constexpr std::size_t max_held_frames = 300;
constexpr std::size_t partial_every_frames = 30;
/// Silence, in pieces of 20 ms, after which the text so far is told again, changed or not: whoever
/// decides whether the caller has ended wants to know it now.
constexpr int pause_pieces = 6;

/// A little more eager than the detector that ends turns: what it lets through is only decoded.
audio::VoiceActivityDetector::Options eager() {
  audio::VoiceActivityDetector::Options options;
  options.aggressiveness = 1;
  options.start_after = 60ms;
  return options;
}

}  // namespace

Ear::Ear(std::shared_ptr<Engine> engine, audio::Resampler resampler)
    : engine_(std::move(engine)), resampler_(std::move(resampler)), activity_(eager()) {
  reset_utterance();
}

Ear::~Ear() { return_decoders(); }

void Ear::expect(std::shared_ptr<const speech::Expectation> expectation) {
  expectation_ = std::move(expectation);
}

std::optional<std::string> Ear::hear(const audio::Frame& frame) {
  auto samples = resampler_.process(frame.samples);
  block_.insert(block_.end(), samples.begin(), samples.end());
  std::size_t at = 0;
  for (; block_.size() - at >= audio::telephone_frame_samples; at += audio::telephone_frame_samples)
    hear_block(std::span(block_).subspan(at, audio::telephone_frame_samples));
  block_.erase(block_.begin(), block_.begin() + static_cast<std::ptrdiff_t>(at));
  if (auto decoded = decode(false); !decoded) broken_ = decoded.error();
  const bool pause = std::exchange(pause_begun_, false);
  if (broken_ || (!pause && frames_since_partial_ < partial_every_frames)) return std::nullopt;
  frames_since_partial_ = 0;
  auto* source = grammar_started_ ? decoders_->grammar.get()
                 : ngram_started_ ? decoders_->ngram.get()
                                  : nullptr;
  auto text = source == nullptr ? std::string{} : source->partial();
  if (text.empty() || (text == partial_ && !pause)) return std::nullopt;
  partial_ = text;
  return text;
}

void Ear::hear_block(std::span<const std::int16_t> block) {
  const auto activity = activity_.process(block);
  quiet_pieces_ = activity.voiced ? 0 : quiet_pieces_ + 1;
  if (quiet_pieces_ == pause_pieces && activity.speech) pause_begun_ = true;
  analyzer_.push(block);
  for (const auto& mel : analyzer_.take()) admit({mel, floor_.follow(mel)}, activity.speech);
}

void Ear::admit(const FloorFrame& frame, bool speech) {
  const auto limit = static_cast<std::size_t>(engine_->options.max_utterance / model_frame);
  if (features_->frames() >= limit) return;
  if (speech) {
    spoken_ = true;
    trailing_ = tail_frames;
    admit_what_was_held(lead_frames);
  } else if (trailing_ > 0) {
    --trailing_;
  } else {
    held_.push_back(frame);
    if (held_.size() > (spoken_ ? lead_frames : max_held_frames)) held_.pop_front();
    return;
  }
  features_->push(frame);
}

void Ear::admit_what_was_held(std::size_t count) {
  const auto skipped = held_.size() - std::min(count, held_.size());
  for (std::size_t i = skipped; i < held_.size(); ++i) features_->push(held_[i]);
  held_.clear();
}

Result<void> Ear::start_one(std::unique_ptr<Decoder>& decoder, ModelKind kind) {
  if (!decoder) {
    auto opened = Decoder::open(engine_->options.model_directory, kind);
    if (!opened) return std::unexpected(opened.error());
    decoder = std::move(*opened);
  }
  return decoder->start(language_);
}

Result<void> Ear::start_decoders() {
  language_ = engine_->usable_language(expectation_.get());
  if (!language_->grammar.empty()) {
    if (auto started = start_one(decoders_->grammar, ModelKind::grammar); !started) return started;
    grammar_started_ = true;
  }
  if (!language_->arpa.empty()) {
    if (auto started = start_one(decoders_->ngram, ModelKind::ngram); !started) return started;
    ngram_started_ = true;
  }
  return {};
}

Result<void> Ear::decode(bool last) {
  if (broken_) return std::unexpected(*broken_);
  auto made = features_->take(last);
  frames_since_partial_ += made.size();
  waiting_.insert(waiting_.end(), made.begin(), made.end());
  if (waiting_.empty()) return {};
  if (!decoders_) {
    decoders_ = engine_->decoders.take();
    if (!decoders_) return {};  // the frames wait
    if (auto started = start_decoders(); !started) return started;
  }
  if (grammar_started_) decoders_->grammar->decode(waiting_);
  if (ngram_started_) decoders_->ngram->decode(waiting_);
  waiting_.clear();
  return {};
}

std::optional<Result<speech::Transcript>> Ear::finish() {
  if (!spoken_) admit_what_was_held(max_held_frames);
  auto decoded = decode(true);
  if (!decoded) {
    reset_utterance();
    return Result<speech::Transcript>(std::unexpected(decoded.error()));
  }
  if (!waiting_.empty()) return std::nullopt;
  grammar_reading_ = grammar_started_ ? decoders_->grammar->finish() : Reading{};
  ngram_reading_ = ngram_started_ ? decoders_->ngram->finish() : Reading{};
  grammar_started_ = ngram_started_ = false;
  reset_utterance();
  return Result<speech::Transcript>(judge(grammar_reading_, ngram_reading_));
}

void Ear::return_decoders() {
  if (!decoders_) return;
  // An utterance that nobody waits for any more still has to be ended before the next may start.
  if (!broken_) {
    if (grammar_started_) decoders_->grammar->finish();
    if (ngram_started_) decoders_->ngram->finish();
    engine_->decoders.give_back(std::move(decoders_));
  } else {
    decoders_.reset();
    engine_->decoders.lost();
  }
  grammar_started_ = ngram_started_ = false;
}

void Ear::reset_utterance() {
  return_decoders();
  features_.emplace(average_);
  held_.clear();
  waiting_.clear();
  trailing_ = 0;
  spoken_ = false;
  broken_.reset();
  frames_since_partial_ = 0;
  pause_begun_ = false;
  partial_.clear();
}

}  // namespace parley::providers::pocketsphinx
