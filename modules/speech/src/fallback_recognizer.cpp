#include <deque>

#include "parley/speech/fallback.hpp"

namespace parley::speech {

namespace {

/// Audio kept for the next engine. Longer utterances lose their beginning.
constexpr auto max_replayed = 15s;

class FallbackSession final : public RecognizerSession {
 public:
  FallbackSession(std::vector<Recognizer*> engines, std::size_t current, OnFallback on_fallback,
                  Context ctx, RecognizerOptions options,
                  std::unique_ptr<RecognizerSession> session)
      : engines_(std::move(engines)),
        current_(current),
        on_fallback_(std::move(on_fallback)),
        ctx_(std::move(ctx)),
        options_(std::move(options)),
        session_(std::move(session)) {}

  void expect(std::shared_ptr<const Expectation> expectation) override {
    expectation_ = expectation;
    session_->expect(std::move(expectation));
  }

  Task<void> send(audio::Frame frame) override {
    remember(frame);
    if (switching_) co_return Result<void>{};
    auto session = session_;  // next() may replace it meanwhile
    auto sent = co_await session->send(std::move(frame));
    // The one who waits in next() sees the same failure and changes the engine.
    if (!sent && sent.error().code == Errc::unavailable) co_return Result<void>{};
    co_return sent;
  }

  Task<void> finalize() override {
    finalized_ = true;
    if (switching_) co_return Result<void>{};
    auto session = session_;
    auto done = co_await session->finalize();
    if (!done && done.error().code == Errc::unavailable) co_return Result<void>{};
    co_return done;
  }

  Task<Transcript> next() override {
    while (true) {
      auto session = session_;
      auto transcript = co_await session->next();
      if (transcript) {
        if (transcript->is_final) forget();
        co_return transcript;
      }
      const auto code = transcript.error().code;
      if (closed_ || exhausted_ || (code != Errc::unavailable && code != Errc::timeout))
        co_return transcript;
      if (on_fallback_) on_fallback_(engines_[current_]->name(), transcript.error());
      auto changed = co_await change_engine();
      if (!changed) co_return std::unexpected(changed.error());
    }
  }

  Task<void> close() override {
    closed_ = true;
    auto session = session_;
    co_return co_await session->close();
  }

 private:
  void remember(const audio::Frame& frame) {
    utterance_.push_back(frame);
    remembered_ += frame.duration();
    while (remembered_ > max_replayed) {
      remembered_ -= utterance_.front().duration();
      utterance_.pop_front();
    }
  }
  void forget() {
    utterance_.clear();
    remembered_ = {};
    finalized_ = false;
  }

  Task<void> change_engine() {
    Error last{Errc::unavailable, "every speech recognition engine has failed"};
    switching_ = true;
    while (++current_ < engines_.size()) {
      // The call goes on for as long as it likes; the deadline was that of the first open().
      Context ctx = ctx_;
      ctx.deadline = TimePoint::max();
      auto opened = co_await engines_[current_]->open(std::move(ctx), options_);
      if (!opened) {
        last = opened.error();
        if (on_fallback_) on_fallback_(engines_[current_]->name(), last);
        continue;
      }
      session_ = std::move(*opened);
      if (closed_) {
        co_await session_->close();
        co_return fail(Errc::end_of_stream, "closed");
      }
      if (expectation_) session_->expect(expectation_);
      auto replayed = co_await replay();
      if (!replayed) continue;
      switching_ = false;
      co_return Result<void>{};
    }
    exhausted_ = true;
    co_return std::unexpected(last);
  }

  /// Also what arrives while it runs: send() only remembers until the change is over.
  Task<void> replay() {
    std::size_t given = 0;
    while (given < utterance_.size()) {
      auto frame = utterance_[given++];
      auto sent = co_await session_->send(std::move(frame));
      if (!sent && sent.error().code != Errc::rate_limited) co_return sent;
    }
    if (finalized_) co_return co_await session_->finalize();
    co_return Result<void>{};
  }

  std::vector<Recognizer*> engines_;
  std::size_t current_;
  OnFallback on_fallback_;
  Context ctx_;
  RecognizerOptions options_;
  std::shared_ptr<RecognizerSession> session_;
  std::shared_ptr<const Expectation> expectation_;
  std::deque<audio::Frame> utterance_;
  Duration remembered_{};
  bool finalized_ = false;
  bool switching_ = false;
  bool exhausted_ = false;  ///< no engine is left
  bool closed_ = false;
};

}  // namespace

FallbackRecognizer::FallbackRecognizer(std::vector<Recognizer*> engines, OnFallback on_fallback)
    : engines_(std::move(engines)), on_fallback_(std::move(on_fallback)) {}

std::string FallbackRecognizer::name() const {
  return engines_.empty() ? "none" : engines_.front()->name();
}

Task<std::unique_ptr<RecognizerSession>> FallbackRecognizer::open(Context ctx,
                                                                  RecognizerOptions options) {
  Error last{Errc::unavailable, "no speech recognition engine is configured"};
  for (std::size_t i = 0; i < engines_.size(); ++i) {
    auto session = co_await engines_[i]->open(ctx, options);
    if (session)
      co_return std::make_unique<FallbackSession>(engines_, i, on_fallback_, std::move(ctx),
                                                  std::move(options), std::move(*session));
    last = session.error();
    if (on_fallback_) on_fallback_(engines_[i]->name(), last);
  }
  co_return std::unexpected(last);
}

}  // namespace parley::speech
