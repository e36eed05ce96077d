#pragma once
#include <deque>
#include <variant>

#include "parley/dialog/model_dialogue.hpp"
#include "script.hpp"

namespace parley::dialog::testing {

/// What a scripted model does next: gives an event, lets time pass, or fails.
struct Pause {
  Duration time{};
};
using ModelStep = std::variant<TextPiece, ToolRequest, Completion, Pause, Error>;
using ModelScript = std::vector<ModelStep>;

ModelScript says(std::string text);
ModelScript asks(std::string tool, std::string_view arguments, std::string text_before = "");
ModelScript fails(Errc code, std::string text_before = "");
ModelScript hangs(std::string text_before = "");
/// Gives `text` again and again and never ends.
struct Endless {
  std::string text;
};

/// Plays one script for each generation, in order; when none is left, says "Okay."
class ScriptedModel final : public LanguageModel {
 public:
  explicit ScriptedModel(Clock& clock) : clock_(clock) {}
  std::string name() const override { return "scripted"; }
  Task<std::unique_ptr<LanguageStream>> generate(Context ctx, ModelPrompt prompt) override;

  std::deque<ModelScript> scripts;
  std::vector<ModelPrompt> prompts;
  std::optional<Endless> endless;
  Errc refuses = Errc::end_of_stream;  ///< generate() itself fails with it, if it is another
  int open_streams = 0;

 private:
  Clock& clock_;
};

/// A call with a scripted model over the practice's tools, in virtual time.
struct ModelCall {
  testkit::SimWorld world;
  Practice practice;
  SilentVocabulary vocabulary;
  std::unique_ptr<ToolBox> tools = make_tools(world.clock(), practice);
  std::unique_ptr<DialogueFactory> builtin =
      make_builtin_dialogue(world.clock(), world.random(), *tools, vocabulary);
  ScriptedModel model{world.clock()};
  ModelLimits limits;
  OwnTools* own_tools = nullptr;
  business::Messages* messages = nullptr;
  std::unique_ptr<ModelDialogues> factory;
  std::unique_ptr<Dialogue> dialogue;
  std::vector<ToolTrace> traces;
  Transcript speaker;
  TurnEnd end;
  Duration took{};  ///< of the last turn
  std::string caller_phone = "+12125550142";

  ~ModelCall();
  void start();
  /// What the agent says to it.
  std::string turn(std::string text);
  std::string turn(UserTurn turn);
  std::string silence(int times);
  void anticipate(std::string text);
  void cancelled_turn(std::string text, Duration after);
  Outcome conclude();

  /// Calls of tools with that name so far.
  std::vector<ToolCall> calls_of(std::string_view tool) const;
  const ModelPrompt& last_prompt() const { return model.prompts.back(); }
  /// The answer to the model's last tool request.
  const ToolAnswer& last_answer() const;
};

}  // namespace parley::dialog::testing
