#include <fmt/format.h>

#include <algorithm>

#include "parley/base/race.hpp"
#include "parley/base/signal.hpp"
#include "parley/base/task_group.hpp"
#include "parley/speech/fallback.hpp"
#include "utterance_history.hpp"

namespace parley::speech {

struct FallbackRecognizer::Team {
  Team(Clock& c, std::vector<Recognizer*> all, OnFallback told, RecognizerFallbackOptions o)
      : clock(c),
        engines(std::move(all)),
        on_fallback(std::move(told)),
        options(o),
        rests(c, engines.size(), o.rest) {}

  bool is_last(std::size_t engine) const { return engine + 1 >= engines.size(); }

  struct Opened {
    std::size_t engine = 0;
    std::unique_ptr<RecognizerSession> session;
    bool is_trial = false;
  };
  /// The first of the engines from `from` on that opens.
  Task<Opened> open(Context ctx, RecognizerOptions how, std::size_t from) {
    Error last{Errc::unavailable, "every speech recognition engine has failed"};
    std::vector<std::size_t> resting;
    for (std::size_t i = from; i < engines.size(); ++i) {
      auto turn = is_last(i) ? EngineRests::Turn::free : rests.ask(i);
      if (turn == EngineRests::Turn::resting) {
        resting.push_back(i);
        continue;
      }
      auto opening = open_one(ctx, how, i);
      auto opened = co_await std::move(opening);
      if (opened) co_return Opened{i, std::move(*opened), turn == EngineRests::Turn::trial};
      last = opened.error();
    }
    for (auto i : resting) {
      auto opening = open_one(ctx, how, i);
      auto opened = co_await std::move(opening);
      if (opened) co_return Opened{i, std::move(*opened)};
    }
    co_return std::unexpected(last);
  }

  Task<std::unique_ptr<RecognizerSession>> open_one(Context ctx, RecognizerOptions how,
                                                    std::size_t engine) {
    auto limit = is_last(engine) ? TimePoint::max() : clock.now() + options.open_limit;
    auto opening = engines[engine]->open(ctx.until(limit), std::move(how));
    auto opened = co_await with_deadline(clock, limit, std::move(opening));
    if (!opened) gave_up(engine, opened.error());
    co_return opened;
  }

  void gave_up(std::size_t engine, const Error& error) {
    rests.failed(engine, error);
    if (on_fallback) on_fallback(engines[engine]->name(), error);
  }

  Clock& clock;
  const std::vector<Recognizer*> engines;
  const OnFallback on_fallback;
  const RecognizerFallbackOptions options;
  EngineRests rests;
};

namespace {

using Team = FallbackRecognizer::Team;

class FallbackSession final : public RecognizerSession {
 public:
  FallbackSession(std::shared_ptr<Team> team, Context ctx, RecognizerOptions options,
                  Team::Opened opened)
      : team_(std::move(team)),
        ctx_(std::move(ctx)),
        options_(std::move(options)),
        current_(opened.engine),
        session_(std::move(opened.session)),
        is_trial_(opened.is_trial),
        began_(team_->clock.now()) {
    // The call goes on for as long as it likes; the deadline was that of the opening.
    ctx_.deadline = TimePoint::max();
  }
  ~FallbackSession() override {
    if (is_trial_) team_->rests.let_go(current_);
  }

  void expect(std::shared_ptr<const Expectation> expectation) override {
    options_.expectation = expectation;
    session_->expect(std::move(expectation));
  }

  Task<void> send(audio::Frame frame) override {
    if (closed_) co_return fail(Errc::end_of_stream, "closed");
    if (frame.rate_hz <= 0) co_return fail(Errc::invalid, "the frame has no rate");
    history_.add(frame);
    if (switching_) co_return Result<void>{};
    auto session = session_;  // next() may replace it meanwhile
    auto sent = co_await session->send(std::move(frame));
    co_return mine(std::move(sent));
  }

  Task<void> finalize() override {
    if (closed_) co_return fail(Errc::end_of_stream, "closed");
    history_.add_end(team_->clock.now());
    changed_.notify();
    if (switching_) co_return Result<void>{};
    auto session = session_;
    auto done = co_await session->finalize();
    co_return mine(std::move(done));
  }

  Task<Transcript> next() override {
    while (true) {
      auto wait = wait_for_words();
      auto heard = co_await std::move(wait);
      if (!heard) continue;  // something changed: look again
      if (*heard) {
        take(**heard);
        co_return std::move(**heard);
      }
      auto error = (*heard).error();
      if (closed_) co_return fail(Errc::end_of_stream, "closed");
      if (exhausted_) co_return std::unexpected(error);
      auto changing = change_engine(std::move(error));
      auto changed = co_await std::move(changing);
      if (!changed) co_return std::unexpected(changed.error());
    }
  }

  Task<void> close() override {
    closed_ = true;
    changed_.notify();
    auto session = session_;
    co_return co_await session->close();
  }

 private:
  /// A failure of the engine is seen by the one who waits in next(), who changes it.
  Result<void> mine(Result<void> done) const {
    if (done || exhausted_ || closed_) return done;
    auto code = done.error().code;
    if (code == Errc::rate_limited || code == Errc::invalid) return done;
    return {};
  }

