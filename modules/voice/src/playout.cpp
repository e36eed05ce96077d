#include "playout.hpp"

#include <algorithm>
#include <limits>

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

/// One piece as the carrier takes it and as numbers: of the thread, since nobody keeps it.
struct Piece {
  std::vector<std::byte> codes;
  audio::Samples samples;
};
Piece& piece_of_thread() {
  thread_local Piece piece;
  return piece;
}

constexpr Duration longest_way_there = std::chrono::milliseconds(300);

}  // namespace

Playout::Playout(Clock& clock, telephony::MediaStream& media, Signal& changed, Options options)
    : clock_(clock), media_(media), options_(options), changed_(changed), audio_(media.codec()) {}

Playout::Generation Playout::begin() {
  ++generation_;
  open_ = true;
  mark_sent_ = false;
  mark_back_ = false;
  sentences_.clear();
  audio_.restart_at(0);
  sent_ = 0;
  held_ = false;
  holds_ = 0;
  probe_due_.reset();
  first_audio_.reset();
  return generation_;
}

void Playout::add_sentence(Generation generation, std::string text) {
  if (generation != generation_ || !open_) return;
  sentences_.push_back({std::move(text), audio_.end(), audio_.end()});
}

bool Playout::add_audio(Generation generation, std::span<const std::int16_t> samples) {
  if (generation != generation_ || !open_) return false;
  forget_what_was_heard();
  audio_.append(samples);
  if (!sentences_.empty()) sentences_.back().end = audio_.end();
  work_.notify();
  changed_.notify();
  return true;
}

void Playout::forget_what_was_heard() {
  auto needed =
      samples_in(options_.most_ahead + options_.piece + options_.step_back + longest_way_there);
  if (sent_ > needed) audio_.drop_before(sent_ - needed);
}

void Playout::finish(Generation generation) {
  if (generation != generation_) return;
  open_ = false;
  work_.notify();
  changed_.notify();
}

void Playout::silence_the_carrier() {
  // A failing clear means the connection is gone, and with it what it held.
  (void)media_.clear();
  auto now = clock_.now();
  if (on_played && plays_until_ > now) {
    std::vector<std::int16_t> silence(samples_in(plays_until_ - now), 0);
    on_played(now, silence);
  }
  plays_until_ = now;
  probe_due_.reset();
}

Playout::Heard Playout::interrupt() {
  Heard heard;
  auto played = played_samples();
  heard.played = duration_of(played);
  heard.text = heard_text(played);
  for (auto& sentence : sentences_)
    if (sentence.end > played || sentence.end == sentence.begin)
      heard.unheard.push_back(sentence.text);
  if (!held_) silence_the_carrier();
  audio_.restart_at(sent_);
  held_ = false;
  open_ = false;
  mark_sent_ = true;
  mark_back_ = true;
  ++generation_;
  changed_.notify();
  return heard;
}

void Playout::hold() {
  if (held_) return;
  auto played = played_samples();
  if (ahead() > Duration::zero()) silence_the_carrier();
  sent_ = played;
  held_ = true;
  ++holds_;
  mark_sent_ = false;
  mark_back_ = false;
}

void Playout::release() {
  if (!held_) return;
  held_ = false;
  sent_ = gap_before(sent_);
  work_.notify();
  changed_.notify();
}

/// The softest 20 ms of the last words before `sample`: a voice that goes on there sounds as if it
/// had only paused.
std::size_t Playout::gap_before(std::size_t sample) const {
  constexpr std::size_t step = audio::telephone_frame_samples;
  auto first = std::max(audio_.first(), sample - std::min(sample, samples_in(options_.step_back)));
  if (first >= sample) return sample;
  audio::Samples last_words;
  audio_.samples(first, sample - first, last_words);
  auto best = sample;
  double least = std::numeric_limits<double>::max();
  for (auto at = sample; at >= first + step; at -= step) {
    double energy = 0;
    for (auto i = at - step; i < at; ++i) {
      double value = last_words[i - first];
      energy += value * value;
    }
    if (energy >= 0.25 * least) continue;  // a gap stands out; the nearest will do
    least = energy;
    best = at - step;
  }
  return sample >= first + step ? best : sample;
}

