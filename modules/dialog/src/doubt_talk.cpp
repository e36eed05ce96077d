// What was heard with doubt: said back, denied, mended.
#include <algorithm>

#include "conversation.hpp"
#include "parley/base/strings.hpp"
#include "phrases.hpp"

namespace parley::dialog {
namespace {

/// Speech believed less than this is noise.
constexpr double reject_below = 0.12;
constexpr std::size_t most_denied = 20;

std::vector<Act::Part> parts_of(const Act& act) {
  std::vector<Act::Part> parts;
  if (!act.services.empty()) parts.push_back(Act::Part::service);
  if (act.date.when.exact_day()) parts.push_back(Act::Part::day);
  if (act.date.when.exact_time()) parts.push_back(Act::Part::time);
  if (!act.name.empty()) parts.push_back(Act::Part::name);
  return parts;
}

}  // namespace

std::string Conversation::facts_of(const Act& act) const {
  std::vector<std::string> facts;
  for (auto index : act.services)
    facts.push_back(phrases::with_article(profile().services[index].name));
  const auto& when = act.date.when;
  if (when.exact_day()) facts.push_back(calendar::spoken(*when.first_day));
  if (when.exact_time()) facts.push_back(calendar::spoken_time(*when.earliest));
  if (!act.name.empty()) facts.push_back(act.name);
  if (!act.phone.empty()) {
    std::string digits;
    for (char c : act.phone.substr(2)) digits += (digits.empty() ? "" : " ") + std::string(1, c);
    facts.push_back(digits);
  }
  return phrases::listed(facts, "and");
}

/// What is too faint once may be noise; the same meaning twice in a row is not. It is doubted then.
bool Conversation::is_believable(UserTurn::Input input, Act& act) {
  auto heard_before = std::exchange(barely_heard_, {});
  if (input == UserTurn::Input::keys) return true;
  if (act.confidence >= doubt_below) keys_mode_ = false;
  if (act.confidence >= reject_below) return true;
  barely_heard_ = facts_of(act);
  if (act.answer) barely_heard_ += *act.answer ? " yes" : " no";
  if (barely_heard_.empty() || barely_heard_ != heard_before) return false;
  act.confidence = reject_below;
  return true;
}

/// What the caller has said no to is heard again: rather one of the other readings, doubted.
Act Conversation::not_denied(Act act, const UserTurn& turn) const {
  auto is_denied = [&](const std::string& facts) {
    return std::ranges::find(denied_, facts) != denied_.end();
  };
  if (!is_denied(facts_of(act))) return act;
  for (const auto& text : turn.alternatives) {
    auto other = mind_->understanding.understand(
        {.text = text, .confidence = turn.confidence, .alternatives = {}}, situation());
    auto facts = facts_of(other);
    if (facts.empty() || is_denied(facts)) continue;
    // In a loose reading anything may stand where a name is expected.
    if (!other.name.empty() && !mind_->understanding.is_common_name(other.name)) continue;
    other.confidence = std::min(turn.confidence, reject_below);
    return other;
  }
  return act;
}

void Conversation::deny(std::string facts) {
  if (!facts.empty() && denied_.size() < most_denied) denied_.push_back(std::move(facts));
}

/// "5 PM" was denied: whatever sounds like it, five it is not.
Words Conversation::denied_hours() const {
  static const Words hours{"twelve", "one",   "two",   "three", "four", "five",
                           "six",    "seven", "eight", "nine",  "ten",  "eleven"};
  Words denied;
  for (std::size_t hour = 0; hour < hours.size(); ++hour)
    for (int half : {0, 12}) {
      auto time = calendar::spoken_time(std::chrono::hours(static_cast<int>(hour) + half));
      if (std::ranges::find(denied_, time) != denied_.end()) denied.push_back(hours[hour]);
    }
  return denied;
}

Words Conversation::denied_weekdays() const {
  Words denied;
  for (const auto& facts : denied_)
    for (auto* day : {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"})
      // A day and nothing beside it: of two facts it is not known which was wrong.
      if (facts.starts_with(std::string(day) + ",") && facts.find(" and ") == std::string::npos)
        denied.push_back(to_lower(day));
  return denied;
}

/// The caller said no to what was heard: which part of it was wrong is asked; of one fact that is
/// plain.
Task<TurnEnd> Conversation::wrongly_heard(Context ctx, Act held) {
  auto parts = parts_of(held);
  if (parts.size() > 1) {
    auto question = phrases::ask_which_wrong(parts);
    partly_wrong_ = std::move(held);
    co_return ask(Asked::what_else, std::move(question));
  }
  auto end = co_await all_wrong(ctx, std::move(held));
  co_return end;
}

/// The same job goes on, and what is missing is asked for one by one, where far fewer words can be
/// meant.
Task<TurnEnd> Conversation::all_wrong(Context ctx, Act held) {
  bool was_booking = held.intent == Intent::book || !held.services.empty();
  // It may have been no booking at all: a question of which nothing was heard.
  bool first_wish = !is_busy() && asked_ == Asked::open;
  bool asks_openly = first_wish && wrong_openings_++ == 0;
  if (first_wish && was_booking && !asks_openly) start_job(Job::book);
  deny(facts_of(held));
  if (asks_openly) co_return ask(Asked::open, phrases::say_it_again());
  if (!held.name.empty()) ++wrong_names_;
  if (parts_of(held) == std::vector{Act::Part::time}) ++wrong_times_;
  if (parts_of(held) == std::vector{Act::Part::day}) ++wrong_days_;
  if (asked_ == Asked::what_else && is_busy()) co_return ask_change();
  bool goes_on = asked_ == Asked::open || asked_ == Asked::service || asked_ == Asked::when ||
                 asked_ == Asked::name;
  if (!is_busy() || !goes_on) co_return ask_again();
  if (asked_ == Asked::when) day_first_ = true;
  say(phrases::once_more(turn_));
  auto end = co_await advance(ctx);
  co_return end;
}

/// Which of several facts was misheard, or what is right instead; the others are believed. What the
/// caller wanted to change before is not wanted any more, whatever it is now.
Task<TurnEnd> Conversation::mend(Context ctx, Act act) {
  auto held = std::move(*partly_wrong_);
  partly_wrong_.reset();
  asked_ = before_doubt_;
  question_ = question_before_doubt_;
  bool other_wish = act.intent != Intent::none && act.intent != Intent::inform &&
                    act.intent != Intent::book && act.part == Act::Part::none;
  if (other_wish) {
    auto end = co_await respond_understood(ctx, std::move(act));
    co_return end;
  }
  if (act.part == Act::Part::all || (act.part == Act::Part::none && !act.has_facts())) {
    auto end = co_await all_wrong(ctx, std::move(held));
    co_return end;
  }
  if (!is_busy()) start_job(Job::book);
  auto& when = held.date.when;
  if (act.part == Act::Part::service || !act.services.empty()) {
    if (act.services.empty() && held.services.size() == 1)
      deny(phrases::with_article(profile().services[held.services.front()].name));
    held.services = act.services;
  }
  if (act.part == Act::Part::day || act.date.when.has_day()) {
    if (!act.date.when.has_day() && when.exact_day()) {
      deny(calendar::spoken(*when.first_day));
      ++wrong_days_;
      forget_day();
    }
    when.first_day = act.date.when.first_day;
    when.last_day = act.date.when.last_day;
  }
  if (act.part == Act::Part::time || act.date.when.has_time()) {
    if (!act.date.when.has_time() && when.exact_time()) {
      deny(calendar::spoken_time(*when.earliest));
      ++wrong_times_;
      forget_time();
    }
    when.earliest = act.date.when.earliest;
    when.latest = act.date.when.latest;
    when.meridiem_guessed = act.date.when.meridiem_guessed;
  }
  if (act.part == Act::Part::name || !act.name.empty()) {
    if (act.name.empty()) ++wrong_names_;
    held.name = act.name;
  }
  merge(held);
  if (act.date.problem != calendar::DateProblem::none) {
    forget_day();
    auto end = co_await impossible_date(ctx, std::move(act));
    co_return end;
  }
  auto end = co_await advance(ctx);
  co_return end;
}

/// Facts heard with little confidence are said back before they count.
std::optional<TurnEnd> Conversation::hold_doubtful(const Act& act) {
  bool wide = asked_ == Asked::open || (asked_ == Asked::name && !act.name.empty());
  auto enough = wide ? doubt_open_below : doubt_below;
  if (act.confidence >= enough || !act.has_facts()) return std::nullopt;
  if (asked_ == Asked::confirm || asked_ == Asked::message) return std::nullopt;
  auto facts = facts_of(act);
  if (facts.empty()) return std::nullopt;
  if (asked_ != Asked::doubt) {
    before_doubt_ = asked_;
    question_before_doubt_ = question_;
  }
  doubt_ = act;
  return ask(Asked::doubt, phrases::heard_facts(facts));
}

}  // namespace parley::dialog
