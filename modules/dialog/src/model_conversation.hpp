#pragma once
#include <map>
#include <set>

#include "claims.hpp"
#include "effect_ledger.hpp"
#include "guess.hpp"
#include "model_history.hpp"
#include "model_prompt.hpp"
#include "parley/dialog/model_dialogue.hpp"
#include "piece_cutter.hpp"
#include "spoken_text.hpp"

namespace parley::dialog {

/// What the conversations of a factory share.
struct ModelParts {
  ModelDialogueParts given;
  ModelLimits limits;
  TaskGroup& guesses;
};

/// Looks up `query` in the documents (not when it is empty), adds what it finds to the situation
/// and to `passages`, and starts to generate. Uses the conversation for nothing.
Task<std::unique_ptr<LanguageStream>> begin_generation(ModelDialogueParts parts, ModelLimits limits,
                                                       Context ctx, ModelPrompt prompt,
                                                       ToolScope scope, std::string query,
                                                       std::shared_ptr<std::string> passages);

/// Tools of the conversation itself: set_phase, end_call.
bool is_internal_tool(std::string_view name);

/// One conversation by a language model, with a built-in one beside it.
///   model_conversation.cpp  turns: greeting, silence, interruption, handing over, outcome
///   model_turn.cpp          one answer: generations, what is said of them, claims
///   model_tools.cpp         what the model asks for
class ModelConversation final : public Dialogue {
 public:
  /// `effects` also hears what the tools of `builtin` did.
  ModelConversation(const ModelParts& parts, DialogueStart start, calendar::Zone zone,
                    std::shared_ptr<EffectLedger> effects, std::unique_ptr<Dialogue> builtin);

  Task<TurnEnd> open(Context ctx, Speaker& speaker) override;
  Task<TurnEnd> reply(Context ctx, UserTurn turn, Speaker& speaker) override;
  Task<TurnEnd> silence(Context ctx, int times, Speaker& speaker) override;
  void anticipate(Context ctx, UserTurn so_far) override;
  void interrupted(std::string_view heard) override;
  Outcome outcome() const override;
  asio::awaitable<Outcome> conclude(Context ctx) override;

 private:
  /// One answer while it is made.
  struct Turn {
    TimePoint began{};
    int number = 0;
    int rounds = 0;
    int calls = 0;
    std::size_t said_bytes = 0;
    bool said_since_effect = false;
    bool corrected = false;  ///< the model was told once that a claim of its is not true
    bool filled = false;     ///< a word was said while a tool was slow
    bool full = false;       ///< no more is said in this turn
    std::string held;        ///< claims that nothing supports yet: not said
    std::map<std::string, ToolAnswer> answered;  ///< by idempotency key
    PieceCutter cutter;
    Speaker* speaker = nullptr;
  };
  struct RoundEnd {
    std::vector<ToolRequest> requests;
    Completion completion;
  };

  // model_conversation.cpp
  Task<void> learn_of_caller(Context ctx);
  Task<TurnEnd> by_builtin(Context ctx, UserTurn turn, Speaker& speaker);
  bool builtin_has_the_call() const;
  void hand_over();
  Task<void> settle(Context ctx, Speaker& speaker);
  TurnEnd turn_end();
  std::string derived_summary() const;

  // model_turn.cpp
  /// False: the model gave nothing to be heard, and the built-in dialogue is to answer.
  Task<bool> answer(Context ctx, const std::string& words, std::unique_ptr<LanguageStream> stream);
  Task<RoundEnd> listen(LanguageStream& stream, TimePoint first_by);
  void offer(std::string written);
  void say(std::string written, std::string spoken);
  void say_own(std::string sentence);
  bool is_unfounded(std::string_view sentence) const;
  bool give_up_model();
  Task<bool> run_requests(Context ctx, std::vector<ToolRequest> requests);
  ModelPrompt make_prompt(const ModelHistory& history) const;
  std::vector<ToolSpec> tool_specs() const;

  // model_tools.cpp
  Task<ToolAnswer> execute(Context ctx, ToolRequest request);
  ToolAnswer internal_tool(const ToolRequest& request);
  Task<json::object> use(Context ctx, ToolCall call);
  Task<json::object> call_tool(Context ctx, ToolCall call) const;
  Task<json::object> with_filler(Context ctx, ToolCall call);
  const ToolSpec* spec_of(std::string_view name) const;
  std::string key_for(const ToolRequest& request) const;

  Clock& clock() const { return parts_.given.clock; }
  const business::Profile& profile() const { return *start_.profile; }

  const ModelParts& parts_;
  DialogueStart start_;
  calendar::Zone zone_;
  std::unique_ptr<Dialogue> builtin_;
  std::shared_ptr<EffectLedger> effects_;
  std::vector<std::shared_ptr<Tool>> own_tools_;
  bool english_;
  const std::string instructions_;
  SpokenText spoken_;
  PhaseTrack phases_;
  ModelHistory history_;
  std::optional<asio::any_io_executor> executor_;
  std::shared_ptr<const speech::Expectation> expectation_;
  std::unique_ptr<Guess> guess_;
  std::shared_ptr<std::string> guess_passages_;
  std::string passages_;  ///< of this turn, ready for the prompt

  Turn turn_;
  int turns_ = 0;
  int guesses_begun_ = 0;
  std::string caller_history_;
  bool knows_appointments_ = false;  ///< the caller has some that stand
  bool answered_something_ = false;
  bool was_interrupted_ = false;
  bool closing_ = false;
  std::optional<ToolCall> unsettled_;  ///< an effect whose end is not known

  int unclear_ = 0;  ///< turns in a row without words
  int failures_ = 0;
  TimePoint builtin_until_{};
  bool builtin_at_work_ = false;  ///< in the middle of something
  bool builtin_spoke_last_ = false;
  std::string summary_;
};

}  // namespace parley::dialog
