#include "parley/providers/openai_audio/openai_recognizer.hpp"

#include <algorithm>
#include <deque>

#include "parley/audio/resampler.hpp"
#include "parley/base/race.hpp"
#include "parley/base/signal.hpp"
#include "parley/base/strings.hpp"
#include "parley/providers/streaming/spoken_stream.hpp"
#include "parley/providers/streaming/streamed_session.hpp"
#include "parley/speech/result_queue.hpp"
#include "transcription.hpp"

namespace parley::providers::openai_audio {

namespace {

using speech::Transcript;

constexpr std::size_t piece_samples = upload_rate_hz * 30;
constexpr std::size_t most_waiting = 4;
constexpr std::size_t most_owed = 50;
constexpr std::size_t most_text_bytes = 64u << 10;
constexpr std::size_t most_keywords = 50;
constexpr int loud = 300;  ///< of a 16-bit sample: no silence
constexpr double usual_confidence = 0.8;

struct Piece {
  audio::Samples samples;
  bool ends_utterance = false;
};

/// What the session and its uploads share.
struct Uploads {
  Uploads(asio::any_io_executor executor, Clock& c, resilience::Policy& p,
          std::shared_ptr<net::Upstream> a, RecognizerAccount who)
      : clock(c),
        policy(p),
        api(std::move(a)),
        account(std::move(who)),
        results(executor, most_owed + 1) {}

  /// Until the session is closed or one upload fails.
  asio::awaitable<void> run() {
    std::string text;
    while (!closed) {
      if (waiting.empty()) {
        co_await changed.wait();
        continue;
      }
      auto piece = std::move(waiting.front());
      waiting.pop_front();
      auto hearing = words_of(std::move(piece.samples));
      auto giving_up = changed_to_closed();
      auto first = co_await race(std::move(hearing), std::move(giving_up));
      if (first.index() == 1) co_return;
      auto words = std::get<0>(std::move(first));
      if (!words) co_return results.finish(words.error());
      if (text.size() + words->size() < most_text_bytes)
        text += (text.empty() || words->empty() ? "" : " ") + *words;
      if (!piece.ends_utterance) continue;
      Transcript transcript;
      transcript.confidence = text.empty() ? 0 : usual_confidence;
      transcript.text = std::exchange(text, {});
      transcript.is_final = true;
      (void)results.push(std::move(transcript));
    }
  }

  asio::awaitable<void> changed_to_closed() {
    while (!closed) co_await changed.wait();
  }

  Task<std::string> words_of(audio::Samples samples) {
    bool is_silent = std::ranges::none_of(samples, [](int one) { return std::abs(one) > loud; });
    if (is_silent) co_return std::string();
    Recording recording{std::move(samples), language, prompt};
    auto call = [this, &recording](Context limited) {
      return transcribe(std::move(limited), clock, *api, account, recording);
    };
    resilience::Operation what{"transcribe", resilience::Repeat::safe};
    auto running = policy.run(ctx, std::move(what), call);
    co_return co_await std::move(running);
  }

  Clock& clock;
  resilience::Policy& policy;
  std::shared_ptr<net::Upstream> api;
  const RecognizerAccount account;
  Context ctx;
  std::string language;
  std::string prompt;
  std::deque<Piece> waiting;
  Signal changed;
  speech::ResultQueue<Transcript> results;
  bool closed = false;
};

class Session final : public speech::RecognizerSession {
 public:
  explicit Session(std::shared_ptr<Uploads> uploads) : uploads_(std::move(uploads)) {}
  ~Session() override { end(); }

  void expect(std::shared_ptr<const speech::Expectation> expectation) override {
    uploads_->prompt = join(streaming::keyterms_of(expectation, most_keywords), ", ");
  }

