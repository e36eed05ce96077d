#include "profile_json.hpp"

#include <stdexcept>

#include "agent_json.hpp"

namespace parley::business {

namespace {

json::array hours_to_json(const DayHours& hours) {
  json::array spans;
  for (const auto& span : hours)
    spans.push_back(json::array{json::value(static_cast<std::int64_t>(span.from.count())),
                                json::value(static_cast<std::int64_t>(span.to.count()))});
  return spans;
}

DayHours hours_from_json(const json::value& stored) {
  DayHours hours;
  for (const auto& span : stored.as_array())
    hours.push_back({std::chrono::minutes{span.as_array().at(0).to_number<std::int64_t>()},
                     std::chrono::minutes{span.as_array().at(1).to_number<std::int64_t>()}});
  return hours;
}

template <class List, class ToJson>
json::array list_to_json(const List& list, ToJson to_json) {
  json::array all;
  for (const auto& item : list) all.push_back(json::value(to_json(item)));
  return all;
}

std::string text(const json::object& from, std::string_view field) {
  return std::string(from.at(field).as_string());
}
std::int64_t number(const json::object& from, std::string_view field) {
  return from.at(field).to_number<std::int64_t>();
}

json::object service_to_json(const Service& service) {
  json::object out{{"id", service.id.str()},
                   {"name", service.name},
                   {"durationMinutes", service.duration.count()},
                   {"bufferBeforeMinutes", service.buffer_before.count()},
                   {"bufferAfterMinutes", service.buffer_after.count()},
                   {"currency", service.currency},
                   {"description", service.description}};
  if (service.price_minor) out["priceMinor"] = *service.price_minor;
  out["aliases"] =
      list_to_json(service.aliases, [](const auto& alias) { return json::value(alias); });
  out["resources"] =
      list_to_json(service.resources, [](const auto& id) { return json::value(id.str()); });
  return out;
}

Service service_from_json(const json::object& in) {
  Service service;
  service.id = ServiceId(text(in, "id"));
  service.name = text(in, "name");
  service.duration = std::chrono::minutes{number(in, "durationMinutes")};
  service.buffer_before = std::chrono::minutes{number(in, "bufferBeforeMinutes")};
  service.buffer_after = std::chrono::minutes{number(in, "bufferAfterMinutes")};
  if (in.contains("priceMinor")) service.price_minor = number(in, "priceMinor");
  service.currency = text(in, "currency");
  service.description = text(in, "description");
  for (const auto& alias : in.at("aliases").as_array())
    service.aliases.emplace_back(alias.as_string());
  for (const auto& id : in.at("resources").as_array())
    service.resources.emplace_back(std::string(id.as_string()));
  return service;
}

}  // namespace

json::object profile_to_json(const Profile& profile) {
  json::object out{{"address", profile.address},
                   {"email", profile.email},
                   {"website", profile.website},
                   {"description", profile.description},
                   {"timeZone", profile.time_zone},
                   {"suspended", profile.status == BusinessStatus::suspended},
                   {"noticeMinutes", profile.booking.minimum_notice.count()},
                   {"furthestDays", profile.booking.furthest_ahead.count()},
                   {"slotStepMinutes", profile.booking.slot_step.count()}};
  out["hours"] = list_to_json(profile.hours, hours_to_json);
  out["holidays"] = list_to_json(profile.holidays, [](const Holiday& holiday) {
    return json::object{{"id", holiday.id.str()},
                        {"date", calendar::to_text(holiday.date)},
                        {"name", holiday.name},
                        {"hours", hours_to_json(holiday.hours)}};
  });
  out["services"] = list_to_json(profile.services, service_to_json);
  out["resources"] = list_to_json(profile.resources, [](const Resource& resource) {
    return json::object{{"id", resource.id.str()}, {"name", resource.name}};
  });
  out["agent"] = agent_to_json(profile.agent);
  return out;
}

void profile_from_json(const json::value& stored, Profile& profile) {
  const auto& in = stored.as_object();
  profile.address = text(in, "address");
  profile.email = text(in, "email");
  profile.website = text(in, "website");
  profile.description = text(in, "description");
  profile.time_zone = text(in, "timeZone");
  profile.status =
      in.at("suspended").as_bool() ? BusinessStatus::suspended : BusinessStatus::active;
  profile.booking.minimum_notice = std::chrono::minutes{number(in, "noticeMinutes")};
  profile.booking.furthest_ahead = std::chrono::days{static_cast<int>(number(in, "furthestDays"))};
  profile.booking.slot_step = std::chrono::minutes{number(in, "slotStepMinutes")};
  for (std::size_t day = 0; day < profile.hours.size(); ++day)
    profile.hours[day] = hours_from_json(in.at("hours").as_array().at(day));
  for (const auto& value : in.at("holidays").as_array()) {
    const auto& holiday = value.as_object();
    auto date = calendar::parse_date(text(holiday, "date"));
    if (!date) throw std::logic_error("a stored holiday is not a date");
    profile.holidays.push_back({HolidayId(text(holiday, "id")), *date, text(holiday, "name"),
                                hours_from_json(holiday.at("hours"))});
  }
  for (const auto& service : in.at("services").as_array())
    profile.services.push_back(service_from_json(service.as_object()));
  for (const auto& resource : in.at("resources").as_array())
    profile.resources.push_back(
        {ResourceId(text(resource.as_object(), "id")), text(resource.as_object(), "name")});
  profile.agent = agent_from_json(in.at("agent").as_object());
}

}  // namespace parley::business
