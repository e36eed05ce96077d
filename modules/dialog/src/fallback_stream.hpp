#pragma once
#include <deque>

#include "engine_rests.hpp"
#include "parley/base/signal.hpp"
#include "parley/dialog/fallback_model.hpp"
#include "seam.hpp"

namespace parley::dialog {

struct FallbackLanguageModel::Parts {
  Clock& clock;
  std::vector<LanguageModel*> engines;
  FallbackTimes times;
  OnTakeOver on_take_over;
  EngineRests rests;
};

/// One generation by whoever can. All waiting is done inside next(), by races whose loser is
/// cancelled, so that destroying it between two calls leaves nothing behind.
class FallbackStream final : public LanguageStream {
 public:
  FallbackStream(FallbackLanguageModel::Parts& parts, Context ctx, ModelPrompt prompt)
      : parts_(parts),
        ctx_(std::move(ctx)),
        prompt_(std::move(prompt)),
        states_(parts.engines.size(), State::free) {}

  /// Returns when a first event is there.
  Task<void> begin() { return advance(); }
  Task<LanguageEvent> next() override;

 private:
  enum class State { free, running, spent };
  /// An engine that is ahead, and its next event.
  struct Lead {
    std::size_t engine = 0;
    std::unique_ptr<LanguageStream> stream;
    EngineRests::Use use;
    LanguageEvent event;
  };
  /// The engine in front and the one behind it, each of which may end the race.
  struct Pair {
    Signal changed;
    std::optional<Error> front;  ///< why it has failed
    bool back_has_failed = false;
  };

  Task<void> advance();
  Task<Lead> lead(std::optional<Lead> running);
  Task<Lead> front(Task<Lead> work, std::size_t engine, Pair& pair);
  Task<Lead> back(std::size_t front_engine, Pair& pair);
  Task<Lead> start(std::size_t engine, EngineRests::Use use);
  Task<Lead> go_on(Lead running);
  Result<LanguageEvent> judged(Result<LanguageEvent> event) const;
  std::optional<std::pair<std::size_t, EngineRests::Use>> next_engine();
  ModelPrompt prompt_so_far() const;
  void take(LanguageEvent event);
  void give_text(std::string text);

  FallbackLanguageModel::Parts& parts_;
  const Context ctx_;
  const ModelPrompt prompt_;
  std::vector<State> states_;  ///< of each engine, in this generation
  std::optional<Lead> lead_;
  std::size_t writer_ = 0;  ///< whose text came last
  Seam seam_;
  bool has_requests_ = false;
  bool is_complete_ = false;
  std::deque<LanguageEvent> ready_;
};

}  // namespace parley::dialog