  Task<void> send(audio::Frame frame) override {
    if (uploads_->closed) co_return fail(Errc::end_of_stream, "closed");
    if (!resampler_ || resampler_->from_hz() != frame.rate_hz) {
      auto made = audio::Resampler::create(frame.rate_hz, upload_rate_hz);
      if (!made) co_return std::unexpected(made.error());
      if (resampler_) add(resampler_->flush());
      resampler_ = std::move(*made);
    }
    if (samples_.size() >= piece_samples && !push(false))
      co_return fail(Errc::rate_limited, "uploads are slower than speech");
    add(resampler_->process(frame.samples));
    co_return Result<void>{};
  }

  Task<void> finalize() override {
    if (uploads_->closed) co_return fail(Errc::end_of_stream, "closed");
    if (uploads_->waiting.size() >= most_owed)
      co_return fail(Errc::rate_limited, "too many utterances are unanswered");
    if (resampler_) add(resampler_->flush());
    uploads_->waiting.push_back({std::exchange(samples_, {}), true});
    uploads_->changed.notify();
    co_return Result<void>{};
  }

  Task<Transcript> next() override { return uploads_->results.next(); }

  Task<void> close() override {
    end();
    co_return Result<void>{};
  }

 private:
  void add(const audio::Samples& more) {
    samples_.insert(samples_.end(), more.begin(), more.end());
  }
  bool push(bool ends_utterance) {
    if (uploads_->waiting.size() >= most_waiting) return false;
    uploads_->waiting.push_back({std::exchange(samples_, {}), ends_utterance});
    uploads_->changed.notify();
    return true;
  }
  void end() {
    uploads_->closed = true;
    uploads_->changed.notify();
    uploads_->results.abandon({Errc::end_of_stream, "closed"});
  }

  std::shared_ptr<Uploads> uploads_;
  std::optional<audio::Resampler> resampler_;
  audio::Samples samples_;
};

}  // namespace

OpenAiRecognizer::OpenAiRecognizer(asio::any_io_executor executor, Clock& clock,
                                   resilience::Policy& policy, RecognizerAccount account,
                                   std::shared_ptr<net::Upstream> api)
    : clock_(clock),
      policy_(policy),
      account_(std::move(account)),
      api_(std::move(api)),
      uploads_(std::move(executor)) {}

Result<std::unique_ptr<OpenAiRecognizer>> OpenAiRecognizer::create(asio::any_io_executor executor,
                                                                   Clock& clock,
                                                                   resilience::Policy& policy,
                                                                   RecognizerAccount account) {
  auto api = net::make_upstream({.url = streaming::split_address(account.api_url).origin});
  if (!api) return std::unexpected(api.error());
  return std::unique_ptr<OpenAiRecognizer>(new OpenAiRecognizer(
      std::move(executor), clock, policy, std::move(account), std::move(*api)));
}

asio::awaitable<void> OpenAiRecognizer::stop() { return uploads_.stop(); }

Task<std::unique_ptr<speech::RecognizerSession>> OpenAiRecognizer::open(
    Context ctx, speech::RecognizerOptions options) {
  if (options.rate_hz < 4000 || options.rate_hz > 192'000)
    co_return fail(Errc::invalid, "there is no such rate");
  if (auto state = policy_.snapshot();
      state.breaker == resilience::BreakerState::open && state.until_trial > Duration{})
    co_return fail(Errc::unavailable, "it failed too often: " + state.last_failure.detail);
  auto executor = co_await asio::this_coro::executor;
  auto uploads = std::make_shared<Uploads>(executor, clock_, policy_, api_, account_);
  ctx.deadline = TimePoint::max();  // that of the opening; the call goes on
  uploads->ctx = std::move(ctx);
  uploads->language = options.language.substr(0, options.language.find('-'));
  auto session = std::make_unique<Session>(uploads);
  session->expect(options.expectation);
  uploads_.spawn_on(executor, "transcribe", [uploads] { return uploads->run(); });
  co_return session;
}

}  // namespace parley::providers::openai_audio
