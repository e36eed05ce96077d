#include "dialogue_engines.hpp"

namespace parley::app {

Result<std::unique_ptr<DialogueEngines>> DialogueEngines::make(Parts parts,
                                                               const Settings& settings,
                                                               dialog::LanguageModel* model) {
  auto allowed = settings.flag("tools.allow_private");
  if (!allowed) return std::unexpected(allowed.error());
  std::unique_ptr<DialogueEngines> made(new DialogueEngines);
  made->builtin_ =
      dialog::make_builtin_dialogue(parts.clock, parts.random, parts.tools, parts.vocabulary);
  if (!model) return made;
  owntools::OwnToolsOptions options;
  if (*allowed) options.addresses = owntools::OwnToolsOptions::Addresses::any;
  made->own_tools_ = owntools::make_own_tools(
      {parts.clock, parts.random, parts.http, owntools::secret_key(parts.master)}, options);
  made->by_model_ = dialog::make_model_dialogue(
      parts.executor,
      {parts.clock, parts.tools, *model, *made->builtin_, &parts.messages, made->own_tools_.get()});
  return made;
}

dialog::DialogueFactory& DialogueEngines::factory() {
  return by_model_ ? static_cast<dialog::DialogueFactory&>(*by_model_) : *builtin_;
}

asio::awaitable<void> DialogueEngines::stop() {
  if (!by_model_) co_return;
  auto stopping = by_model_->stop();
  co_await std::move(stopping);
}

}  // namespace parley::app
