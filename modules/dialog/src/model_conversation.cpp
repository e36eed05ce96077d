#include "model_conversation.hpp"

#include "own_words.hpp"
#include "parley/base/strings.hpp"
#include "phrases.hpp"

namespace parley::dialog {
namespace {

constexpr Duration builtin_keeps = std::chrono::seconds(20);
constexpr int failures_to_stay = 3;
/// Not understood so often in a row, and the built-in dialogue offers keys.
constexpr int unclear_to_offer_keys = 2;
constexpr std::size_t most_earlier_messages = 3;
constexpr int most_keys = 16;
constexpr std::size_t summary_bytes = 600;

/// Says what the built-in dialogue says, and keeps it for the model.
class Overheard final : public Speaker {
 public:
  Overheard(Speaker* speaker, ModelHistory& history) : speaker_(speaker), history_(history) {}
  void say(std::string sentence) override {
    history_.agent_said(sentence, sentence);
    if (speaker_) speaker_->say(std::move(sentence));
  }

 private:
  Speaker* speaker_;
  ModelHistory& history_;
};

class Mute final : public Speaker {
 public:
  void say(std::string) override {}
};

std::string words_of_turn(const UserTurn& turn) {
  if (turn.input == UserTurn::Input::keys) return "(The caller pressed the keys " + turn.text + ")";
  // What stands in brackets at the beginning is told by us, never by a caller.
  auto text = trim(turn.text);
  while (!text.empty() && (text[0] == '(' || text[0] == ' ')) text.remove_prefix(1);
  if (text.empty()) return "(The caller said something that was not understood.)";
  return std::string(text);
}

}  // namespace

ModelConversation::ModelConversation(const ModelParts& parts, DialogueStart start,
                                     calendar::Zone zone, std::shared_ptr<EffectLedger> effects,
                                     std::unique_ptr<Dialogue> builtin)
    : parts_(parts),
      start_(std::move(start)),
      zone_(std::move(zone)),
      builtin_(std::move(builtin)),
      effects_(std::move(effects)),
      english_(to_lower(profile().agent.language).starts_with("en")),
      instructions_(instructions_of(profile())),
      spoken_(profile().agent.language, profile().agent.pronunciations),
      phases_(profile().agent),
      history_(parts.limits.history_bytes) {}

Task<TurnEnd> ModelConversation::open(Context ctx, Speaker& speaker) {
  executor_ = co_await asio::this_coro::executor;
  Overheard overheard(&speaker, history_);
  Mute mute;
  Speaker& greeter = english_ ? static_cast<Speaker&>(overheard) : mute;
  auto greeting = builtin_->open(ctx, greeter);
  auto greeted = co_await std::move(greeting);
  if (!greeted) co_return greeted;
  expectation_ = greeted->expectation;
  if (!english_)
    for (auto& sentence : own_greeting(profile(), start_.recording))
      overheard.say(std::move(sentence));
  // While the greeting plays.
  auto learning = learn_of_caller(ctx);
  auto limit = clock().now() + parts_.limits.caller_history;
  (void)co_await with_deadline(clock(), limit, std::move(learning));
  if (parts_.given.own_tools && !profile().agent.own_tools.empty()) {
    auto asking = parts_.given.own_tools->of(ctx, start_.profile);
    own_tools_ = co_await std::move(asking);
    // Names of ours are ours.
    std::erase_if(own_tools_, [this](const auto& tool) {
      return parts_.given.tools.has(tool->spec().name) || is_internal_tool(tool->spec().name);
    });
  }
  auto end = turn_end();
  end.phase = phases_.current();
  co_return end;
}

/// Their upcoming appointments, and messages they left before.
Task<void> ModelConversation::learn_of_caller(Context ctx) {
  const auto& phone = start_.scope.caller_phone;
  if (phone.empty()) co_return Result<void>{};
  if (parts_.given.tools.has("find_appointments")) {
    ToolCall call{"find_appointments", {}, ""};
    auto asking = parts_.given.tools.call(ctx, start_.scope, std::move(call));
    auto found = co_await std::move(asking);
    auto* list = found ? found->if_contains("appointments") : nullptr;
    if (list && list->is_array() && !list->as_array().empty()) {
      knows_appointments_ = true;
      caller_history_ += "Upcoming appointments under their number:\n<data>\n" +
                         as_data(json::serialize(*list), 2000) + "\n</data>\n";
    }
  }
  if (parts_.given.messages) {
    business::Page page{.number = 1, .limit = 200, .sort = ""};
    auto listing = parts_.given.messages->list(ctx, profile().id, page);
    auto messages = co_await std::move(listing);
    std::size_t kept = 0;
    if (messages) {
      for (const auto& message : messages->items) {
        if (message.caller_phone != phone || kept++ >= most_earlier_messages) continue;
        caller_history_ += "Left a message on " + to_rfc3339(message.received).substr(0, 10) +
                           ": <data>" + as_data(message.text, 300) + "</data>\n";
      }
    }
  }
  co_return Result<void>{};
}

TurnEnd ModelConversation::turn_end() {
  TurnEnd end;
  if (closing_) {
    phases_.force("close");
    end.next = TurnEnd::Next::hang_up;
  } else {
    end.expectation = expectation_;
    // A number is being typed: it ends with '#', or a pause.
    if (to_lower(history_.last_sentence()).find("keypad") != std::string::npos)
      end.keys_expected = most_keys;
  }
  end.phase = phases_.current();
  return end;
}

Task<TurnEnd> ModelConversation::reply(Context ctx, UserTurn turn, Speaker& speaker) {
  auto guess = std::exchange(guess_, nullptr);
  guesses_begun_ = 0;
  turn_ = Turn{};
  turn_.began = clock().now();
  turn_.number = ++turns_;
  turn_.speaker = &speaker;
  auto words = words_of_turn(turn);
  history_.caller_said(words);
  auto settling = settle(ctx, speaker);
  (void)co_await std::move(settling);
  if (builtin_has_the_call()) {
    auto end = co_await by_builtin(ctx, std::move(turn), speaker);
    co_return end;
  }
  builtin_spoke_last_ = false;
  bool unclear = turn.input != UserTurn::Input::keys && trim(turn.text).empty();
  unclear_ = unclear ? unclear_ + 1 : 0;
  if (unclear_ >= unclear_to_offer_keys) {
    auto end = co_await by_builtin(ctx, std::move(turn), speaker);
    co_return end;
  }
  if (unclear) {
    say_own(std::string(own_words(profile().agent.language).not_understood));
    co_return turn_end();
  }
  std::unique_ptr<LanguageStream> stream;
  passages_.clear();
  bool foreseen =
      guess && turn.input != UserTurn::Input::keys && guess->words() == normalized_words(turn.text);
  if (foreseen) {
    passages_ = *guess_passages_;
    stream = std::move(guess);
  }
  guess.reset();
  auto answering = answer(ctx, words, std::move(stream));
  auto answered = co_await std::move(answering);
  was_interrupted_ = false;
  if (answered && *answered) {
    answered_something_ = true;
    co_return turn_end();
  }
  hand_over();
  auto end = co_await by_builtin(ctx, std::move(turn), speaker);
  co_return end;
}

void ModelConversation::hand_over() {
  ++failures_;
  builtin_until_ = clock().now() + builtin_keeps;
}

/// The built-in dialogue keeps a call while it is in the middle of something, since the model would
/// not know of it; at its open question, and after a while in which the model may have come back,
/// the model goes on. A model that fails three times in a call is not asked again.
bool ModelConversation::builtin_has_the_call() const {
  if (failures_ == 0) return false;
  if (failures_ >= failures_to_stay) return true;
  return builtin_at_work_ || clock().now() < builtin_until_;
}

Task<TurnEnd> ModelConversation::by_builtin(Context ctx, UserTurn turn, Speaker& speaker) {
  Overheard overheard(&speaker, history_);
  history_.begin_round();
  builtin_spoke_last_ = true;
  auto replying = builtin_->reply(ctx, std::move(turn), overheard);
  auto end = co_await std::move(replying);
  if (!end) co_return end;
  answered_something_ = true;
  builtin_at_work_ = end->expectation && end->expectation->name != "open";
  phases_.force(end->phase);
  co_return end;
}

Task<TurnEnd> ModelConversation::silence(Context ctx, int times, Speaker& speaker) {
  guess_.reset();
  turn_.speaker = &speaker;
  if (builtin_spoke_last_ || builtin_has_the_call()) {
    Overheard overheard(&speaker, history_);
    auto asking = builtin_->silence(ctx, times, overheard);
    auto end = co_await std::move(asking);
    co_return end;
  }
  const auto& own = own_words(profile().agent.language);
  if (times >= 3) {
    speaker.say(english_ ? phrases::goodbye(profile()) : std::string(own.goodbye));
    closing_ = true;
    co_return turn_end();
  }
  // What was asked last is asked again, and is in the history once.
  auto question = history_.last_sentence();
  speaker.say(std::string(own.still_there));
  if (!question.empty() && question != own.still_there) speaker.say(std::move(question));
  co_return turn_end();
}

void ModelConversation::interrupted(std::string_view heard) {
  guess_.reset();
  history_.interrupted(heard);
  was_interrupted_ = true;
  if (builtin_spoke_last_) builtin_->interrupted(heard);
}

/// An effect whose reply was cut off, or that did not answer in time: the same key makes asking
/// again safe.
Task<void> ModelConversation::settle(Context ctx, Speaker& speaker) {
  if (!unsettled_) co_return Result<void>{};
  auto call = *unsettled_;
  auto asking = use(ctx, call);
  auto result = co_await std::move(asking);
  bool known =
      result || (result.error().code != Errc::outcome_unknown &&
                 result.error().code != Errc::unavailable && result.error().code != Errc::timeout);
  if (known) unsettled_.reset();
  auto* spec = spec_of(call.name);
  if (!result || !spec) co_return Result<void>{};
  effects_->note(*spec, call.arguments, *result, EffectLedger::Told::no);
  history_.begin_round();
  for (auto& sentence : effects_->tell()) {
    history_.agent_said(sentence, sentence);
    speaker.say(std::move(sentence));
  }
  co_return Result<void>{};
}

void ModelConversation::anticipate(Context ctx, UserTurn so_far) {
  auto words = normalized_words(so_far.text);
  if (guess_ && guess_->words() == words) return;
  guess_.reset();
  bool possible = executor_ && so_far.input != UserTurn::Input::keys && !words.empty() &&
                  !builtin_has_the_call() && !unsettled_ &&
                  guesses_begun_ < parts_.limits.speculations;
  if (!possible) return;
  ++guesses_begun_;
  auto later = history_;
  later.caller_said(words_of_turn(so_far));
  auto prompt = make_prompt(later);
  guess_passages_ = std::make_shared<std::string>();
  // Owns all it uses but what outlives every call: the conversation may end before it.
  auto begin = [parts = parts_.given, limits = parts_.limits, ctx, prompt = std::move(prompt),
                scope = start_.scope, query = so_far.text,
                passages = guess_passages_]() -> Task<std::unique_ptr<LanguageStream>> {
    auto generating = begin_generation(parts, limits, ctx, prompt, scope, query, passages);
    co_return co_await std::move(generating);
  };
  guess_ = std::make_unique<Guess>(parts_.guesses, *executor_, std::move(words), std::move(begin));
}

std::string ModelConversation::derived_summary() const {
  if (answered_something_ && history_.caller_turns() > 0) return "Answered the caller's questions.";
  return "The caller asked for nothing.";
}

Outcome ModelConversation::outcome() const {
  auto outcome = effects_->outcome();
  if (outcome.kind == "none" && outcome.summary.empty()) {
    outcome = builtin_->outcome();
    if (outcome.kind == "none" && answered_something_ && history_.caller_turns() > 0)
      outcome = {"answered", derived_summary(), {}};
  }
  if (unsettled_) outcome.details["unfinished"] = unsettled_->name;
  if (failures_ > 0) outcome.details["modelFailures"] = failures_;
  if (!summary_.empty()) outcome.summary = summary_;
  return outcome;
}

/// Two sentences of the model's, if it gives them in time. What kind of call it was is told by what
/// was done, never by the model.
asio::awaitable<Outcome> ModelConversation::conclude(Context ctx) {
  guess_.reset();
  if (history_.caller_turns() == 0 || failures_ >= failures_to_stay || !summary_.empty())
    co_return outcome();
  auto ending = history_;
  ending.caller_said(
      "(The call is over. Write for the business, in one or two sentences and in the third person, "
      "what the caller wanted and what came of it. No greeting, no markup.)");
  auto asked = make_prompt(ending);
  asked.max_tokens = 150;
  auto& model = parts_.given.model;
  auto write = [&]() -> Task<std::string> {
    auto generating = model.generate(ctx, std::move(asked));
    auto stream = co_await std::move(generating);
    if (!stream) co_return std::unexpected(stream.error());
    std::string text;
    while (text.size() < summary_bytes) {
      auto event = co_await (*stream)->next();
      if (!event) co_return std::unexpected(event.error());
      if (auto* piece = std::get_if<TextPiece>(&*event)) text += piece->text;
      if (std::holds_alternative<Completion>(*event)) break;
    }
    co_return text;
  };
  auto writing = write();
  auto written =
      co_await with_deadline(clock(), clock().now() + parts_.limits.summary, std::move(writing));
  if (written) summary_ = std::string(trim(with_middle_cut(*written, summary_bytes, 0)));
  co_return outcome();
}

}  // namespace parley::dialog
