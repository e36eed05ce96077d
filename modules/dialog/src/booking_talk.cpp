#include <algorithm>
#include <ranges>

#include "conversation.hpp"
#include "phrases.hpp"

namespace parley::dialog {
namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::minutes;

constexpr std::size_t most_offers = 3;
constexpr int search_limit = 300;
constexpr int search_days = 14;
/// The most that find_slots looks ahead of `from`.
constexpr int longest_search_days = 31;

calendar::LocalTime at(calendar::Date day, minutes time) { return local_days(day) + time; }

/// The three nearest to `wanted`, in order of time.
std::vector<calendar::LocalTime> nearest(std::vector<calendar::LocalTime> times,
                                         calendar::LocalTime wanted) {
  std::ranges::sort(times, {}, [&](calendar::LocalTime time) {
    return std::pair(time < wanted ? wanted - time : time - wanted, time);
  });
  if (times.size() > most_offers) times.resize(most_offers);
  std::ranges::sort(times);
  return times;
}

/// First, middle and last: three that differ.
std::vector<calendar::LocalTime> spread(const std::vector<calendar::LocalTime>& times) {
  if (times.size() <= most_offers) return times;
  return {times.front(), times[times.size() / 2], times.back()};
}

std::vector<calendar::LocalTime> starts_of(const json::value* slots) {
  std::vector<calendar::LocalTime> starts;
  if (!slots || !slots->is_array()) return starts;
  for (const auto& slot : slots->as_array()) {
    auto* start = slot.is_object() ? slot.as_object().if_contains("start") : nullptr;
    if (!start || !start->is_string()) continue;
    auto time = calendar::parse_local(start->as_string());
    if (time) starts.push_back(*time);
  }
  std::ranges::sort(starts);
  auto doubled = std::ranges::unique(starts);
  starts.erase(doubled.begin(), doubled.end());
  return starts;
}

bool is_set(const json::object& result, std::string_view flag) {
  auto* value = result.if_contains(flag);
  return value && value->is_bool() && value->as_bool();
}

}  // namespace

void Conversation::start_job(Job job) {
  frame_ = {};
  frame_.job = job;
  looking_up_ = false;
  phase_ = "qualification";
  asked_surely_ = false;
  goodbye_doubted_ = false;
  day_first_ = false;
  denied_.clear();
  wrong_times_ = 0;
  wrong_days_ = 0;
  changes_asked_ = 0;
  key_days_.clear();
  if (job == Job::book && profile().services.size() == 1) frame_.service = 0;
}

/// Takes new facts into the frame; whether anything is different now.
bool Conversation::merge(const Act& act) {
  bool changed = false;
  if (!act.name.empty() && act.name != name_) {
    name_ = act.name;
    changed = true;
  }
  if (!act.phone.empty() && act.phone != contact_phone()) {
    phone_ = act.phone;
    changed = true;
  }
  if (!act.phone.empty()) asked_phone_again_ = false;
  if (frame_.job == Job::book && !act.services.empty()) {
    among_.clear();
    if (act.services.size() > 1) {
      among_ = act.services;
      frame_.service.reset();
      changed = true;
    } else if (frame_.service != act.services.front()) {
      frame_.service = act.services.front();
      frame_.start.reset();
      changed = true;
    }
  }
  const auto& said = act.date.when;
  auto& when = frame_.when;
  if (said.has_day() && (when.first_day != said.first_day || when.last_day != said.last_day)) {
    when.first_day = said.first_day;
    when.last_day = said.last_day;
    changed = true;
    frame_.start.reset();
  }
  if (said.has_time() && (when.earliest != said.earliest || when.latest != said.latest)) {
    when.earliest = said.earliest;
    when.latest = said.latest;
    when.meridiem_guessed = said.meridiem_guessed;
    changed = true;
    frame_.start.reset();
  }
  if (act.same_time && frame_.visit && !said.has_time()) {
    auto time = frame_.visit->start - std::chrono::floor<days>(frame_.visit->start);
    changed = changed || when.earliest != time;
    when.earliest = when.latest = time;
  }
  if (said.soonest) {
    when.soonest = true;
    frame_.start.reset();
    changed = true;
  }
  return changed;
}

