#include "parley/providers/language/answer_stream.hpp"

namespace parley::providers::language {

Task<dialog::LanguageEvent> AnswerStream::next() {
  while (ready_.empty()) {
    if (!answer_) co_return fail(Errc::end_of_stream, "the generation is complete");
    auto waiting = answer_->next();
    auto event = co_await std::move(waiting);
    bool has_ended = !event && event.error().code == Errc::end_of_stream;
    if (!event && !has_ended) co_return std::unexpected(event.error());
    auto taken = has_ended ? end() : take(*event);
    if (!taken) co_return std::unexpected(taken.error());
    if (!is_complete_) continue;
    auto finishing = answer_->finish();
    co_await std::move(finishing);
    answer_.reset();
  }
  auto event = std::move(ready_.front());
  ready_.pop_front();
  co_return event;
}

Result<void> AnswerStream::end() {
  return fail(Errc::unavailable, "the answer was closed before its end");
}

void AnswerStream::give_text(std::string text) {
  if (!text.empty()) give(dialog::TextPiece{std::move(text)});
}

void AnswerStream::complete(dialog::Completion completion) {
  give(std::move(completion));
  is_complete_ = true;
}

}  // namespace parley::providers::language
