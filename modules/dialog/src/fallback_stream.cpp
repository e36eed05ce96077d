#include "fallback_stream.hpp"

#include "parley/base/race.hpp"
#include "parley/base/strings.hpp"

namespace parley::dialog {

namespace {

constexpr std::string_view go_on_words =
    "[The line was cut while you were speaking. The caller has heard your words so far. Go on "
    "exactly where they end, with the next word, and repeat nothing.]";

/// What is wrong with the prompt says nothing about the engine.
bool is_prompts_fault(Errc code) { return code == Errc::invalid || code == Errc::too_large; }

}  // namespace

Task<LanguageEvent> FallbackStream::next() {
  while (ready_.empty()) {
    if (is_over_) co_return fail(Errc::end_of_stream, "the generation is over");
    auto advancing = advance();
    auto advanced = co_await std::move(advancing);
    if (!advanced) co_return std::unexpected(advanced.error());
  }
  auto event = std::move(ready_.front());
  ready_.pop_front();
  co_return event;
}

Task<void> FallbackStream::advance() {
  is_over_ = true;  // also when it is cancelled
  auto leading = lead(std::exchange(lead_, std::nullopt));
  auto ahead = co_await std::move(leading);
  release_all_but(ahead ? std::optional(ahead->engine) : std::nullopt);
  if (!ahead) {
    if (!has_requests_) {
      if (is_prompts_fault(last_error_.code)) co_return std::unexpected(last_error_);
      Error none{Errc::unavailable, "every language model has failed; " + last_error_.detail};
      none.retry_after = last_error_.retry_after;
      co_return std::unexpected(std::move(none));
    }
    Completion so_far;
    so_far.reason = Completion::Reason::tools;
    ready_.emplace_back(std::move(so_far));
    co_return Result<void>{};
  }
  if (writer_ && *writer_ != ahead->engine) seam_.take_over();
  writer_ = ahead->engine;
  is_over_ = std::holds_alternative<Completion>(ahead->event);
  take(std::move(ahead->event));
  if (is_over_)
    uses_[ahead->engine]->succeeded();
  else
    lead_ = std::move(*ahead);
  co_return Result<void>{};
}

Task<FallbackStream::Lead> FallbackStream::lead(std::optional<Lead> running) {
  auto engine = running ? std::optional(running->engine) : next_engine();
  if (!engine) co_return std::unexpected(last_error_);
  auto work = running ? go_on(std::move(*running)) : start(*engine);
  Pair pair;
  auto ahead = front(std::move(work), *engine, pair);
  auto behind = back(*engine, pair);
  auto outcome = co_await race(std::move(ahead), std::move(behind));
  auto& got = outcome.index() == 0 ? std::get<0>(outcome) : std::get<1>(outcome);
  if (!got && pair.front) tell(*engine, std::nullopt, *pair.front);
  co_return std::move(got);
}

Task<FallbackStream::Lead> FallbackStream::front(Task<Lead> work, std::size_t engine, Pair& pair) {
  auto got = co_await std::move(work);
  if (got) co_return got;
  spend(engine, got.error());
  pair.front = got.error();
  pair.changed.notify();
  // Who is behind may still win.
  while (!pair.back_has_failed) co_await pair.changed.wait();
  co_return got;
}

Task<FallbackStream::Lead> FallbackStream::back(std::size_t front_engine, Pair& pair) {
  auto slow_at = parts_.clock.now() + parts_.times.slow_after;
  if (!pair.front) (void)co_await pair.changed.wait_until(parts_.clock, slow_at);
  auto leading = lead(std::nullopt);
  auto got = co_await std::move(leading);
  if (!got) {
    pair.back_has_failed = true;
    pair.changed.notify();
    while (!pair.front) co_await pair.changed.wait();
    co_return got;
  }
  auto why = pair.front.value_or(Error{Errc::timeout, "another one was faster"});
  if (!pair.front) spend(front_engine, why);
  tell(front_engine, got->engine, why);
  co_return got;
}

Task<FallbackStream::Lead> FallbackStream::start(std::size_t engine) {
  auto prompt = prompt_so_far();
  auto beginning = parts_.engines[engine]->generate(ctx_, std::move(prompt));
  auto stream = co_await std::move(beginning);
  if (!stream) co_return std::unexpected(stream.error());
  Lead begun{engine, std::move(*stream), {}};
  auto going = go_on(std::move(begun));
  co_return co_await std::move(going);
}

Task<FallbackStream::Lead> FallbackStream::go_on(Lead running) {
  auto waiting = running.stream->next();
  auto event = co_await std::move(waiting);
  if (!event && event.error().code == Errc::end_of_stream)
    co_return fail(Errc::unavailable, "it ended without a completion");
  if (!event) co_return std::unexpected(event.error());
  running.event = std::move(*event);
  if (says_nothing(running)) co_return fail(Errc::unavailable, "it said nothing");
  co_return running;
}

bool FallbackStream::says_nothing(const Lead& lead) const {
  const auto* completion = std::get_if<Completion>(&lead.event);
  if (!completion || completion->reason != Completion::Reason::done || has_requests_) return false;
  bool holds_its_words = writer_ == lead.engine && seam_.holds_something();
  return seam_.given().empty() && !holds_its_words;
}

std::optional<std::size_t> FallbackStream::next_engine() {
  // Requests that wait for their answers cannot stand in another engine's prompt.
  if (has_requests_) return std::nullopt;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (states_[i] != State::free) continue;
    auto use = parts_.rests.use(i, parts_.clock.now());
    if (!use) continue;
    uses_[i] = std::move(*use);
    states_[i] = State::running;
    return i;
  }
  return std::nullopt;
}

void FallbackStream::spend(std::size_t engine, const Error& why) {
  last_error_ = why;
  last_error_.detail = parts_.engines[engine]->name() + ": " + why.detail;
  states_[engine] = State::spent;
  if (!is_prompts_fault(why.code)) uses_[engine]->failed(parts_.clock.now(), why.retry_after);
  uses_[engine].reset();
}

void FallbackStream::release_all_but(std::optional<std::size_t> winner) {
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (states_[i] != State::running || i == winner) continue;
    states_[i] = State::free;
    uses_[i].reset();
  }
}

void FallbackStream::tell(std::size_t from, std::optional<std::size_t> to, const Error& why) const {
  if (!parts_.on_take_over) return;
  const auto& engines = parts_.engines;
  parts_.on_take_over({engines[from]->name(), to ? engines[*to]->name() : std::string(), why});
}

ModelPrompt FallbackStream::prompt_so_far() const {
  auto prompt = prompt_;
  if (trim(seam_.given()).empty()) return prompt;
  auto& ours = prompt.messages.emplace_back();
  ours.role = ModelMessage::Role::assistant;
  ours.text = seam_.given();
  prompt.messages.emplace_back().text = go_on_words;
  return prompt;
}

void FallbackStream::take(LanguageEvent event) {
  if (const auto* piece = std::get_if<TextPiece>(&event)) return give_text(seam_.take(piece->text));
  give_text(seam_.rest());
  if (std::holds_alternative<ToolRequest>(event)) has_requests_ = true;
  ready_.push_back(std::move(event));
}

void FallbackStream::give_text(std::string text) {
  if (!text.empty()) ready_.emplace_back(TextPiece{std::move(text)});
}

}  // namespace parley::dialog
