#include "ear.hpp"

#include <bit>

#include "echo_guard.hpp"
#include "interjection.hpp"
#include "parley/base/race.hpp"
#include "parley/base/task_group.hpp"

namespace parley::voice {

namespace {
/// Ten seconds of frames: a recognizer that falls further behind loses the oldest audio.
constexpr std::size_t most_outgoing = 500;
constexpr Duration open_limit = std::chrono::seconds(3);
/// Before this no pause ends a turn, so nothing needs to be known of it.
constexpr Duration shortest_pause = std::chrono::milliseconds(200);
/// Words told longer before the last sound than this lack the last ones.
constexpr Duration words_lag = std::chrono::milliseconds(400);
constexpr Duration longest_backoff = std::chrono::seconds(8);
}  // namespace

Ear::Ear(Clock& clock, speech::Recognizer& recognizer, Signal& changed,
         const SessionSettings& settings)
    : clock_(clock),
      recognizer_(recognizer),
      settings_(settings),
      activity_(settings.activity),
      changed_(changed) {}

/// The detector's own rule for a start, over the frames that are not the agent's echo. Without an
/// echo both say the same.
bool Ear::speech_begins(const audio::VoiceActivityDetector::Activity& activity) {
  bool heard = activity.voiced && recent_.size() >= EchoGuard::window_samples && is_echo &&
               is_echo(std::span(recent_).last(EchoGuard::window_samples));
  own_ = own_ << 1U | (activity.voiced && !heard ? 1U : 0U);
  start_owed_ = activity.speech && (start_owed_ || activity.started);
  auto needed = std::min<int>(
      30, static_cast<int>(settings_.activity.start_after / Duration(audio::frame_length)));
  auto window = (1U << static_cast<unsigned>(needed + 2)) - 1U;
  return start_owed_ && std::popcount(own_ & window) >= std::max(1, needed);
}

void Ear::remember(std::span<const std::int16_t> frame) {
  auto keep =
      std::max(EchoGuard::window_samples,
               static_cast<std::size_t>(settings_.pre_roll / std::chrono::microseconds(125)));
  // Room for some frames more, so that it does not move with each.
  constexpr std::size_t more = 2 * audio::telephone_frame_samples;
  recent_.reserve(keep + more);
  if (recent_.size() + frame.size() > keep + more)
    recent_.erase(recent_.begin(), recent_.end() - static_cast<std::ptrdiff_t>(keep));
  recent_.insert(recent_.end(), frame.begin(), frame.end());
}

void Ear::on_frame(std::span<const std::int16_t> frame) {
  last_frame_ = clock_.now();
  auto activity = activity_.process(frame);
  if (state_ == State::idle) {
    remember(frame);
    if (!activity.voiced && on_quiet_frame) on_quiet_frame(frame);
    if (speech_begins(activity)) begin_turn();
    return;
  }
  audio::Samples samples(frame.begin(), frame.end());
  push(audio::Frame{std::move(samples), audio::telephone_rate_hz});
  if (activity.voiced) {
    current_.speech_ended = last_frame_;
    current_.voiced += audio::frame_length;
    estimate_.reset();
  }
  bool paused = pause() >= shortest_pause && pause() >= patience();
  bool too_long = last_frame_ - current_.speech_started >= settings_.longest_turn;
  if (paused || too_long) end_turn();
}

Duration Ear::patience() {
  if (!estimate_) {
    using Freshness = TurnSoFar::Freshness;
    bool current = so_far_at_ + words_lag >= current_.speech_ended;
    bool sure = so_far_.is_final || so_far_.confidence > 0;
    estimate_ = estimate_end(
        {.asked = expectation_ ? std::string_view(expectation_->name) : std::string_view(),
         .words = so_far_.text,
         .freshness = current ? Freshness::current : Freshness::stale,
         .voiced = current_.voiced,
         .belief = sure ? 1 : belief_in_unsure_words});
    bool worth_telling = current && estimate_->complete && estimate_->over >= 0.5 &&
                         guesses_ < most_guesses && so_far_.text != guessed_;
    if (worth_telling && on_likely_end) {
      ++guesses_;
      guessed_ = so_far_.text;
      on_likely_end(so_far_);
    }
  }
  auto patience = patience_of(*estimate_, settings_.end_of_turn);
  constexpr Duration of_a_sound = std::chrono::milliseconds(500);
  bool perhaps_listening = so_far_.text.empty()
                               ? current_.voiced < of_a_sound
                               : classify_interjection(so_far_.text) != Interjection::words;
  if (over_agent_ && perhaps_listening)
    patience = std::min(patience, patience_of({.over = 1}, settings_.end_of_turn));
  return patience;
}

void Ear::note_partial(speech::Transcript partial) {
  // One of a turn that is over already says nothing about this one.
  if (!hearing() || !pending_.empty() || !settings_.language.starts_with("en")) return;
  so_far_ = std::move(partial);
  so_far_at_ = clock_.now();
  estimate_.reset();
  changed_.notify();
}

void Ear::begin_turn() {
  state_ = State::hearing;
  so_far_ = {};
  estimate_.reset();
  guessed_.clear();
  guesses_ = 0;
  current_ = Utterance{};
  current_.speech_started = last_frame_;
  current_.speech_ended = last_frame_;
  // The start was decided by this much speech already.
  current_.voiced = settings_.activity.start_after;
  auto lead = std::span(recent_).last(
      std::min(recent_.size(),
               static_cast<std::size_t>(settings_.pre_roll / std::chrono::microseconds(125))));
  for (; !lead.empty();
       lead = lead.subspan(std::min(lead.size(), audio::telephone_frame_samples))) {
    auto piece = lead.first(std::min(lead.size(), audio::telephone_frame_samples));
    push(audio::Frame{{piece.begin(), piece.end()}, audio::telephone_rate_hz});
  }
  recent_.clear();
  own_ = 0;
  start_owed_ = false;
  over_agent_ = false;
  if (on_speech_started) on_speech_started();
  changed_.notify();
}

void Ear::end_turn() {
  state_ = State::idle;
  current_.decided = clock_.now();
  if (deaf_) {
    current_.lost = true;
    current_.recognized = current_.decided;
    ready_.push_back(current_);
  } else {
    pending_.push_back(current_);
    push(Finalize{});
  }
  changed_.notify();
}

void Ear::expect(std::shared_ptr<const speech::Expectation> expectation) {
  expectation_ = expectation;
  push(std::move(expectation));
}

void Ear::push(Outgoing item) {
  if (deaf_) return;
  if (outgoing_.size() >= most_outgoing) {
    auto oldest = std::ranges::find_if(
        outgoing_, [](auto& waiting) { return std::holds_alternative<audio::Frame>(waiting); });
    if (oldest != outgoing_.end()) outgoing_.erase(oldest);
  }
  outgoing_.push_back(std::move(item));
  work_.notify();
}

std::optional<Ear::Utterance> Ear::take() {
  if (ready_.empty()) return std::nullopt;
  auto utterance = std::move(ready_.front());
  ready_.pop_front();
  return utterance;
}

TimePoint Ear::next_deadline() const noexcept {
  auto when = TimePoint::max();
  if (hearing()) when = last_frame_ + settings_.end_of_turn;
  if (!pending_.empty())
    when = std::min(when, pending_.front().decided + settings_.recognition_limit);
  return when;
}

void Ear::check_time() {
  auto now = clock_.now();
  if (hearing() && now >= last_frame_ + settings_.end_of_turn) end_turn();
  if (!pending_.empty() && now >= pending_.front().decided + settings_.recognition_limit) {
    give_up_ = true;
    restart_.notify();
    lose_pending();
  }
}

void Ear::lose_pending() {
  for (auto& utterance : pending_) {
    utterance.lost = true;
    utterance.recognized = clock_.now();
    ready_.push_back(std::move(utterance));
  }
  pending_.clear();
  changed_.notify();
}

void Ear::failed(const Error& error) {
  outgoing_.clear();
  lose_pending();
  if (on_failure) on_failure(error);
}

asio::awaitable<void> Ear::send_all(speech::RecognizerSession& session) {
  while (true) {
    while (outgoing_.empty()) co_await work_.wait();
    auto item = std::move(outgoing_.front());
    outgoing_.pop_front();
    Result<void> sent;
    if (auto* frame = std::get_if<audio::Frame>(&item)) {
      auto sending = session.send(std::move(*frame));
      sent = co_await std::move(sending);
      // Its window is full: this frame is lost, the call goes on.
      if (!sent && sent.error().code == Errc::rate_limited) sent = {};
    } else if (auto* expectation = std::get_if<std::shared_ptr<const speech::Expectation>>(&item)) {
      session.expect(std::move(*expectation));
    } else {
      auto finalizing = session.finalize();
      sent = co_await std::move(finalizing);
    }
    if (!sent) {
      failed(sent.error());
      co_return;
    }
  }
}

asio::awaitable<void> Ear::receive_all(speech::RecognizerSession& session) {
  while (true) {
    auto receiving = session.next();
    auto transcript = co_await std::move(receiving);
    if (!transcript) {
      failed(transcript.error());
      co_return;
    }
    if (!transcript->is_final || pending_.empty()) {
      note_partial(std::move(*transcript));
      continue;
    }
    auto utterance = std::move(pending_.front());
    pending_.pop_front();
    utterance.text = std::move(transcript->text);
    utterance.confidence = transcript->confidence;
    utterance.alternatives = std::move(transcript->alternatives);
    utterance.recognized = clock_.now();
    ready_.push_back(std::move(utterance));
    changed_.notify();
  }
}

asio::awaitable<void> Ear::run(Context ctx) {
  Duration backoff = std::chrono::milliseconds(500);
  while (true) {
    auto opening =
        recognizer_.open(ctx, {settings_.language, audio::telephone_rate_hz, expectation_});
    auto session = co_await with_deadline(clock_, clock_.now() + open_limit, std::move(opening));
    if (session) {
      deaf_ = false;
      give_up_ = false;
      backoff = std::chrono::milliseconds(500);
      if (expectation_) (*session)->expect(expectation_);
      auto sending = send_all(**session);
      auto receiving = receive_all(**session);
      auto restarting = restart_.wait();
      auto serving = race(std::move(sending), std::move(receiving));
      co_await race(std::move(serving), std::move(restarting));
      if (give_up_) failed(Error{Errc::timeout, "no words in time"});
    } else {
      failed(session.error());
    }
    deaf_ = true;
    changed_.notify();
    co_await clock_.sleep_for(backoff);
    backoff = std::min(backoff * 2, longest_backoff);
  }
}

}  // namespace parley::voice
