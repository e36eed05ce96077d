#include "parley/base/task_group.hpp"
#include "parley/speech/fallback.hpp"

namespace parley::speech {

struct FallbackSynthesizer::Team {
  Team(Clock& c, std::vector<Synthesizer*> all, OnFallback told, SynthesizerFallbackOptions o)
      : clock(c),
        engines(std::move(all)),
        on_fallback(std::move(told)),
        options(o),
        rests(c, engines.size(), o.rest) {}

  bool is_last(std::size_t engine) const { return engine + 1 >= engines.size(); }
  void gave_up(std::size_t engine, const Error& error) {
    rests.failed(engine, error);
    if (on_fallback) on_fallback(engines[engine]->name(), error);
  }

  Clock& clock;
  const std::vector<Synthesizer*> engines;
  const OnFallback on_fallback;
  const SynthesizerFallbackOptions options;
  EngineRests rests;
};

namespace {

using Team = FallbackSynthesizer::Team;

/// Hands out a first piece that was already awaited, then the rest of the stream.
class Begun final : public SynthesisStream {
 public:
  Begun(std::shared_ptr<Team> team, std::size_t engine, audio::Frame first,
        std::unique_ptr<SynthesisStream> rest)
      : team_(std::move(team)), engine_(engine), first_(std::move(first)), rest_(std::move(rest)) {}

  Task<audio::Frame> next() override {
    if (!given_) {
      given_ = true;
      co_return std::move(first_);
    }
    if (broken_) co_return std::unexpected(*broken_);
    auto limit = team_->clock.now() + team_->options.gap_limit;
    auto waiting = rest_->next();
    auto piece = co_await with_deadline(team_->clock, limit, std::move(waiting));
    if (piece || piece.error().code == Errc::end_of_stream) co_return piece;
    broken_ = Error{Errc::unavailable, piece.error().detail};
    team_->gave_up(engine_, piece.error());
    co_return std::unexpected(*broken_);
  }

 private:
  std::shared_ptr<Team> team_;
  std::size_t engine_;
  audio::Frame first_;
  std::unique_ptr<SynthesisStream> rest_;
  std::optional<Error> broken_;
  bool given_ = false;
};

/// An empty text, for instance: nothing to say is not a failure.
class Nothing final : public SynthesisStream {
 public:
  Task<audio::Frame> next() override {
    co_return fail(Errc::end_of_stream, "there was nothing to say");
  }
};

struct Sentence {
  std::string text;
  VoiceOptions options;
};

Task<std::unique_ptr<SynthesisStream>> begin(std::shared_ptr<Team> team, std::size_t engine,
                                             Context ctx, Sentence sentence) {
  auto asking = team->engines[engine]->synthesize(std::move(ctx), std::move(sentence.text),
                                                  std::move(sentence.options));
  auto stream = co_await std::move(asking);
  if (!stream) co_return std::unexpected(stream.error());
  auto waiting = (*stream)->next();
  auto first = co_await std::move(waiting);
  if (first)
    co_return std::make_unique<Begun>(std::move(team), engine, std::move(*first),
                                      std::move(*stream));
  if (first.error().code == Errc::end_of_stream) co_return std::make_unique<Nothing>();
  co_return std::unexpected(first.error());
}

/// A cancelled sentence says nothing about the engine it tried.
class Trial {
 public:
  Trial(Team& team, std::size_t engine, EngineRests::Turn turn)
      : team_(team), engine_(engine), is_over_(turn != EngineRests::Turn::trial) {}
  ~Trial() {
    if (!is_over_) team_.rests.let_go(engine_);
  }
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;
  void over() noexcept { is_over_ = true; }

 private:
  Team& team_;
  std::size_t engine_;
  bool is_over_;
};

}  // namespace

FallbackSynthesizer::FallbackSynthesizer(Clock& clock, std::vector<Synthesizer*> engines,
                                         OnFallback on_fallback, SynthesizerFallbackOptions options)
    : team_(std::make_shared<Team>(clock, std::move(engines), std::move(on_fallback), options)) {}

std::string FallbackSynthesizer::name() const {
  return team_->engines.empty() ? "none" : team_->engines.front()->name();
}

Task<std::unique_ptr<SynthesisStream>> FallbackSynthesizer::synthesize(Context ctx,
                                                                       std::string text,
                                                                       VoiceOptions options) {
  auto team = team_;
  Error last{Errc::unavailable, "no speech synthesis engine is configured"};
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < team->engines.size(); ++i) order.push_back(i);
  for (std::size_t at = 0; at < order.size(); ++at) {
    auto engine = order[at];
    bool is_last = team->is_last(engine);
    bool is_first_round = at < team->engines.size() && !is_last;
    auto turn = is_first_round ? team->rests.ask(engine) : EngineRests::Turn::free;
    if (turn == EngineRests::Turn::resting) {
      order.push_back(engine);  // after all others
      continue;
    }
    Trial trial(*team, engine, turn);
    Sentence sentence{text, options};
    if (engine > 0) sentence.options.voice.clear();
    // Nobody follows the last one: silence would be all that comes of leaving it early.
    auto limit = team->clock.now() + team->options.first_audio_limit * (is_last ? 3 : 1);
    auto beginning = begin(team, engine, ctx.until(limit), std::move(sentence));
    auto stream = co_await with_deadline(team->clock, limit, std::move(beginning));
    trial.over();
    if (stream) {
      team->rests.well(engine);
      co_return stream;
    }
    last = stream.error();
    team->gave_up(engine, last);
    // What is wrong with the text itself is wrong for every engine.
    if (last.code == Errc::too_large) break;
  }
  co_return std::unexpected(last);
}

}  // namespace parley::speech