/// Asks for the first thing that is missing, or for the go-ahead.
Task<TurnEnd> Conversation::advance(Context ctx) {
  bool visit_unknown = (frame_.job == Job::move || frame_.job == Job::cancel) && !frame_.visit;
  if (looking_up_ || visit_unknown) {
    auto end = co_await look_for_visits(ctx);
    co_return end;
  }
  if (frame_.job == Job::none) co_return idle();
  if (frame_.job == Job::message) co_return ask_confirm();
  if (frame_.job == Job::book && profile().services.empty())
    co_return tool_failed(phrases::nothing_to_book());
  if (frame_.job == Job::book && !frame_.service) {
    if (!among_.empty()) {
      auto among = std::exchange(among_, {});
      co_return ask(Asked::service, phrases::ask_which_service(profile(), among));
    }
    auto question = phrases::ask_service(profile());
    co_return ask(Asked::service, keys_mode_ ? phrases::service_keys(profile()) : question);
  }
  if (frame_.job != Job::cancel && !frame_.start) {
    auto end = co_await advance_when(ctx);
    co_return end;
  }
  if (frame_.job == Job::book && name_.empty() && wrong_names_ >= names_before_number) {
    say(phrases::without_name());
    name_ = stand_in_name();
  }
  if (frame_.job == Job::book && name_.empty()) {
    // Some names are not among those that can be heard: a way out after the second try.
    bool with_keys = keys_mode_ || wrong_names_ >= names_before_spelling;
    co_return ask(Asked::name, with_keys ? phrases::name_keys() : phrases::ask_name());
  }
  if (frame_.job == Job::book && !phone_refused_ && (contact_phone().empty() || asked_phone_again_))
    co_return ask(Asked::phone, phrases::ask_phone());
  co_return ask_confirm();
}

Task<TurnEnd> Conversation::advance_when(Context ctx) {
  auto& when = frame_.when;
  if (frame_.visit && when.exact_time() && !when.has_day() && !when.soonest) {
    // "Move it to three" stays on its day.
    when.first_day = when.last_day = calendar::Date{std::chrono::floor<days>(frame_.visit->start)};
  }
  if (when.exact_day() && !when.exact_time()) {
    auto refused = refusal_of_day(profile(), *when.first_day, local_now());
    if (refused) {
      say(phrases::refused_day(*refused, profile(), *when.first_day));
      forget_day();
      when.soonest = false;
      co_return ask(Asked::when, phrases::ask_other_day());
    }
  }
  Task<TurnEnd> next = when.exact_day() && when.exact_time() ? check_exact(ctx) : ask_or_offer(ctx);
  auto end = co_await std::move(next);
  co_return end;
}

/// Day or time is missing or only a span: a span can be filled with free times, nothing cannot.
Task<TurnEnd> Conversation::ask_or_offer(Context ctx) {
  const auto& when = frame_.when;
  bool span_of_day = when.exact_day() && when.has_time() && !when.exact_time();
  bool span_of_days = when.has_day() && !when.exact_day();
  if (when.soonest || span_of_day || span_of_days || (keys_mode_ && !when.exact_time())) {
    auto end = co_await offer_times(ctx, false);
    co_return end;
  }
  if (when.exact_day())
    co_return ask(Asked::when, wrong_times_ >= times_before_keys
                                   ? phrases::time_keys()
                                   : phrases::ask_time(*when.first_day));
  if (!when.has_day() && wrong_days_ >= days_before_keys)
    co_return ask(Asked::when, ask_day_by_keys());
  if (when.has_time() || day_first_) co_return ask(Asked::when, phrases::ask_day(when));
  co_return ask(Asked::when, phrases::ask_when());
}

/// The open days of the week that begins today.
std::string Conversation::ask_day_by_keys() {
  constexpr int week = 7;
  auto now = local_now();
  calendar::Date today{std::chrono::floor<days>(now)};
  key_days_.clear();
  for (int ahead = 0; ahead < week; ++ahead) {
    calendar::Date day{local_days(today) + days(ahead)};
    if (!refusal_of_day(profile(), day, now)) key_days_.push_back(day);
  }
  if (key_days_.empty()) return phrases::ask_day(frame_.when);
  return phrases::day_keys(key_days_, today);
}

Task<std::vector<calendar::LocalTime>> Conversation::free_times(Context ctx,
                                                                calendar::LocalTime from,
                                                                calendar::LocalTime to, int limit) {
  auto service_id = frame_.visit ? frame_.visit->service_id : service()->id.str();
  ToolCall call{.name = "find_slots",
                .arguments = {{"service", service_id},
                              {"from", calendar::to_text(from)},
                              {"to", calendar::to_text(to)},
                              {"limit", limit}},
                .idempotency_key = ""};
  auto result = co_await use(ctx, std::move(call));
  if (!result) co_return std::unexpected(result.error());
  co_return starts_of(result->if_contains("slots"));
}

