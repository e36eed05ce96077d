#include "hearing.hpp"

namespace parley::providers::pocketsphinx {

namespace {
/// Transcripts that nobody has fetched. Partials stop long before, so that finals have room.
constexpr std::size_t max_transcripts = 256;
constexpr std::size_t max_partials = 64;
constexpr std::size_t max_wishes = 4096;
/// Wishes of one job, so that sessions take turns.
constexpr std::size_t wishes_a_turn = 25;
}  // namespace

Hearing::Hearing(std::shared_ptr<Engine> engine, asio::any_io_executor executor,
                 audio::Resampler resampler)
    : engine_(std::move(engine)),
      transcripts_(executor, max_transcripts),
      ear_(std::make_unique<Ear>(engine_, std::move(resampler))) {}

void Hearing::expect(std::shared_ptr<const speech::Expectation> expectation) {
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    // Only the newest counts: several in a row must not pile up.
    if (!wishes_.empty() && wishes_.back().index() == 1)
      wishes_.back() = std::move(expectation);
    else
      wishes_.emplace_back(std::move(expectation));
  }
  (void)schedule();
}

Result<void> Hearing::send(audio::Frame frame) {
  {
    std::lock_guard lock(mutex_);
    if (closed_) return fail(Errc::end_of_stream, "the recognizer session is closed");
    if (frame.samples.empty()) return {};
    const auto length = frame.duration();
    if (wishes_.size() >= max_wishes || queued_ + length > engine_->options.max_queued_audio)
      return fail(Errc::rate_limited, "the speech recognizer is behind");
    queued_ += length;
    wishes_.emplace_back(std::move(frame));
  }
  // When the pool is full the audio waits for the next schedule().
  (void)schedule();
  return {};
}

Result<void> Hearing::finalize() {
  {
    std::lock_guard lock(mutex_);
    if (closed_) return fail(Errc::end_of_stream, "the recognizer session is closed");
    if (wishes_.size() >= max_wishes)
      return fail(Errc::rate_limited, "the speech recognizer is behind");
    wishes_.emplace_back(Finalize{});
  }
  return schedule();
}

void Hearing::close() {
  std::deque<Wish> dropped;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
    stalled_ = false;
    dropped.swap(wishes_);
    queued_ = {};
    // Ending a decoder's utterance is work: not for the thread that hangs up.
    wishes_.emplace_back(Close{});
  }
  transcripts_.abandon({Errc::end_of_stream, "the recognizer session is closed"});
  (void)schedule();
}

Result<void> Hearing::schedule() {
  {
    std::lock_guard lock(mutex_);
    if (scheduled_ || stalled_ || wishes_.empty()) return {};
    scheduled_ = true;
  }
  return post_run();
}

Result<void> Hearing::post_run() {
  auto job = [self = shared_from_this()] { self->run(); };
  if (engine_->pool.post(std::move(job))) return {};
  std::lock_guard lock(mutex_);
  scheduled_ = false;
  return fail(Errc::rate_limited, "the speech pool's queue is full");
}

bool Hearing::try_again() {
  {
    std::lock_guard lock(mutex_);
    if (!stalled_) return false;
    stalled_ = false;
    if (scheduled_) return true;
    scheduled_ = true;
  }
  return post_run().has_value();
}

void Hearing::run() {
  bool stalled = false;
  for (std::size_t i = 0; i < wishes_a_turn && !stalled; ++i) {
    Wish wish;
    {
      std::lock_guard lock(mutex_);
      if (wishes_.empty()) break;
      wish = std::move(wishes_.front());
      wishes_.pop_front();
      if (const auto* frame = std::get_if<audio::Frame>(&wish)) queued_ -= frame->duration();
    }
    if (fulfil(wish)) continue;
    std::lock_guard lock(mutex_);
    if (closed_) continue;
    wishes_.push_front(std::move(wish));
    stalled = stalled_ = true;
  }
  {
    std::lock_guard lock(mutex_);
    scheduled_ = false;
    stalled = stalled_;  // close() may have come between
  }
  if (!stalled) {
    (void)schedule();
    return;
  }
  auto retry = [weak = weak_from_this()] {
    auto self = weak.lock();
    return self && self->try_again();
  };
  engine_->decoders.when_free(std::move(retry));
}

bool Hearing::fulfil(const Wish& wish) {
  if (std::holds_alternative<Close>(wish)) ear_.reset();
  if (!ear_) return true;
  if (const auto* frame = std::get_if<audio::Frame>(&wish)) {
    auto text = ear_->hear(*frame);
    if (text && transcripts_.size() < max_partials)
      transcripts_.push({.text = std::move(*text), .confidence = 0.0, .is_final = false});
    return true;
  }
  if (const auto* expectation = std::get_if<1>(&wish)) {
    ear_->expect(*expectation);
    return true;
  }
  auto transcript = ear_->finish();
  if (!transcript) return false;
  if (*transcript)
    transcripts_.push(std::move(**transcript));
  else
    transcripts_.finish(transcript->error());
  return true;
}

}  // namespace parley::providers::pocketsphinx
