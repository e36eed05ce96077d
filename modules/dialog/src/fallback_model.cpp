#include "parley/dialog/fallback_model.hpp"

#include "fallback_stream.hpp"

namespace parley::dialog {

FallbackLanguageModel::FallbackLanguageModel(Clock& clock, std::vector<LanguageModel*> engines,
                                             FallbackTimes times, OnTakeOver on_take_over)
    : parts_(new Parts{clock, engines, times, std::move(on_take_over),
                       EngineRests(engines.size(), times.first_rest, times.longest_rest)}) {}

FallbackLanguageModel::~FallbackLanguageModel() = default;

std::string FallbackLanguageModel::name() const {
  return parts_->engines.empty() ? "none" : parts_->engines.front()->name();
}

Task<std::unique_ptr<LanguageStream>> FallbackLanguageModel::generate(Context ctx,
                                                                      ModelPrompt prompt) {
  auto stream = std::make_unique<FallbackStream>(*parts_, std::move(ctx), std::move(prompt));
  auto beginning = stream->begin();
  auto begun = co_await std::move(beginning);
  if (!begun) co_return std::unexpected(begun.error());
  co_return stream;
}

}  // namespace parley::dialog
