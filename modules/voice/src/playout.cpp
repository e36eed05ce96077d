#include "playout.hpp"

#include <algorithm>

#include "parley/audio/g711.hpp"

namespace parley::voice {

namespace {

Duration duration_of(std::size_t samples) {
  return std::chrono::microseconds(125) * static_cast<std::int64_t>(samples);  // 8 kHz
}

std::size_t samples_in(Duration duration) {
  return static_cast<std::size_t>(
      std::max<std::int64_t>(0, duration / std::chrono::microseconds(125)));
}

/// The first `fraction` of the text's words.
std::string first_words(std::string_view text, double fraction) {
  std::size_t words = 1 + static_cast<std::size_t>(std::ranges::count(text, ' '));
  auto keep = static_cast<std::size_t>(static_cast<double>(words) * std::clamp(fraction, 0.0, 1.0));
  std::size_t end = 0;
  while (keep > 0) {
    auto space = text.find(' ', end);
    if (space == std::string_view::npos) return std::string(text);
    end = space + 1;
    --keep;
  }
  return std::string(text.substr(0, end == 0 ? 0 : end - 1));
}

std::vector<std::byte> encode(telephony::Codec codec, const audio::Samples& samples) {
  auto copy = [](const auto& values) {
    auto bytes = std::as_bytes(std::span(values));
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  };
  switch (codec) {
    case telephony::Codec::mulaw:
      return copy(audio::mulaw_encode(samples));
    case telephony::Codec::alaw:
      return copy(audio::alaw_encode(samples));
    case telephony::Codec::pcm16:
      break;
  }
  return copy(samples);
}

std::string mark_name(Playout::Generation generation) {
  return "turn-" + std::to_string(generation);
}

}  // namespace

Playout::Playout(Clock& clock, telephony::MediaStream& media, Signal& changed, Options options)
    : clock_(clock), media_(media), options_(options), changed_(changed) {}

Playout::Generation Playout::begin() {
  ++generation_;
  open_ = true;
  mark_sent_ = false;
  mark_back_ = false;
  sentences_.clear();
  queue_.clear();
  sent_ = 0;
  first_audio_.reset();
  return generation_;
}

void Playout::add_sentence(Generation generation, std::string text) {
  if (generation != generation_ || !open_) return;
  auto at = sent_ + queue_.size();
  sentences_.push_back({std::move(text), at, at});
}

bool Playout::add_audio(Generation generation, std::span<const std::int16_t> samples) {
  if (generation != generation_ || !open_) return false;
  queue_.insert(queue_.end(), samples.begin(), samples.end());
  if (!sentences_.empty()) sentences_.back().end = sent_ + queue_.size();
  work_.notify();
  changed_.notify();
  return true;
}

void Playout::finish(Generation generation) {
  if (generation != generation_) return;
  open_ = false;
  work_.notify();
  changed_.notify();
}

Playout::Heard Playout::interrupt() {
  Heard heard;
  auto played = played_samples();
  heard.played = duration_of(played);
  heard.text = heard_text(played);
  for (auto& sentence : sentences_)
    if (sentence.end > played || sentence.end == sentence.begin)
      heard.unheard.push_back(sentence.text);
  queue_.clear();
  // A failing clear means the connection is gone, and with it what it held.
  (void)media_.clear();
  auto now = clock_.now();
  if (on_played && plays_until_ > now) {
    std::vector<std::int16_t> silence(samples_in(plays_until_ - now), 0);
    on_played(now, silence);
  }
  plays_until_ = now;
  open_ = false;
  mark_sent_ = true;
  mark_back_ = true;
  ++generation_;
  changed_.notify();
  return heard;
}

void Playout::on_mark(std::string_view name) {
  if (!mark_sent_ || name != mark_name(generation_)) return;
  mark_back_ = true;
  plays_until_ = std::min(plays_until_, clock_.now());
  changed_.notify();
}

Duration Playout::ahead() const noexcept {
  auto now = clock_.now();
  return plays_until_ > now ? plays_until_ - now : Duration::zero();
}

std::size_t Playout::played_samples() const noexcept {
  auto waiting = samples_in(ahead());
  return sent_ > waiting ? sent_ - waiting : 0;
}

std::string Playout::heard_text(std::size_t played) const {
  std::string text;
  for (auto& sentence : sentences_) {
    if (sentence.begin >= played) break;
    double share = sentence.end <= played ? 1.0
                                          : static_cast<double>(played - sentence.begin) /
                                                static_cast<double>(sentence.end - sentence.begin);
    auto words = first_words(sentence.text, share);
    if (words.empty()) break;
    if (!text.empty()) text += ' ';
    text += words;
  }
  return text;
}

bool Playout::speaking() const noexcept { return !queue_.empty() || ahead() > Duration::zero(); }

bool Playout::drained() const noexcept {
  if (open_ || !queue_.empty()) return false;
  return sent_ == 0 || mark_back_ || clock_.now() >= plays_until_ + options_.mark_grace;
}

TimePoint Playout::drained_by() const noexcept {
  if (open_ || !queue_.empty()) return TimePoint::max();
  return plays_until_ + options_.mark_grace;
}

bool Playout::has_room() const noexcept { return queue_.size() < options_.max_queued_samples; }

asio::awaitable<void> Playout::wait_for_room(Generation generation) {
  while (!has_room() && generation == generation_) co_await changed_.wait();
}

Result<void> Playout::send_piece() {
  auto count = std::min(queue_.size(), samples_in(options_.piece));
  audio::Samples samples(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
  auto sent = media_.send_audio(encode(media_.codec(), samples));
  if (!sent) return sent;
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
  auto now = clock_.now();
  if (!first_audio_) first_audio_ = now;
  auto starts = std::max(now, plays_until_);
  if (on_played) on_played(starts, samples);
  plays_until_ = starts + duration_of(count);
  sent_ += count;
  return {};
}

asio::awaitable<void> Playout::run() {
  while (true) {
    bool blocked = false;
    while (!queue_.empty() && ahead() < options_.most_ahead) {
      auto sent = send_piece();
      if (sent) continue;
      if (sent.error().code != Errc::rate_limited) co_return;
      blocked = true;
      break;
    }
    if (queue_.empty() && !open_ && sent_ > 0 && !mark_sent_) {
      mark_sent_ = true;
      (void)media_.send_mark(mark_name(generation_));
    }
    changed_.notify();
    if (blocked) {
      co_await clock_.sleep_for(audio::frame_length);
    } else if (queue_.empty()) {
      co_await work_.wait();
    } else {
      co_await work_.wait_until(clock_, plays_until_ - options_.refill_below);
    }
  }
}

}  // namespace parley::voice
