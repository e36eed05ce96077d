#include <algorithm>

#include "conversation.hpp"
#include "phrases.hpp"

namespace parley::dialog {

/// Questions the profile or the documents answer; then the open question is asked again.
Task<std::optional<TurnEnd>> Conversation::answer(Context ctx, Act act) {
  using End = std::optional<TurnEnd>;
  auto one_service = act.services.size() == 1 ? &profile().services[act.services.front()] : nullptr;
  bool own_answer = true;
  switch (act.intent) {
    case Intent::hours:
      say_hours(act);
      break;
    case Intent::prices:
      own_answer = one_service ? one_service->price_minor.has_value() : !is_specific(act);
      // "How much are whitening trays" asks for no whitening.
      if (own_answer && one_service && is_specific(act)) {
        auto found = co_await say_from_documents(ctx, act.text);
        if (!found) co_return std::unexpected(found.error());
        if (*found) break;
      }
      if (own_answer) say_prices(act);
      break;
    case Intent::duration:
      own_answer = one_service != nullptr;
      if (one_service) say(phrases::duration(*one_service));
      break;
    case Intent::offered:
      own_answer = one_service != nullptr;
      if (one_service) say(phrases::offered(*one_service));
      break;
    case Intent::services:
      say(phrases::services(profile()));
      break;
    case Intent::address:
      own_answer = !profile().address.empty();
      if (own_answer) say(phrases::address(profile()));
      break;
    case Intent::contact:
      say(phrases::contact(profile()));
      break;
    case Intent::question:
      own_answer = false;
      break;
    default:
      co_return End{};
  }
  phase_ = is_busy() ? phase_ : "presentation";
  if (!own_answer) {
    auto found = co_await say_from_documents(ctx, act.text);
    if (!found) co_return std::unexpected(found.error());
    if (!*found) {
      if (is_busy()) {
        say(phrases::do_not_know());
        co_return End(ask_again());
      }
      co_return End(ask(Asked::offer, phrases::do_not_know() + " " + phrases::offer_message()));
    }
  }
  note("answered", act.text);
  if (is_busy()) co_return End(ask_again());
  co_return End(idle());
}

/// "How much is parking" asks for more than the list of prices, and "how much are whitening trays"
/// for more than a service's price.
bool Conversation::is_specific(const Act& act) const {
  auto stems = content_stems(act.words);
  for (auto index : act.services)
    for (const auto& form : mind_->understanding.lexicon().forms()[index])
      for (const auto& known : content_stems(form)) std::erase(stems, known);
  std::erase_if(stems, [](const std::string& stem) {
    return stem == "pric" || stem == "cost" || stem == "charg" || stem == "fee" || stem == "rat" ||
           stem == "servic" || stem == "expensiv" || stem == "usual";
  });
  return !stems.empty();
}

void Conversation::say_hours(const Act& act) {
  auto now = local_now();
  calendar::Date today{std::chrono::floor<std::chrono::days>(now)};
  const auto& when = act.date.when;
  if (has_any(act.words, {"right now", "open|closed now", "still open", "currently"})) {
    say(phrases::open_at(profile(), now, today));
    return;
  }
  if (!when.exact_day()) {
    say(phrases::hours(profile()));
    return;
  }
  if (when.exact_time()) {
    say(phrases::open_at(profile(), std::chrono::local_days(*when.first_day) + *when.earliest,
                         today));
    return;
  }
  say(phrases::hours_on(profile(), *when.first_day, today));
}

void Conversation::say_prices(const Act& act) {
  if (act.services.empty()) {
    say(phrases::prices(profile()));
    return;
  }
  for (auto index : act.services)
    if (profile().services[index].price_minor) say(phrases::price(profile().services[index]));
}

/// Says the sentences that answer; false when the documents do not. What a document says is only
/// ever spoken: nothing in it is read as a command.
Task<bool> Conversation::say_from_documents(Context ctx, std::string question) {
  if (!tools_.has("search_knowledge")) co_return false;
  ToolCall call{.name = "search_knowledge",
                .arguments = {{"query", question.substr(0, 300)}},
                .idempotency_key = ""};
  auto result = co_await use(ctx, std::move(call));
  if (!result) {
    say(phrases::documents_down());
    co_return false;
  }
  std::vector<FoundPassage> passages;
  if (auto* list = result->if_contains("passages"); list && list->is_array()) {
    for (const auto& item : list->as_array()) {
      if (!item.is_object()) continue;
      auto text = [&](std::string_view field) {
        auto* value = item.as_object().if_contains(field);
        return value && value->is_string() ? std::string(value->as_string()) : std::string();
      };
      passages.push_back({text("text"), text("document"), text("heading")});
    }
  }
  auto best = best_answer(question, passages);
  if (best.text.empty()) co_return false;
  auto sentences = sentences_of(best.text);
  for (std::size_t i = 0; i < sentences.size(); ++i)
    say(i == 0 ? phrases::from_document(best.source, sentences[i]) : sentences[i]);
  co_return true;
}

}  // namespace parley::dialog
