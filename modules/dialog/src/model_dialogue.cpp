#include "parley/dialog/model_dialogue.hpp"

#include "model_conversation.hpp"
#include "parley/telemetry/log.hpp"

namespace parley::dialog {
namespace {

class ModelFactory final : public ModelDialogues {
 public:
  ModelFactory(asio::any_io_executor executor, ModelDialogueParts parts, ModelLimits limits)
      : guesses_(std::move(executor),
                 [](const std::string&, const std::string& what) {
                   log::warn("dialog.guess_failed", {{"reason", what}});
                 }),
        parts_{parts, limits, guesses_} {}

  Task<std::unique_ptr<Dialogue>> start(Context ctx, DialogueStart start) override {
    if (start.profile->agent.engine == business::Agent::Engine::builtin) {
      auto starting = parts_.given.builtin.start(std::move(ctx), std::move(start));
      co_return co_await std::move(starting);
    }
    auto zone = calendar::Zone::find(start.profile->time_zone);
    if (!zone) co_return std::unexpected(zone.error());
    auto effects = std::make_shared<EffectLedger>(start.profile);
    auto beside = start;
    beside.on_tool = [effects, on_tool = start.on_tool,
                      &tools = parts_.given.tools](const ToolTrace& trace) {
      auto* spec = tools.spec(trace.name);
      if (spec && trace.error.empty())
        effects->note(*spec, trace.arguments, trace.result, EffectLedger::Told::yes);
      if (on_tool) on_tool(trace);
    };
    auto starting = parts_.given.builtin.start(std::move(ctx), std::move(beside));
    auto builtin = co_await std::move(starting);
    if (!builtin) co_return std::unexpected(builtin.error());
    co_return std::make_unique<ModelConversation>(parts_, std::move(start), std::move(*zone),
                                                  std::move(effects), std::move(*builtin));
  }

  asio::awaitable<void> stop() override { co_await guesses_.stop(); }

 private:
  TaskGroup guesses_;
  ModelParts parts_;
};

}  // namespace

std::unique_ptr<ModelDialogues> make_model_dialogue(asio::any_io_executor executor,
                                                    ModelDialogueParts parts, ModelLimits limits) {
  return std::make_unique<ModelFactory>(std::move(executor), parts, limits);
}

}  // namespace parley::dialog
