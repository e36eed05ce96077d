#include "business_json.hpp"

#include <fmt/format.h>

#include "agent_json.hpp"
#include "values.hpp"

namespace parley::api {

namespace {

using namespace schema;
using business::Profile;

constexpr std::array<std::string_view, 7> day_names{"sunday",   "monday", "tuesday", "wednesday",
                                                    "thursday", "friday", "saturday"};

json::array spans_json(const business::DayHours& hours) {
  json::array spans;
  for (auto& span : hours)
    spans.push_back(json::object{{"from", time_of_day(span.from)}, {"to", time_of_day(span.to)}});
  return spans;
}

business::DayHours spans_from(const json::array& list) {
  business::DayHours hours;
  for (auto& item : list) {
    auto& span = item.as_object();
    hours.push_back({parse_time_of_day(text_in(span, "from").value_or("")).value(),
                     parse_time_of_day(text_in(span, "to").value_or("")).value()});
  }
  return hours;
}

template <class T>
void change(T& target, std::optional<T> value) {
  if (value) target = std::move(*value);
}

std::chrono::minutes minutes_in(const json::object& body, std::string_view name,
                                std::int64_t otherwise) {
  return std::chrono::minutes(integer_in(body, name).value_or(otherwise));
}

}  // namespace

json::object hours_json(const business::WeekHours& hours) {
  json::object week;
  for (std::size_t day = 0; day < 7; ++day) week[day_names[day]] = spans_json(hours[day]);
  return week;
}

business::WeekHours hours_from(const json::object& body) {
  business::WeekHours week;
  for (std::size_t day = 0; day < 7; ++day)
    if (auto* spans = list_in(body, day_names[day])) week[day] = spans_from(*spans);
  return week;
}

json::array services_json(const Profile& profile) {
  json::array list;
  for (auto& service : profile.services) {
    json::array resources;
    for (auto& id : service.resources) resources.emplace_back(id.str());
    list.push_back(
        json::object{{"id", service.id.str()},
                     {"name", service.name},
                     {"aliases", json::array(service.aliases.begin(), service.aliases.end())},
                     {"durationMinutes", service.duration.count()},
                     {"bufferBeforeMinutes", service.buffer_before.count()},
                     {"bufferAfterMinutes", service.buffer_after.count()},
                     {"priceMinor", service.price_minor ? json::value(*service.price_minor)
                                                        : json::value(nullptr)},
                     {"currency", service.currency},
                     {"description", service.description},
                     {"resourceIds", std::move(resources)}});
  }
  return list;
}

std::vector<business::Service> services_from(const json::array& list) {
  std::vector<business::Service> services;
  for (auto& item : list) {
    auto& body = item.as_object();
    business::Service service;
    service.id = ServiceId(text_in(body, "id").value_or(""));
    service.name = text_in(body, "name").value_or("");
    service.aliases = texts_in(body, "aliases");
    service.duration = minutes_in(body, "durationMinutes", 30);
    service.buffer_before = minutes_in(body, "bufferBeforeMinutes", 0);
    service.buffer_after = minutes_in(body, "bufferAfterMinutes", 0);
    service.price_minor = integer_in(body, "priceMinor");
    change(service.currency, text_in(body, "currency"));
    change(service.description, text_in(body, "description"));
    for (auto& id : texts_in(body, "resourceIds")) service.resources.emplace_back(id);
    services.push_back(std::move(service));
  }
  return services;
}

json::array holidays_json(const Profile& profile) {
  json::array list;
  for (auto& holiday : profile.holidays)
    list.push_back(json::object{{"id", holiday.id.str()},
                                {"date", calendar::to_text(holiday.date)},
                                {"name", holiday.name},
                                {"hours", spans_json(holiday.hours)}});
  return list;
}

std::vector<business::Holiday> holidays_from(const json::array& list) {
  std::vector<business::Holiday> holidays;
  for (auto& item : list) {
    auto& body = item.as_object();
    business::Holiday holiday;
    holiday.id = HolidayId(text_in(body, "id").value_or(""));
    holiday.date = calendar::parse_date(text_in(body, "date").value_or("")).value();
    holiday.name = text_in(body, "name").value_or("");
    if (auto* spans = list_in(body, "hours")) holiday.hours = spans_from(*spans);
    holidays.push_back(std::move(holiday));
  }
  return holidays;
}

json::array resources_json(const Profile& profile) {
  json::array list;
  for (auto& resource : profile.resources)
    list.push_back(json::object{{"id", resource.id.str()}, {"name", resource.name}});
  return list;
}

std::vector<business::Resource> resources_from(const json::array& list) {
  std::vector<business::Resource> resources;
  for (auto& item : list) {
    auto& body = item.as_object();
    resources.push_back(
        {ResourceId(text_in(body, "id").value_or("")), text_in(body, "name").value_or("")});
  }
  return resources;
}

void change_profile(Profile& profile, const json::object& body) {
  change(profile.name, text_in(body, "name"));
  change(profile.time_zone, text_in(body, "timeZone"));
  change(profile.address, text_in(body, "address"));
  change(profile.email, text_in(body, "email"));
  change(profile.website, text_in(body, "website"));
  change(profile.description, text_in(body, "description"));
  if (auto status = text_in(body, "status"))
    profile.status = *status == "active" ? business::BusinessStatus::active
                                         : business::BusinessStatus::suspended;
  if (auto* rules = object_in(body, "booking")) {
    auto& booking = profile.booking;
    booking.minimum_notice =
        minutes_in(*rules, "minimumNoticeMinutes", booking.minimum_notice.count());
    booking.slot_step = minutes_in(*rules, "slotStepMinutes", booking.slot_step.count());
    if (auto days = integer_in(*rules, "furthestAheadDays"))
      booking.furthest_ahead = std::chrono::days(*days);
  }
}

json::object business_json(const Profile& profile, const Request& in) {
  json::object made{
      {"id", profile.id.str()},
      {"name", profile.name},
      {"phone", or_null(profile.phone)},
      {"address", profile.address},
      {"email", profile.email},
      {"website", profile.website},
      {"description", profile.description},
      {"timeZone", profile.time_zone},
      {"status", profile.status == business::BusinessStatus::active ? "active" : "suspended"},
      {"hours", hours_json(profile.hours)},
      {"holidays", holidays_json(profile)},
      {"services", services_json(profile)},
      {"resources", resources_json(profile)},
      {"booking", json::object{{"minimumNoticeMinutes", profile.booking.minimum_notice.count()},
                               {"furthestAheadDays", profile.booking.furthest_ahead.count()},
                               {"slotStepMinutes", profile.booking.slot_step.count()}}},
      {"agent", agent_json(profile.agent)}};
  // Whoever has this address sees the appointments.
  if (in.who.may("appointments:read"))
    made["calendarUrl"] = fmt::format(
        "{}/api/v1/businesses/{}/calendar.ics?token={}", in.services.options.public_url,
        profile.id.str(),
        in.services.links.token(calendar_purpose, profile.organization.str(), profile.id.str()));
  return made;
}

void define_business_schemas(RouteTable& table) {
  table.define("OpenSpan", object({required("from", time_of_day().example("09:00")),
                                   required("to", time_of_day().example("17:00"))})
                               .about("Local time; the end may be 24:00."));
  auto spans = [] { return list(ref("OpenSpan"), 8); };
  std::vector<Field> week;
  for (auto day : day_names) week.push_back(optional(std::string(day), spans()));
  table.define("WeekHours", object(std::move(week)).about("A day left out is closed."));
  table.define(
      "Service",
      object({optional("id", text(0, 64).about("Of one that is kept; left out: a new one.")),
              required("name", line(1, 120).example("Cleaning")),
              optional("aliases", list(line(1, 80), 20).about("What callers say.")),
              optional("durationMinutes", integer(1, 1440).example(30)),
              optional("bufferBeforeMinutes", integer(0, 480)),
              optional("bufferAfterMinutes", integer(0, 480)),
              optional("priceMinor",
                       integer(0, 10'000'000'000).about("null: not told on the phone.").or_null()),
              optional("currency", text(3, 3).example("USD")),
              optional("description", text(0, 2000)),
              optional("resourceIds", list(text(1, 64), 200)
                                          .about("Who or what gives it; empty: any.")
                                          .example(json::array{}))})
          .example(json::object{{"name", "Cleaning"}, {"durationMinutes", 30}}));
  table.define(
      "Holiday",
      object({optional("id", text(0, 64)), required("date", date()), optional("name", line(0, 120)),
              optional("hours", spans().about("None: closed."))})
          .example(json::object{
              {"date", "2026-12-25"}, {"name", "Christmas"}, {"hours", json::array{}}}));
  table.define("Resource", object({optional("id", text(0, 64)), required("name", line(1, 120))})
                               .example(json::object{{"name", "Dr. Lee"}}));
  define_agent_schemas(table);
  table.define("BookingRules", object({optional("minimumNoticeMinutes", integer(0, 365 * 24 * 60)),
                                       optional("furthestAheadDays", integer(1, 730)),
                                       optional("slotStepMinutes", integer(5, 480))}));
  table.define(
      "Business",
      object({required("id", id("biz")), required("name", text()),
              required("phone", phone().or_null()), required("address", text()),
              required("email", text()), required("website", text()),
              required("description", text(0, 4000)), required("timeZone", text()),
              required("status", choice({"active", "suspended"})),
              required("hours", ref("WeekHours")), required("holidays", list(ref("Holiday"), 1000)),
              required("services", list(ref("Service"), 200)),
              required("resources", list(ref("Resource"), 200)),
              required("booking", ref("BookingRules")), required("agent", ref("Agent")),
              optional("calendarUrl",
                       text(0, 2000).about("An iCalendar feed for those who have the address."))}));
}

}  // namespace parley::api
