#pragma once
#include "services.hpp"

namespace parley::api {

/// As one who may what `in` may sees it.
json::object business_json(const business::Profile& profile, const Request& in);
json::object hours_json(const business::WeekHours& hours);
json::array services_json(const business::Profile& profile);
json::array holidays_json(const business::Profile& profile);
json::array resources_json(const business::Profile& profile);

business::WeekHours hours_from(const json::object& body);
std::vector<business::Service> services_from(const json::array& list);
std::vector<business::Holiday> holidays_from(const json::array& list);
std::vector<business::Resource> resources_from(const json::array& list);
/// Only what is in the body changes.
void change_profile(business::Profile& profile, const json::object& body);

/// Defines Business and its parts.
void define_business_schemas(RouteTable& table);

/// The purpose of calendar feed tokens.
constexpr std::string_view calendar_purpose = "calendar-feed";

}  // namespace parley::api
