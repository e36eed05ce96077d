#include "parley/base/task_group.hpp"
#include "parley/speech/fallback.hpp"

namespace parley::speech {

namespace {

/// Hands out a first piece that was already awaited, then the rest of the stream.
class Begun final : public SynthesisStream {
 public:
  Begun(audio::Frame first, std::unique_ptr<SynthesisStream> rest)
      : first_(std::move(first)), rest_(std::move(rest)) {}

  Task<audio::Frame> next() override {
    if (!given_) {
      given_ = true;
      co_return std::move(first_);
    }
    co_return co_await rest_->next();
  }

 private:
  audio::Frame first_;
  std::unique_ptr<SynthesisStream> rest_;
  bool given_ = false;
};

/// An empty text, for instance: nothing to say is not a failure.
class Nothing final : public SynthesisStream {
 public:
  Task<audio::Frame> next() override {
    co_return fail(Errc::end_of_stream, "there was nothing to say");
  }
};

Task<std::unique_ptr<SynthesisStream>> begin(Synthesizer& engine, Context ctx, std::string text,
                                             VoiceOptions options) {
  auto stream = co_await engine.synthesize(std::move(ctx), std::move(text), std::move(options));
  if (!stream) co_return std::unexpected(stream.error());
  auto first = co_await (*stream)->next();
  if (first) co_return std::make_unique<Begun>(std::move(*first), std::move(*stream));
  if (first.error().code == Errc::end_of_stream) co_return std::make_unique<Nothing>();
  co_return std::unexpected(first.error());
}

}  // namespace

FallbackSynthesizer::FallbackSynthesizer(Clock& clock, std::vector<Synthesizer*> engines,
                                         OnFallback on_fallback)
    : clock_(clock),
      engines_(std::move(engines)),
      rests_until_(engines_.size(), TimePoint::min()),
      on_fallback_(std::move(on_fallback)) {}

std::string FallbackSynthesizer::name() const {
  return engines_.empty() ? "none" : engines_.front()->name();
}

bool FallbackSynthesizer::is_resting(std::size_t engine) const {
  std::lock_guard lock(mutex_);
  return clock_.now() < rests_until_[engine];
}

Task<std::unique_ptr<SynthesisStream>> FallbackSynthesizer::synthesize(Context ctx,
                                                                       std::string text,
                                                                       VoiceOptions options) {
  Error last{Errc::unavailable, "no speech synthesis engine is configured"};
  for (std::size_t i = 0; i < engines_.size(); ++i) {
    auto& engine = *engines_[i];
    bool is_last = i + 1 == engines_.size();
    if (!is_last && is_resting(i)) {
      options.voice.clear();
      continue;
    }
    auto beginning = begin(engine, ctx, text, options);
    auto limit = clock_.now() + silence_limit;
    auto stream = co_await with_deadline(clock_, limit, std::move(beginning));
    if (stream) co_return stream;
    last = stream.error();
    // What is wrong with the text itself is wrong for every engine.
    if (last.code == Errc::too_large) break;
    if (last.code == Errc::timeout) {
      std::lock_guard lock(mutex_);
      rests_until_[i] = clock_.now() + rest;
    }
    if (on_fallback_) on_fallback_(engine.name(), last);
    options.voice.clear();
  }
  co_return std::unexpected(last);
}

}  // namespace parley::speech