Task<TurnEnd> Conversation::check_exact(Context ctx) {
  auto& when = frame_.when;
  auto start = at(*when.first_day, *when.earliest);
  auto midnight = at(*when.first_day, minutes(0));
  const auto* wanted = service();
  auto length = wanted ? wanted->duration : minutes(0);
  auto refused = refusal_of(profile(), mind_->zone, length, start, clock_.wall());
  // "At six" was taken as the likelier half of the day; when that is closed and the other is open,
  // the other was meant.
  if (refused && when.meridiem_guessed) {
    auto other = start < midnight + std::chrono::hours(12) ? start + std::chrono::hours(12)
                                                           : start - std::chrono::hours(12);
    if (!refusal_of(profile(), mind_->zone, length, other, clock_.wall())) {
      start = other;
      when.earliest = when.latest = other - midnight;
      refused.reset();
    }
  }
  if (!refused) {
    auto found = co_await free_times(ctx, start, midnight + days(1), search_limit);
    if (!found) co_return tool_failed(phrases::calendar_down());
    if (std::ranges::find(*found, start) != found->end()) {
      frame_.start = start;
      auto end = co_await advance(ctx);
      co_return end;
    }
    refused = Refusal::taken;
  }
  say(phrases::refused(*refused, profile(), wanted, start, local_now()));
  if (!same_day_may_do(*refused)) {
    forget_day();
    co_return ask(Asked::when, phrases::ask_other_day());
  }
  auto end = co_await offer_times(ctx, true);
  co_return end;
}

/// Looks for free times around what was asked for and offers three at most. `quietly`: why the
/// wanted time is not among them has been said.
Task<TurnEnd> Conversation::offer_times(Context ctx, bool quietly) {
  auto when = frame_.when;
  auto now = local_now();
  auto today = std::chrono::floor<days>(now);
  auto from = when.has_day() ? at(*when.first_day, minutes(0)) : calendar::LocalTime(today);
  auto to = when.has_day() ? at(*when.last_day, minutes(0)) + days(1)
                           : calendar::LocalTime(today + days(search_days));
  to = std::min(to, std::max(from, now) + days(longest_search_days));
  auto found = co_await free_times(ctx, std::max(from, now), to, search_limit);
  if (!found) co_return tool_failed(phrases::calendar_down());
  auto times = *found;
  bool is_span = when.has_time() && !when.exact_time();
  if (is_span) {
    std::erase_if(times, [&](calendar::LocalTime time) {
      auto of_day = time - std::chrono::floor<days>(time);
      return of_day < *when.earliest || of_day >= *when.latest;
    });
  }
  if (times.empty() && when.has_day()) {
    if (!quietly) say(phrases::no_offers(when));
    auto later =
        co_await free_times(ctx, std::max(from, now), from + days(search_days), search_limit);
    if (!later) co_return tool_failed(phrases::calendar_down());
    times = *later;
    if (times.size() > most_offers) times.resize(most_offers);
  }
  if (times.empty()) {
    if (!when.has_day() && !quietly) say(phrases::no_offers(when));
    forget_day();
    co_return ask(Asked::when, phrases::ask_other_day());
  }
  phase_ = "presentation";
  if (when.exact_day() && when.exact_time())
    times = nearest(times, at(*when.first_day, *when.earliest));
  else if (when.soonest && times.size() > most_offers)
    times.resize(most_offers);
  else
    times = spread(times);
  frame_.when.soonest = false;
  frame_.offers = times;
  co_return ask(Asked::choice,
                keys_mode_ ? phrases::offers_with_keys(times, now) : phrases::offers(times, now));
}

TurnEnd Conversation::ask_confirm() {
  phase_ = "close";
  switch (frame_.job) {
    case Job::book:
      return ask(Asked::confirm, phrases::confirm_booking(service()->name, *frame_.start, name_));
    case Job::move:
      return ask(Asked::confirm, phrases::confirm_move(frame_.visit->service_name,
                                                       frame_.visit->start, *frame_.start));
    case Job::cancel:
      return ask(Asked::confirm,
                 phrases::confirm_cancel(frame_.visit->service_name, frame_.visit->start));
    default:
      return ask(Asked::confirm, phrases::confirm_message(frame_.message));
  }
}

