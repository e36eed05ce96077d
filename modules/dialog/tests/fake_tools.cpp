#include "fake_tools.hpp"

#include "parley/base/strings.hpp"

namespace parley::dialog::testing {
namespace {

using std::chrono::days;
using std::chrono::minutes;

std::string text(const json::object& object, std::string_view field) {
  auto* value = object.if_contains(field);
  return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

using Handler = std::function<Result<json::object>(const ToolScope&, const ToolCall&)>;

class FakeTool final : public Tool {
 public:
  FakeTool(Clock& clock, Practice& practice, ToolSpec spec, Handler handler)
      : clock_(clock), practice_(practice), spec_(std::move(spec)), handler_(std::move(handler)) {}
  const ToolSpec& spec() const override { return spec_; }

  Task<json::object> call(Context, ToolScope scope, ToolCall call) override {
    practice_.calls.push_back(call);
    if (practice_.failing.contains(spec_.name)) co_return fail(Errc::unavailable, "away");
    if (practice_.hanging.contains(spec_.name)) co_await clock_.sleep_for(std::chrono::hours(1));
    auto result = handler_(scope, call);
    if (practice_.hangs_after.erase(spec_.name) > 0)
      co_await clock_.sleep_for(std::chrono::hours(1));
    co_await clock_.sleep_for(std::chrono::milliseconds(50));
    co_return result;
  }

 private:
  Clock& clock_;
  Practice& practice_;
  ToolSpec spec_;
  Handler handler_;
};

json::object strings(std::initializer_list<std::string_view> required,
                     std::initializer_list<std::string_view> optional = {}) {
  json::object properties;
  json::array needed;
  for (auto name : required) {
    properties[name] = {{"type", "string"}, {"minLength", 1}, {"maxLength", 1000}};
    needed.emplace_back(name);
  }
  for (auto name : optional) properties[name] = {{"type", "string"}};
  return {{"type", "object"}, {"properties", properties}, {"required", needed}};
}

json::object described(const Practice::Entry& entry) {
  return {
      {"id", entry.id}, {"service", entry.service}, {"start", entry.start}, {"name", entry.name}};
}

}  // namespace

bool Practice::is_free(calendar::LocalTime start, minutes length) const {
  for (const auto& [id, entry] : appointments) {
    auto other = calendar::parse_local(entry.start).value();
    if (start < other + minutes(entry.minutes) && other < start + length) return false;
  }
  return true;
}

std::optional<std::string> Practice::refusal(calendar::LocalTime start, minutes length,
                                             calendar::LocalTime now) const {
  auto midnight = std::chrono::floor<days>(start);
  calendar::Date day{midnight};
  if (start <= now) return "past";
  if (profile.holiday_on(day)) return "holiday";
  bool open = false;
  for (const auto& span : profile.hours_on(day))
    open = open || (start - midnight >= span.from && start - midnight + length <= span.to);
  if (!open) return "closed";
  if (start < now + profile.booking.minimum_notice) return "too_soon";
  if (!is_free(start, length)) return "taken";
  return std::nullopt;
}

json::array Practice::slots(calendar::LocalTime from, calendar::LocalTime to, minutes length,
                            std::int64_t limit, calendar::LocalTime now) const {
  json::array list;
  for (auto at = from; at < to && static_cast<std::int64_t>(list.size()) < limit;
       at += minutes(15)) {
    auto rest = at.time_since_epoch() % minutes(15);
    auto start = rest == minutes(0) ? at : at + (minutes(15) - rest);
    if (refusal(start, length, now)) continue;
    list.push_back({{"start", calendar::to_text(start)},
                    {"end", calendar::to_text(start + length)},
                    {"resource", "Dr. Lee"}});
  }
  return list;
}

std::unique_ptr<ToolBox> make_tools(Clock& clock, Practice& practice) {
  auto box = std::make_unique<ToolBox>(clock);
  auto add = [&](std::string name, json::object schema, bool effect, Handler handler) {
    box->add(std::make_unique<FakeTool>(clock, practice,
                                        ToolSpec{.name = std::move(name),
                                                 .description = "",
                                                 .parameters = std::move(schema),
                                                 .has_effect = effect},
                                        std::move(handler)));
  };
  auto now = [&clock, &practice] {
    return calendar::Zone::find(practice.profile.time_zone).value().to_local(clock.wall());
  };
  auto length_of = [&practice](const std::string& id) {
    auto* service = practice.profile.service(ServiceId(id));
    return service ? service->duration : minutes(60);
  };
  auto near = [&practice, now](calendar::LocalTime start, minutes length) {
    return practice.slots(start, start + days(7), length, 3, now());
  };

  add("search_knowledge", strings({"query"}), false,
      [&practice](const ToolScope&, const ToolCall&) -> Result<json::object> {
        return json::object{{"passages", practice.passages}};
      });
  auto slots_schema = strings({"service", "from", "to"});
  slots_schema["properties"].as_object()["limit"] = {
      {"type", "integer"}, {"minimum", 1}, {"maximum", 1000}};
  add("find_slots", slots_schema, false,
      [&practice, now, length_of](const ToolScope&, const ToolCall& call) -> Result<json::object> {
        auto from = calendar::parse_local(text(call.arguments, "from"));
        auto to = calendar::parse_local(text(call.arguments, "to"));
        if (!from || !to) return fail(Errc::invalid, "times");
        auto limit = call.arguments.at("limit").to_number<std::int64_t>();
        return json::object{
            {"slots",
             practice.slots(*from, *to, length_of(text(call.arguments, "service")), limit, now())}};
      });
  add("book_appointment", strings({"service", "start", "name"}, {"phone", "notes"}), true,
      [&practice, now, length_of, near](const ToolScope&,
                                        const ToolCall& call) -> Result<json::object> {
        if (auto done = practice.by_key.find(call.idempotency_key); done != practice.by_key.end())
          return done->second;
        auto service = text(call.arguments, "service");
        auto start = calendar::parse_local(text(call.arguments, "start"));
        if (!start) return fail(Errc::invalid, "start");
        auto refused = practice.refusal(*start, length_of(service), now());
        if (std::exchange(practice.steal, "") == calendar::to_text(*start)) {
          practice.appointments["appt_thief"] = {
              "appt_thief", service, calendar::to_text(*start), "Thief", "+19995550000", 60};
          refused = "taken";
        }
        if (refused)
          return json::object{{"booked", false},
                              {"reason", *refused},
                              {"alternatives", near(*start, length_of(service))}};
        Practice::Entry entry{"appt_" + std::to_string(practice.next_id++),
                              service,
                              calendar::to_text(*start),
                              text(call.arguments, "name"),
                              text(call.arguments, "phone"),
                              static_cast<int>(length_of(service).count())};
        practice.appointments[entry.id] = entry;
        json::object result{{"booked", true}, {"appointment", described(entry)}};
        practice.by_key[call.idempotency_key] = result;
        return result;
      });
  add("find_appointments", strings({}, {"phone", "name"}), false,
      [&practice](const ToolScope& scope, const ToolCall& call) -> Result<json::object> {
        json::array found;
        for (const auto& [id, entry] : practice.appointments) {
          bool own = !scope.caller_phone.empty() && entry.phone == scope.caller_phone;
          bool named = scope.caller_phone.empty() && entry.phone == text(call.arguments, "phone") &&
                       entry.name == text(call.arguments, "name");
          if (own || named) found.push_back(described(entry));
        }
        return json::object{{"appointments", found}};
      });
  add("move_appointment", strings({"appointment", "start"}), true,
      [&practice, now, near](const ToolScope& scope, const ToolCall& call) -> Result<json::object> {
        auto found = practice.appointments.find(text(call.arguments, "appointment"));
        if (found == practice.appointments.end())
          return fail(Errc::not_found, "no such appointment");
        if (!scope.caller_phone.empty() && found->second.phone != scope.caller_phone)
          return fail(Errc::forbidden, "not the caller's");
        auto start = calendar::parse_local(text(call.arguments, "start"));
        if (!start) return fail(Errc::invalid, "start");
        if (auto refused = practice.refusal(*start, minutes(found->second.minutes), now()))
          return json::object{{"moved", false},
                              {"reason", *refused},
                              {"alternatives", near(*start, minutes(found->second.minutes))}};
        found->second.start = calendar::to_text(*start);
        return json::object{{"moved", true}, {"appointment", described(found->second)}};
      });
  add("cancel_appointment", strings({"appointment"}), true,
      [&practice](const ToolScope&, const ToolCall& call) -> Result<json::object> {
        practice.appointments.erase(text(call.arguments, "appointment"));
        return json::object{{"cancelled", true}};
      });
  add("take_message", strings({"text"}, {"name", "phone"}), true,
      [&practice](const ToolScope&, const ToolCall& call) -> Result<json::object> {
        practice.messages.push_back(call.arguments);
        return json::object{{"taken", true}};
      });
  return box;
}

}  // namespace parley::dialog::testing