std::string Playout::mark_name() const {
  auto name = "turn-" + std::to_string(generation_);
  return holds_ == 0 ? name : name + "." + std::to_string(holds_);
}

void Playout::on_mark(std::string_view name) {
  auto expected = mark_name();
  if (probe_due_ && name == expected + "+") {
    auto round_trip = std::max(Duration::zero(), clock_.now() - *probe_due_);
    way_there_ = std::min(round_trip / 2, longest_way_there);
    probe_due_.reset();
    return;
  }
  if (!mark_sent_ || name != expected) return;
  mark_back_ = true;
  plays_until_ = std::min(plays_until_, clock_.now());
  audio_.restart_at(sent_);  // all was heard: a caller who thinks needs none of it
  changed_.notify();
}

Duration Playout::ahead() const noexcept {
  auto now = clock_.now();
  return plays_until_ > now ? plays_until_ - now : Duration::zero();
}

std::size_t Playout::played_samples() const noexcept {
  if (held_) return sent_;
  // What is on its way is not heard yet, but counts no longer than the turn does.
  auto unheard = plays_until_ + way_there_ - clock_.now();
  auto waiting = samples_in(unheard);
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

bool Playout::in_last_sentence() const noexcept {
  return !sentences_.empty() && sentences_.back().begin <= played_samples();
}

bool Playout::speaking() const noexcept {
  return waiting_samples() > 0 || ahead() > Duration::zero();
}

bool Playout::drained() const noexcept {
  if (open_ || held_ || waiting_samples() > 0) return false;
  return sent_ == 0 || mark_back_ || clock_.now() >= plays_until_ + options_.mark_grace;
}

TimePoint Playout::drained_by() const noexcept {
  if (open_ || held_ || waiting_samples() > 0) return TimePoint::max();
  return plays_until_ + options_.mark_grace;
}

bool Playout::has_room() const noexcept { return waiting_samples() < options_.max_queued_samples; }

asio::awaitable<void> Playout::wait_for_room(Generation generation) {
  while (!has_room() && generation == generation_) co_await changed_.wait();
}

Result<void> Playout::send_piece() {
  auto count = std::min(waiting_samples(), samples_in(options_.piece));
  auto& piece = piece_of_thread();
  audio_.codes(sent_, count, piece.codes);
  auto sent = media_.send_audio(piece.codes);
  if (!sent) return sent;
  auto now = clock_.now();
  if (!first_audio_) first_audio_ = now;
  auto starts = std::max(now, plays_until_);
  if (on_played) {
    audio_.samples(sent_, count, piece.samples);
    on_played(starts, piece.samples);
  }
  plays_until_ = starts + duration_of(count);
  sent_ += count;
  forget_what_was_heard();
  return {};
}

bool Playout::send_what_is_due() {
  blocked_ = false;
  while (!held_ && waiting_samples() > 0 && ahead() < options_.most_ahead) {
    bool whole = waiting_samples() >= samples_in(options_.piece);
    if (open_ && !whole && ahead() > options_.gather_above) return true;
    bool first = !first_audio_;
    auto sent = send_piece();
    if (!sent && sent.error().code != Errc::rate_limited) return false;
    if (!sent) {
      blocked_ = true;
      return true;
    }
    if (first && media_.send_mark(mark_name() + "+")) probe_due_ = plays_until_;
  }
  return true;
}

asio::awaitable<void> Playout::run() {
  while (true) {
    if (!send_what_is_due()) co_return;
    bool all_sent = waiting_samples() == 0 && !open_ && sent_ > 0;
    if (all_sent && !held_ && !mark_sent_) {
      mark_sent_ = true;
      (void)media_.send_mark(mark_name());
    }
    changed_.notify();
    if (blocked_) {
      co_await clock_.sleep_for(audio::frame_length);
    } else if (waiting_samples() == 0 || held_) {
      co_await work_.wait();
    } else {
      bool gathering = ahead() < options_.most_ahead;
      auto low = gathering ? options_.gather_above : options_.refill_below;
      co_await work_.wait_until(clock_, plays_until_ - low);
    }
  }
}

}  // namespace parley::voice
