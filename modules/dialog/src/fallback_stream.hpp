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
        states_(parts.engines.size(), State::free),
        uses_(parts.engines.size()) {}

  /// Returns when a first event is there.
  Task<void> begin() { return advance(); }
  Task<LanguageEvent> next() override;

 private:
  enum class State { free, running, spent };
  /// An engine that is ahead, and its next event.
  struct Lead {
    std::size_t engine = 0;
    std::unique_ptr<LanguageStream> stream;
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
  Task<Lead> start(std::size_t engine);
  Task<Lead> go_on(Lead running);
  std::optional<std::size_t> next_engine();
  bool says_nothing(const Lead& lead) const;
  void spend(std::size_t engine, const Error& why);
  void release_all_but(std::optional<std::size_t> winner);
  void tell(std::size_t from, std::optional<std::size_t> to, const Error& why) const;
  ModelPrompt prompt_so_far() const;
  void take(LanguageEvent event);
  void give_text(std::string text);

  FallbackLanguageModel::Parts& parts_;
  const Context ctx_;
  const ModelPrompt prompt_;
  std::vector<State> states_;  ///< of each engine, in this generation
  std::vector<std::optional<EngineRests::Use>> uses_;
  std::optional<Lead> lead_;
  std::optional<std::size_t> writer_;  ///< whose text came last
  Seam seam_;
  Error last_error_{Errc::unavailable, "all of them rest"};
  bool has_requests_ = false;
  bool is_over_ = false;
  std::deque<LanguageEvent> ready_;
};

}  // namespace parley::dialog
