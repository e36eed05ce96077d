#include "conversation.hpp"
#include "phrases.hpp"

namespace parley::dialog {
namespace {

constexpr std::size_t most_visits = 5;

std::vector<phrases::Known> known(const std::vector<Visit>& visits) {
  std::vector<phrases::Known> list;
  for (const auto& visit : visits) list.push_back({visit.service_name, visit.start});
  return list;
}

}  // namespace

/// Only appointments of the caller's own number are ever found: whose words say what does not
/// matter, the tool decides by the carrier's number.
Task<std::vector<Visit>> Conversation::find_visits(Context ctx) {
  json::object arguments;
  if (start_.scope.caller_phone.empty()) {
    arguments["phone"] = contact_phone();
    arguments["name"] = name_;
  }
  ToolCall call{.name = "find_appointments", .arguments = arguments, .idempotency_key = ""};
  auto result = co_await use(ctx, std::move(call));
  if (!result) co_return std::unexpected(result.error());
  std::vector<Visit> visits;
  auto* list = result->if_contains("appointments");
  if (!list || !list->is_array()) co_return visits;
  for (const auto& item : list->as_array()) {
    if (!item.is_object() || visits.size() >= most_visits) continue;
    auto text = [&](std::string_view field) {
      auto* value = item.as_object().if_contains(field);
      return value && value->is_string() ? std::string(value->as_string()) : std::string();
    };
    auto start = calendar::parse_local(text("start"));
    if (!start) continue;
    auto* service = profile().service(ServiceId(text("service")));
    visits.push_back(
        {text("id"), text("service"), service ? service->name : "appointment", *start});
  }
  co_return visits;
}

/// Move, cancel or look up: what was just booked if that is meant, otherwise what the calendar has.
Task<TurnEnd> Conversation::begin_with_visits(Context ctx, Act act) {
  auto job = act.intent == Intent::move     ? Job::move
             : act.intent == Intent::cancel ? Job::cancel
                                            : Job::none;
  bool same = job != Job::none && frame_.job == job && frame_.visit;
  if (same) {
    // "Move it to Thursday" while the move is being talked through is a fact, not a new job.
    merge(act);
    auto end = co_await advance(ctx);
    co_return end;
  }
  auto when = act.date;
  start_job(job);
  looking_up_ = job == Job::none;
  if (name_.empty()) name_ = act.name;
  if (job == Job::move && when.problem == calendar::DateProblem::none) frame_.when = when.when;
  bool means_last = last_visit_ && job != Job::none &&
                    has_any(act.words, {"it|that|actually|instead|wait|sorry", "^no"});
  if (means_last) {
    frame_.visit = last_visit_;
    auto end = co_await with_visit(ctx);
    co_return end;
  }
  auto end = co_await look_for_visits(ctx);
  co_return end;
}

Task<TurnEnd> Conversation::look_for_visits(Context ctx) {
  bool withheld = start_.scope.caller_phone.empty();
  if (withheld && name_.empty()) co_return ask(Asked::name, phrases::ask_name());
  if (withheld && phone_.empty()) co_return ask(Asked::phone, phrases::ask_phone());
  auto visits = co_await find_visits(ctx);
  if (!visits) co_return tool_failed(phrases::calendar_down());
  if (visits->empty()) {
    say(phrases::no_appointments(!withheld));
    frame_ = {};
    looking_up_ = false;
    co_return ask(Asked::offer, phrases::offer_message());
  }
  if (looking_up_) {
    looking_up_ = false;
    say(phrases::your_appointments(known(*visits)));
    note("answered", "When is my appointment?");
    last_visit_ = visits->front();
    co_return idle();
  }
  frame_.visits = *visits;
  if (visits->size() == 1) {
    frame_.visit = visits->front();
    auto end = co_await with_visit(ctx);
    co_return end;
  }
  say(phrases::your_appointments(known(*visits)));
  co_return ask(Asked::appointment, phrases::ask_which_appointment(visits->size()));
}

/// The appointment is known: a cancellation needs the go-ahead, a move needs the new time.
Task<TurnEnd> Conversation::with_visit(Context ctx) {
  if (frame_.job == Job::cancel) co_return ask_confirm();
  auto known_service = std::ranges::find(profile().services, frame_.visit->service_id,
                                         [](const auto& service) { return service.id.str(); });
  if (known_service != profile().services.end())
    frame_.service = static_cast<std::size_t>(known_service - profile().services.begin());
  if (frame_.when.empty())
    co_return ask(Asked::when,
                  phrases::ask_new_time({frame_.visit->service_name, frame_.visit->start}));
  auto end = co_await advance(ctx);
  co_return end;
}

}  // namespace parley::dialog
