// One answer of the model: generations until it asks for no more tools, what is said of them, and
// what is done when it fails.
#include "model_conversation.hpp"
#include "own_words.hpp"
#include "parley/base/strings.hpp"
#include "phrases.hpp"

namespace parley::dialog {
namespace {

constexpr std::size_t most_requests = 8;
/// Of one generation: a model that goes on without a word to be heard is stopped.
constexpr int most_events = 4000;
/// Shorter questions ("yes", "tomorrow") are not worth a look into the documents.
constexpr std::size_t shortest_query = 8;
constexpr std::size_t longest_query = 400;

}  // namespace

Task<std::unique_ptr<LanguageStream>> begin_generation(ModelDialogueParts parts, ModelLimits limits,
                                                       Context ctx, ModelPrompt prompt,
                                                       ToolScope scope, std::string query,
                                                       std::shared_ptr<std::string> passages) {
  if (query.size() >= shortest_query && parts.tools.has("search_knowledge")) {
    ToolCall call{"search_knowledge", {{"query", with_middle_cut(query, longest_query, 0)}}, ""};
    auto searching = parts.tools.call(ctx, std::move(scope), std::move(call));
    auto limit = parts.clock.now() + limits.retrieval;
    auto found = co_await with_deadline(parts.clock, limit, std::move(searching));
    if (found) *passages = passages_of(*found);
  }
  if (!passages->empty()) prompt.situation += "\n" + *passages;
  auto generating = parts.model.generate(std::move(ctx), std::move(prompt));
  co_return co_await std::move(generating);
}

ModelPrompt ModelConversation::make_prompt(const ModelHistory& history) const {
  ModelPrompt prompt;
  prompt.instructions = instructions_;
  prompt.tools = tool_specs();
  prompt.situation = situation_of({.now = zone_.to_local(clock().wall()),
                                   .caller_phone = start_.scope.caller_phone,
                                   .recording = start_.recording,
                                   .caller_history = caller_history_,
                                   .done = effects_->lines(),
                                   .earlier = history.digest(),
                                   .interrupted = was_interrupted_},
                                  phases_, profile());
  prompt.messages = history.messages();
  return prompt;
}

Task<bool> ModelConversation::answer(Context ctx, const std::string& words,
                                     std::unique_ptr<LanguageStream> stream) {
  const auto& limits = parts_.limits;
  auto turn_by = turn_.began + limits.turn;
  ctx = ctx.until(turn_by);
  auto query = words.starts_with('(') ? std::string() : words;
  while (true) {
    bool first = ++turn_.rounds == 1;
    auto first_by = first ? turn_.began + limits.first_event : clock().now() + limits.next_round;
    first_by = std::min(first_by, turn_by);
    if (!stream) {
      auto prompt = make_prompt(history_);
      auto passages = std::make_shared<std::string>();
      if (!first && !passages_.empty()) prompt.situation += "\n" + passages_;
      auto generating = begin_generation(parts_.given, limits, ctx, std::move(prompt), start_.scope,
                                         first ? query : "", passages);
      auto made = co_await with_deadline(clock(), first_by, std::move(generating));
      if (first) passages_ = *passages;
      if (!made) co_return give_up_model();
      stream = std::move(*made);
    }
    history_.begin_round();
    turn_.cutter = PieceCutter{};
    if (turn_.said_bytes > 0) turn_.cutter.not_first();
    auto listening = listen(*stream, first_by);
    auto end = co_await std::move(listening);
    stream.reset();
    if (!end) co_return give_up_model();
    if (end->requests.empty() || turn_.full) {
      auto claimed = std::exchange(turn_.held, "");
      if (claimed.empty()) break;
      if (turn_.corrected) {
        say_own(std::string(own_words(profile().agent.language).nothing_done));
        break;
      }
      turn_.corrected = true;
      history_.note("(Not said to the caller: \"" + with_middle_cut(claimed, 300, 0) +
                    "\" No tool has done that in this call. Call the tool for it, or tell the "
                    "caller truthfully how things stand.)");
      if (turn_.rounds >= limits.rounds) co_return give_up_model();
      continue;
    }
    // What it claimed while it asked for the tool is for the next round to say.
    turn_.held.clear();
    auto running = run_requests(ctx, std::move(end->requests));
    auto more = co_await std::move(running);
    if (!more || !*more) break;
    if (turn_.rounds >= limits.rounds || clock().now() >= turn_by) co_return give_up_model();
  }
  if (turn_.said_bytes == 0) co_return give_up_model();
  if (effects_->has_untold()) {
    if (turn_.said_since_effect)
      effects_->all_told();
    else
      for (auto& sentence : effects_->tell()) say_own(std::move(sentence));
  }
  co_return true;
}

/// Errors: the stream's, timeout.
Task<ModelConversation::RoundEnd> ModelConversation::listen(LanguageStream& stream,
                                                            TimePoint first_by) {
  RoundEnd end;
  auto turn_by = turn_.began + parts_.limits.turn;
  auto limit = first_by;
  auto flush = [this] {
    for (auto& piece : turn_.cutter.finish()) offer(std::move(piece));
  };
  for (int events = 0; !turn_.full; ++events) {
    if (events >= most_events) co_return fail(Errc::too_large, "the model goes on for too long");
    auto waiting = stream.next();
    auto event = co_await with_deadline(clock(), limit, std::move(waiting));
    if (!event) {
      bool long_winded = clock().now() >= turn_by && turn_.said_bytes > 0 && turn_.held.empty();
      if (!long_winded) co_return std::unexpected(event.error());
      turn_.full = true;
      break;
    }
    limit = std::min(clock().now() + parts_.limits.between_events, turn_by);
    if (clock().now() >= turn_by) limit = clock().now();
    if (auto* text = std::get_if<TextPiece>(&*event)) {
      for (auto& piece : turn_.cutter.add(text->text)) offer(std::move(piece));
    } else if (auto* request = std::get_if<ToolRequest>(&*event)) {
      flush();
      if (end.requests.size() < most_requests) end.requests.push_back(std::move(*request));
    } else {
      end.completion = std::get<Completion>(std::move(*event));
      // Half a sentence that ran out of room is not said after whole ones.
      bool cut_off = end.completion.reason == Completion::Reason::too_long;
      if (!cut_off || turn_.said_bytes == 0) flush();
      break;
    }
  }
  co_return end;
}

/// A piece of the model's text: said at once, unless it claims what nothing supports.
void ModelConversation::offer(std::string written) {
  if (turn_.full) return;
  auto spoken = spoken_.of(written);
  if (spoken.empty()) return;
  if (!turn_.held.empty() || is_unfounded(written)) {
    if (turn_.held.size() < 2000) turn_.held += (turn_.held.empty() ? "" : " ") + written;
    return;
  }
  say(std::move(written), std::move(spoken));
  turn_.full = turn_.said_bytes >= parts_.limits.said_bytes;
}

void ModelConversation::say(std::string written, std::string spoken) {
  turn_.said_bytes += spoken.size();
  turn_.said_since_effect = true;
  history_.agent_said(std::move(written), spoken);
  turn_.speaker->say(std::move(spoken));
}

void ModelConversation::say_own(std::string sentence) {
  auto spoken = sentence;
  say(std::move(sentence), std::move(spoken));
}

bool ModelConversation::is_unfounded(std::string_view sentence) const {
  auto claim = claim_in(sentence);
  if (!claim || effects_->did_own()) return false;
  switch (*claim) {
    case Claim::booked:
      return !effects_->booked_or_moved();
    case Claim::has_booking:
      return !effects_->booked_or_moved() && !knows_appointments_;
    case Claim::cancelled:
      return !effects_->did("cancel_appointment");
    case Claim::message_taken:
      return !effects_->did("take_message");
  }
  return false;
}

/// The model failed, is silent, or goes in circles. What was done is confirmed in any case; words
/// that were begun are excused. False when nothing was said: the built-in dialogue answers.
bool ModelConversation::give_up_model() {
  const auto& own = own_words(profile().agent.language);
  turn_.held.clear();
  if (effects_->has_untold() && !turn_.said_since_effect) {
    hand_over();
    for (auto& sentence : effects_->tell()) say_own(std::move(sentence));
    say_own(std::string(own.anything_else));
    return true;
  }
  effects_->all_told();
  if (closing_) {
    if (turn_.said_bytes == 0)
      say_own(english_ ? phrases::goodbye(profile()) : std::string(own.goodbye));
    return true;
  }
  if (turn_.said_bytes == 0) return false;
  hand_over();
  say_own(std::string(own.lost_thread));
  return true;
}

}  // namespace parley::dialog
