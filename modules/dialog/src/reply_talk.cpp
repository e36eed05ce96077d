#include "conversation.hpp"
#include "phrases.hpp"

namespace parley::dialog {

/// What is left after questions and commands is an answer to what was asked, facts, or both.
Task<TurnEnd> Conversation::answer_to_question(Context ctx, Act act) {
  auto asked = asked_;
  if (asked == Asked::offer && act.answer && !act.has_facts()) {
    if (!*act.answer) co_return idle();
    start_job(Job::message);
    co_return ask_message();
  }
  auto start_before = frame_.start;
  auto chosen = co_await choose(ctx, act);
  if (!chosen) co_return std::unexpected(chosen.error());
  if (*chosen) co_return **chosen;
  if (auto end = take_digits(act)) co_return *end;
  if (act.date.problem != calendar::DateProblem::none) {
    auto end = co_await impossible_date(ctx, std::move(act));
    co_return end;
  }
  bool changed = merge(act) || frame_.start != start_before;
  if (!changed && asked == Asked::confirm && (act.answer || act.part != Act::Part::none)) {
    auto end = co_await confirm_answered(ctx, std::move(act));
    co_return end;
  }
  if (!changed && act.part != Act::Part::none && is_busy()) {
    forget(act.part);
    auto end = co_await advance(ctx);
    co_return end;
  }
  bool no_phone = asked == Asked::phone && act.answer == false && !looking_up_;
  if (no_phone && (frame_.job == Job::book || frame_.job == Job::message)) {
    phone_refused_ = true;
    asked_phone_again_ = false;
    auto end = co_await advance(ctx);
    co_return end;
  }
  if (!is_busy()) {
    // Only "yes" is left here, or something that fits nothing now.
    if (act.answer == true) co_return ask(Asked::open, phrases::how_can_i_help());
    co_return ask_again();
  }
  if (asked == Asked::choice && act.answer == false && !changed) {
    frame_.when = {};
    frame_.offers.clear();
    co_return ask(Asked::when, phrases::ask_when());
  }
  bool useless = !changed && (act.intent == Intent::none || act.intent == Intent::inform);
  if (useless) {
    auto end = co_await misunderstood(ctx);
    co_return end;
  }
  auto end = co_await advance(ctx);
  co_return end;
}

/// "The second one": of the offered times or of the caller's appointments. A choice of a time only
/// updates `act` and the frame; a choice of an appointment goes on with it.
Task<std::optional<TurnEnd>> Conversation::choose(Context ctx, Act& act) {
  bool only_one = act.answer == true && !act.has_facts();
  if (asked_ == Asked::appointment) {
    if (frame_.visits.size() == 1 && act.answer == false) co_return std::optional(idle());
    if (!act.choice && frame_.visits.size() == 1 && only_one) act.choice = 0;
    if (!act.choice) co_return std::optional<TurnEnd>{};
    frame_.visit = frame_.visits[*act.choice];
    auto end = co_await with_visit(ctx);
    if (!end) co_return std::unexpected(end.error());
    co_return std::optional(std::move(*end));
  }
  if (asked_ != Asked::choice) co_return std::optional<TurnEnd>{};
  if (!act.choice && frame_.offers.size() == 1 && only_one) act.choice = 0;
  if (!act.choice) co_return std::optional<TurnEnd>{};
  auto start = frame_.offers[*act.choice];
  auto midnight = std::chrono::floor<std::chrono::days>(start);
  calendar::Date day{midnight};
  auto time = start - midnight;
  frame_.when = {.first_day = day, .last_day = day, .earliest = time, .latest = time};
  frame_.start = start;
  act.date = {};
  co_return std::optional<TurnEnd>{};
}

/// A number comes in pieces when the caller breathes in the middle.
std::optional<TurnEnd> Conversation::take_digits(Act& act) {
  if (act.digits.empty()) return std::nullopt;
  digits_ += act.digits;
  act.phone = phone_from(digits_);
  if (asked_ != Asked::phone) {
    digits_.clear();
    return std::nullopt;
  }
  if (act.phone.empty() && digits_.size() < 10) {
    say(phrases::more_digits());
    return listen();
  }
  digits_.clear();
  if (!act.phone.empty()) return std::nullopt;
  say(phrases::not_understood(turn_));
  return ask_again();
}

/// February 30th, yesterday: said plainly, and what else was understood is kept.
Task<TurnEnd> Conversation::impossible_date(Context ctx, Act act) {
  say(phrases::date_problem(act.date));
  act.date.when.first_day.reset();
  act.date.when.last_day.reset();
  merge(act);
  forget_day();
  if (!is_busy()) co_return idle();
  if (frame_.job == Job::book && !frame_.service) {
    auto end = co_await advance(ctx);
    co_return end;
  }
  co_return ask(Asked::when,
                frame_.when.exact_time() ? phrases::ask_day(frame_.when) : phrases::ask_when());
}

Task<TurnEnd> Conversation::confirm_answered(Context ctx, Act act) {
  if (act.answer == true && act.part == Act::Part::none) {
    if (confirm_unheard_) {
      confirm_unheard_ = false;
      co_return ask_again();
    }
    // A half-heard yes is asked back once; a second one counts.
    if (act.confidence < doubt_below && !std::exchange(asked_surely_, true)) {
      say(phrases::surely());
      co_return listen();
    }
    auto end = co_await confirmed(ctx);
    co_return end;
  }
  if (act.part != Act::Part::none) {
    forget(act.part);
    auto end = co_await advance(ctx);
    co_return end;
  }
  if (frame_.job == Job::cancel || frame_.job == Job::message) {
    say(phrases::nothing_done());
    co_return idle();
  }
  if (frame_.job == Job::move) {
    forget_day();
    forget_time();
    co_return ask(Asked::when, phrases::ask_when());
  }
  co_return ask_change();
}

/// After a change that was misheard itself, what still stands is said with the question.
TurnEnd Conversation::ask_change() {
  bool misheard = asked_ == Asked::what_else;
  if (++changes_asked_ > changes_before_keys) return ask(Asked::what_else, phrases::change_keys());
  if (misheard && frame_.job == Job::book && frame_.service && frame_.start)
    return ask(Asked::what_else, phrases::ask_change_of(service()->name, *frame_.start, name_));
  return ask(Asked::what_else, phrases::ask_change());
}

void Conversation::forget_day() {
  frame_.when.first_day.reset();
  frame_.when.last_day.reset();
  frame_.start.reset();
}

void Conversation::forget_time() {
  frame_.when.earliest.reset();
  frame_.when.latest.reset();
  frame_.when.meridiem_guessed = false;
  frame_.start.reset();
}

void Conversation::forget(Act::Part part) {
  switch (part) {
    case Act::Part::service:
      if (frame_.service) deny(phrases::with_article(service()->name));
      frame_.service.reset();
      frame_.start.reset();
      break;
    case Act::Part::day:
      if (frame_.when.exact_day()) deny(calendar::spoken(*frame_.when.first_day));
      forget_day();
      ++wrong_days_;
      break;
    case Act::Part::time:
      if (frame_.when.exact_time()) deny(calendar::spoken_time(*frame_.when.earliest));
      forget_time();
      ++wrong_times_;
      break;
    case Act::Part::name:
      deny(name_);
      name_.clear();
      ++wrong_names_;
      break;
    case Act::Part::phone:
      phone_.clear();
      asked_phone_again_ = true;
      break;
    case Act::Part::all:
      forget(Act::Part::service);
      forget(Act::Part::day);
      forget(Act::Part::time);
      break;
    case Act::Part::none:
      break;
  }
}

}  // namespace parley::dialog
