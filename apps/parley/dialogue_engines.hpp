#pragma once
#include <memory>

#include "parley/auth/master_key.hpp"
#include "parley/base/settings.hpp"
#include "parley/dialog/builtin.hpp"
#include "parley/dialog/model_dialogue.hpp"
#include "parley/owntools/own_tools.hpp"

namespace parley::app {

/// What decides what agents say: the built-in dialogue, and before it a language model where one is
/// configured.
class DialogueEngines {
 public:
  struct Parts {
    asio::any_io_executor executor;
    Clock& clock;
    Random& random;
    net::HttpClient& http;
    const auth::MasterKey& master;
    const dialog::ToolBox& tools;
    dialog::Vocabulary& vocabulary;
    business::Messages& messages;
  };
  /// `model` null: the built-in dialogue only. It outlives this. Errors: invalid (a setting).
  static Result<std::unique_ptr<DialogueEngines>> make(Parts parts, const Settings& settings,
                                                       dialog::LanguageModel* model);

  dialog::DialogueFactory& factory();
  /// After the last call.
  asio::awaitable<void> stop();

 private:
  DialogueEngines() = default;
  std::unique_ptr<dialog::DialogueFactory> builtin_;
  std::unique_ptr<dialog::OwnTools> own_tools_;
  std::unique_ptr<dialog::ModelDialogues> by_model_;
};

}  // namespace parley::app
