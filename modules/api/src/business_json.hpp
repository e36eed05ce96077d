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
/// The draft, or the agent in force when there is none, changed as the body says, as the draft.
/// `revision` of the draft is expected; 0: don't care.
Task<business::AgentVersion> save_agent_draft(Request& in, std::string note,
                                              std::int64_t revision = 0);
/// Only what is in the body changes.
void change_profile(business::Profile& profile, const json::object& body);

/// Defines Business and its parts.
void define_business_schemas(RouteTable& table);

/// The purpose of calendar feed tokens.
constexpr std::string_view calendar_purpose = "calendar-feed";

}  // namespace parley::api