  TimePoint answer_due() const {
    auto asked = history_.oldest_end();
    if (!asked || team_->is_last(current_)) return TimePoint::max();
    return std::max(*asked, began_) + team_->options.answer_limit;
  }

  asio::awaitable<void> fetch(std::shared_ptr<RecognizerSession> session) {
    auto waiting = session->next();
    auto transcript = co_await std::move(waiting);
    if (session == session_) arrived_.push_back(std::move(transcript));
  }

  /// Nothing when the time, or something else, changed.
  asio::awaitable<std::optional<Result<Transcript>>> wait_for_words() {
    if (arrived_.empty() && !closed_) {
      auto due = answer_due();
      if (team_->clock.now() >= due)
        co_return Result<Transcript>(fail(Errc::timeout, "the words are too late"));
      auto fetching = fetch(session_);
      auto waiting = changed_.wait_until(team_->clock, due);
      co_await race(std::move(fetching), std::move(waiting));
    }
    if (closed_) co_return Result<Transcript>(fail(Errc::end_of_stream, "closed"));
    if (arrived_.empty()) co_return std::nullopt;
    auto first = std::move(arrived_.front());
    arrived_.pop_front();
    co_return first;
  }

  void take(Transcript& transcript) {
    auto carried = history_.carried();
    if (transcript.is_final) {
      history_.answered();
      is_trial_ = false;
      team_->rests.well(current_);
    } else if (transcript.settled_bytes > 0 && transcript.settled_until > Duration{}) {
      history_.settle(transcript.text.substr(0, transcript.settled_bytes),
                      transcript.settled_until);
    }
    if (carried.empty()) return;
    transcript.text = joined(carried, transcript.text);
    transcript.settled_bytes = 0;  // it counts as another engine did
    transcript.settled_until = {};
    for (auto& other : transcript.alternatives) other = joined(carried, other);
  }

  Task<void> change_engine(Error why) {
    team_->gave_up(current_, why);
    switching_ = true;
    is_trial_ = false;
    arrived_.clear();
    while (true) {
      auto opening = team_->open(ctx_, options_, current_ + 1);
      auto opened = co_await std::move(opening);
      if (closed_) {
        if (opened) co_await opened->session->close();
        co_return fail(Errc::end_of_stream, "closed");
      }
      if (!opened) {
        exhausted_ = true;
        co_return std::unexpected(team_->is_last(current_) ? why : opened.error());
      }
      current_ = opened->engine;
      session_ = std::move(opened->session);
      is_trial_ = opened->is_trial;
      if (options_.expectation) session_->expect(options_.expectation);
      history_.move_on();
      auto replaying = replay();
      auto replayed = co_await std::move(replaying);
      if (replayed) break;
      why = replayed.error();
      team_->gave_up(current_, why);
    }
    began_ = team_->clock.now();
    switching_ = false;
    co_return Result<void>{};
  }

  /// Also what arrives while it runs: send() only remembers until the change is over.
  Task<void> replay() {
    auto session = session_;
    for (auto number = history_.first(); number < history_.past_last(); ++number) {
      number = std::max(number, history_.first());
      auto item = history_.at(number);
      Result<void> given;
      if (auto* frame = std::get_if<audio::Frame>(&item)) {
        auto sending = session->send(std::move(*frame));
        given = co_await std::move(sending);
      } else {
        auto ending = session->finalize();
        given = co_await std::move(ending);
      }
      if (!given && given.error().code != Errc::rate_limited) co_return given;
    }
    co_return Result<void>{};
  }

  std::shared_ptr<Team> team_;
  Context ctx_;
  RecognizerOptions options_;
  std::size_t current_;
  std::shared_ptr<RecognizerSession> session_;
  bool is_trial_;    ///< whether it is well is found out here
  TimePoint began_;  ///< when the running engine was there
  UtteranceHistory history_;
  std::deque<Result<Transcript>> arrived_;
  Signal changed_;
  bool switching_ = false;
  bool exhausted_ = false;  ///< no engine is left
  bool closed_ = false;
};

}  // namespace

FallbackRecognizer::FallbackRecognizer(Clock& clock, std::vector<Recognizer*> engines,
                                       OnFallback on_fallback, RecognizerFallbackOptions options)
    : team_(std::make_shared<Team>(clock, std::move(engines), std::move(on_fallback), options)) {}

std::string FallbackRecognizer::name() const {
  return team_->engines.empty() ? "none" : team_->engines.front()->name();
}

Task<std::unique_ptr<RecognizerSession>> FallbackRecognizer::open(Context ctx,
                                                                  RecognizerOptions options) {
  if (team_->engines.empty())
    co_return fail(Errc::unavailable, "no speech recognition engine is configured");
  auto opening = team_->open(ctx, options, 0);
  auto opened = co_await std::move(opening);
  if (!opened) co_return std::unexpected(opened.error());
  co_return std::make_unique<FallbackSession>(team_, std::move(ctx), std::move(options),
                                              std::move(*opened));
}

}  // namespace parley::speech