/// The caller said yes to one sentence with everything in it.
Task<TurnEnd> Conversation::confirmed(Context ctx) {
  Effect effect{.job = frame_.job, .call = {}, .frame = frame_};
  auto& call = effect.call;
  switch (frame_.job) {
    case Job::book:
      call.name = "book_appointment";
      call.arguments = {{"service", service()->id.str()},
                        {"start", calendar::to_text(*frame_.start)},
                        {"name", name_}};
      if (!contact_phone().empty()) call.arguments["phone"] = contact_phone();
      break;
    case Job::move:
      call.name = "move_appointment";
      call.arguments = {{"appointment", frame_.visit->id},
                        {"start", calendar::to_text(*frame_.start)}};
      break;
    case Job::cancel:
      call.name = "cancel_appointment";
      call.arguments = {{"appointment", frame_.visit->id}};
      break;
    default:
      call.name = "take_message";
      call.arguments = {{"text", frame_.message}};
      if (!name_.empty()) call.arguments["name"] = name_;
      if (!contact_phone().empty()) call.arguments["phone"] = contact_phone();
  }
  call.idempotency_key = key_for(call.name, call.arguments);
  auto end = co_await perform(ctx, std::move(effect));
  co_return end;
}

/// Stored before the call: should this reply be cancelled, the next one finds out how it ended.
Task<TurnEnd> Conversation::perform(Context ctx, Effect effect) {
  effect_ = effect;
  frame_ = effect.frame;
  auto result = co_await use(ctx, effect.call);
  if (!result && result.error().code == Errc::outcome_unknown)
    result = co_await use(ctx, effect.call);
  effect_.reset();
  if (!result) {
    bool unclear = result.error().code == Errc::outcome_unknown;
    if (frame_.job == Job::message) {
      say(unclear ? phrases::outcome_unclear() : phrases::message_failed());
      co_return idle();
    }
    co_return tool_failed(unclear ? phrases::outcome_unclear() : phrases::calendar_down());
  }
  auto end = co_await performed(ctx, std::move(effect), std::move(*result));
  co_return end;
}

Task<TurnEnd> Conversation::performed(Context ctx, Effect effect, json::object result) {
  std::string id;
  if (auto* made = result.if_contains("appointment"); made && made->is_object())
    id = text_in(made->as_object(), "id");
  if (effect.job == Job::message) {
    say(phrases::message_taken());
    note("message", "Left a message: " + frame_.message);
    outcome_.details["message"] = frame_.message;
    co_return idle();
  }
  if (effect.job == Job::cancel) {
    say(phrases::cancelled(frame_.visit->service_name, frame_.visit->start));
    note("cancelled", phrases::cancelled(frame_.visit->service_name, frame_.visit->start));
    outcome_.details["appointment"] = frame_.visit->id;
    last_visit_.reset();
    co_return idle();
  }
  bool done = is_set(result, effect.job == Job::book ? "booked" : "moved");
  if (!done) {
    // Somebody was faster since the time was found free.
    auto refused = refusal_from(text_in(result, "reason"));
    say(phrases::refused(refused, profile(), service(), *frame_.start, local_now()));
    auto others = starts_of(result.if_contains("alternatives"));
    frame_.start.reset();
    if (others.empty()) {
      auto end = co_await offer_times(ctx, true);
      co_return end;
    }
    if (others.size() > most_offers) others.resize(most_offers);
    frame_.offers = others;
    phase_ = "presentation";
    co_return ask(Asked::choice, phrases::offers(others, local_now()));
  }
  if (effect.job == Job::book) {
    last_visit_ = Visit{id, service()->id.str(), service()->name, *frame_.start};
    say(phrases::booked(service()->name, *frame_.start));
    note("booked", phrases::booked_note(service()->name, *frame_.start, name_));
  } else {
    last_visit_ = frame_.visit;
    last_visit_->start = *frame_.start;
    id = frame_.visit->id;
    say(phrases::moved(frame_.visit->service_name, *frame_.start));
    note("moved", phrases::moved_note(frame_.visit->service_name, *frame_.start));
  }
  outcome_.details["appointment"] = id;
  outcome_.details["start"] = calendar::to_text(*frame_.start);
  co_return idle();
}

TurnEnd Conversation::tool_failed(std::string apology) {
  say(std::move(apology));
  frame_ = {};
  return ask(Asked::offer, phrases::offer_message());
}

}  // namespace parley::dialog
