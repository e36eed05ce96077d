#include "ear.hpp"

#include "parley/base/race.hpp"
#include "parley/base/task_group.hpp"

namespace parley::voice {

namespace {
/// Ten seconds of frames: a recognizer that falls further behind loses the oldest audio.
constexpr std::size_t most_outgoing = 500;
constexpr Duration open_limit = std::chrono::seconds(3);
constexpr Duration longest_backoff = std::chrono::seconds(8);
}  // namespace

Ear::Ear(Clock& clock, speech::Recognizer& recognizer, Signal& changed,
         const SessionSettings& settings)
    : clock_(clock),
      recognizer_(recognizer),
      settings_(settings),
      activity_(settings.activity),
      changed_(changed) {}

void Ear::on_frame(std::span<const std::int16_t> frame) {
  last_frame_ = clock_.now();
  auto activity = activity_.process(frame);
  audio::Samples samples(frame.begin(), frame.end());
  if (state_ == State::idle) {
    recent_.push_back(std::move(samples));
    auto keep = static_cast<std::size_t>(settings_.pre_roll / audio::frame_length);
    while (recent_.size() > keep) recent_.pop_front();
    if (activity.started) begin_turn();
    return;
  }
  push(audio::Frame{std::move(samples), audio::telephone_rate_hz});
  if (activity.voiced) {
    current_.speech_ended = last_frame_;
    current_.voiced += audio::frame_length;
  }
  bool paused = last_frame_ - current_.speech_ended >= settings_.end_of_turn;
  bool too_long = last_frame_ - current_.speech_started >= settings_.longest_turn;
  if (paused || too_long) end_turn();
}

void Ear::begin_turn() {
  state_ = State::hearing;
  current_ = Utterance{};
  current_.speech_started = last_frame_;
  current_.speech_ended = last_frame_;
  // The start was decided by this much speech already.
  current_.voiced = settings_.activity.start_after;
  for (auto& samples : recent_) push(audio::Frame{std::move(samples), audio::telephone_rate_hz});
  recent_.clear();
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
    if (!transcript->is_final || pending_.empty()) continue;
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
