#pragma once
#include "parley/business/business.hpp"

namespace parley::dialog::testing {

/// A dental practice in New York: Monday to Friday 8 to 17, Saturday 9 to 13; Friday, March 6th
/// 2026 is a holiday.
inline business::Profile dental_practice() {
  using std::chrono::minutes;
  business::Profile profile;
  profile.id = BusinessId("biz_dental");
  profile.organization = OrganizationId("org_1");
  profile.name = "Bright Smile Dental";
  profile.phone = "+12125550100";
  profile.address = "12 Main Street, New York";
  profile.email = "hello@bright.example";
  for (std::size_t day = 1; day <= 5; ++day)
    profile.hours[day] = {{minutes(8 * 60), minutes(17 * 60)}};
  profile.hours[6] = {{minutes(9 * 60), minutes(13 * 60)}};
  profile.holidays = {
      {HolidayId("hol_1"),
       calendar::Date{std::chrono::year(2026), std::chrono::March, std::chrono::day(6)},
       "the team day",
       {}}};
  auto service = [](std::string id, std::string name, std::vector<std::string> aliases, int length,
                    std::optional<std::int64_t> price) {
    business::Service made;
    made.id = ServiceId(std::move(id));
    made.name = std::move(name);
    made.aliases = std::move(aliases);
    made.duration = minutes(length);
    made.price_minor = price;
    return made;
  };
  profile.services = {service("svc_cleaning", "Teeth cleaning", {"cleaning", "hygiene"}, 45, 12000),
                      service("svc_filling", "Filling", {"cavity"}, 60, 18050),
                      service("svc_whitening", "Teeth whitening", {}, 90, 30000),
                      service("svc_checkup", "Check-up", {"exam", "checkup"}, 30, std::nullopt),
                      service("svc_root", "Root canal", {}, 90, 90000)};
  profile.resources = {{ResourceId("res_1"), "Dr. Lee"}};
  profile.agent.name = "Ava";
  profile.booking.furthest_ahead = std::chrono::days(90);
  return profile;
}

}  // namespace parley::dialog::testing
