#include "calendar_feed.hpp"

#include <libical/ical.h>

#include <cstdlib>
#include <mutex>

namespace parley::booking {

namespace {

struct FreeComponent {
  void operator()(icalcomponent* component) const { icalcomponent_free(component); }
};
using Component = std::unique_ptr<icalcomponent, FreeComponent>;

icaltimezone* utc() {
  // libical makes its UTC zone on first use without a lock.
  static std::once_flag once;
  std::call_once(once, [] { icaltimezone_get_utc_timezone(); });
  return icaltimezone_get_utc_timezone();
}

icaltimetype time_of(WallTime time) {
  auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  return icaltime_from_timet_with_zone(static_cast<time_t>(seconds), 0, utc());
}

void add(icalcomponent* to, icalproperty* property) { icalcomponent_add_property(to, property); }

void add_extension(icalcomponent* to, const char* name, const std::string& value) {
  auto* property = icalproperty_new_x(value.c_str());
  icalproperty_set_x_name(property, name);
  // The kind of an X- property is unknown; as text it is escaped like any other.
  icalproperty_set_value(property, icalvalue_new_text(value.c_str()));
  add(to, property);
}

std::string summary(const Appointment& a) {
  return a.resource_name.empty()
             ? a.service_name + ": " + a.customer.name
             : a.service_name + ": " + a.customer.name + " (" + a.resource_name + ")";
}

std::string description(const Appointment& a) {
  std::string text;
  auto line = [&](std::string_view label, std::string_view value) {
    if (value.empty()) return;
    if (!text.empty()) text += '\n';
    text += std::string(label) + std::string(value);
  };
  line("Phone: ", a.customer.phone);
  line("Email: ", a.customer.email);
  line("Notes: ", a.notes);
  line("Booked by: ", to_string(a.source));
  return text;
}

Component event(const business::Profile& profile, const Appointment& a) {
  Component event(icalcomponent_new_vevent());
  auto* e = event.get();
  add(e, icalproperty_new_uid((a.id.str() + "@parley").c_str()));
  add(e, icalproperty_new_dtstamp(time_of(a.updated)));
  add(e, icalproperty_new_created(time_of(a.created)));
  add(e, icalproperty_new_lastmodified(time_of(a.updated)));
  add(e, icalproperty_new_dtstart(time_of(a.start)));
  add(e, icalproperty_new_dtend(time_of(a.end)));
  add(e, icalproperty_new_sequence(static_cast<int>(a.version - 1)));
  add(e, icalproperty_new_status(ICAL_STATUS_CONFIRMED));
  add(e, icalproperty_new_summary(summary(a).c_str()));
  add(e, icalproperty_new_description(description(a).c_str()));
  if (!profile.address.empty()) add(e, icalproperty_new_location(profile.address.c_str()));
  return event;
}

}  // namespace

std::string calendar_text(const business::Profile& profile,
                          const std::vector<Appointment>& appointments) {
  Component calendar(icalcomponent_new_vcalendar());
  auto* c = calendar.get();
  add(c, icalproperty_new_version("2.0"));
  add(c, icalproperty_new_prodid("-//Parley//Appointments//EN"));
  add(c, icalproperty_new_calscale("GREGORIAN"));
  add_extension(c, "X-WR-CALNAME", profile.name);
  add_extension(c, "X-WR-TIMEZONE", profile.time_zone);
  add_extension(c, "X-PUBLISHED-TTL", "PT15M");
  for (const auto& appointment : appointments)
    icalcomponent_add_component(c, event(profile, appointment).release());
  std::unique_ptr<char, decltype(&std::free)> text(icalcomponent_as_ical_string_r(c), &std::free);
  return text.get();
}

}  // namespace parley::booking
