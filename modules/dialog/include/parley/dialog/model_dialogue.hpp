#pragma once
#include <memory>

#include "parley/business/businesses.hpp"
#include "parley/dialog/dialogue.hpp"
#include "parley/dialog/language_model.hpp"
#include "parley/dialog/own_tools.hpp"

namespace parley::dialog {

/// Bounds of one turn and one call with a language model. The whole turn stays under
/// voice::SessionSettings::reply_limit.
struct ModelLimits {
  /// The model gives nothing for this long: the built-in dialogue answers instead.
  Duration first_event = std::chrono::milliseconds(2500);
  /// The same after a tool has answered.
  Duration next_round = std::chrono::milliseconds(3000);
  Duration between_events = std::chrono::seconds(3);
  Duration turn = std::chrono::seconds(10);
  /// A tool is at work and nothing was said for this long: a word that we are still there.
  Duration filler_after = std::chrono::milliseconds(1000);
  Duration retrieval = std::chrono::milliseconds(300);
  Duration caller_history = std::chrono::milliseconds(1500);
  Duration summary = std::chrono::seconds(3);
  int rounds = 5;                 ///< generations in a turn
  int calls = 8;                  ///< of tools in a turn
  std::size_t said_bytes = 1500;  ///< of one turn; a model that goes on is stopped
  int speculations = 3;           ///< begun in a turn before the caller has ended
  /// The history is cut down to half of this when it grows beyond it.
  std::size_t history_bytes = 24'000;
};

struct ModelDialogueParts {
  Clock& clock;
  const ToolBox& tools;
  LanguageModel& model;
  /// Greets, and answers when the model cannot.
  DialogueFactory& builtin;
  business::Messages* messages = nullptr;  ///< what the caller left earlier; may be null
  OwnTools* own_tools = nullptr;           ///< may be null
};

/// Dialogues by a language model. Each has a built-in dialogue beside it, which takes over in
/// mid-call when the model fails or is silent: it answers the same words, keeps the call while it
/// is in the middle of something and for 20 s at least, and then gives it back; after the third
/// failure it keeps it. Agents that chose the built-in engine get that alone.
class ModelDialogues : public DialogueFactory {
 public:
  /// Ends what was begun on a guess and is still running. Before destruction; idempotent.
  virtual asio::awaitable<void> stop() = 0;
};

/// `executor` is where stop() gathers; each call's work stays on the call's own.
std::unique_ptr<ModelDialogues> make_model_dialogue(asio::any_io_executor executor,
                                                    ModelDialogueParts parts,
                                                    ModelLimits limits = {});

}  // namespace parley::dialog
