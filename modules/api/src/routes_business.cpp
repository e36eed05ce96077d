#include "agent_json.hpp"
#include "business_json.hpp"
#include "parley/base/strings.hpp"
#include "parley/owntools/secrets.hpp"
#include "values.hpp"

namespace parley::api {

namespace {

using namespace schema;
using Found = std::shared_ptr<const business::Profile>;

Outcome one_business(const Found& found, const Request& in) {
  return Reply{.data = business_json(*found, in), .version = found->version};
}

Answer list_businesses(Request& in) {
  auto page = in.query.integer("page", 1);
  auto limit = in.query.integer("limit", 50);
  return reply(in.services.parts.businesses.list(in.ctx, {page, limit, in.query.text("sort")}),
               [&in, page, limit](const business::ProfileList& list) -> Outcome {
                 json::array items;
                 for (auto& item : list.items) items.push_back(business_json(*item, in));
                 return Reply{.data = std::move(items),
                              .pagination = page_of(page, limit, list.total)};
               });
}

Answer create_business(Request& in) {
  business::NewBusiness request;
  request.name = text_in(in.body, "name").value_or("");
  request.time_zone = text_in(in.body, "timeZone").value_or(request.time_zone);
  request.address = text_in(in.body, "address").value_or("");
  request.email = text_in(in.body, "email").value_or("");
  request.website = text_in(in.body, "website").value_or("");
  request.description = text_in(in.body, "description").value_or("");
  return reply(in.services.parts.businesses.create(in.ctx, std::move(request)),
               [&in](const Found& made) { return one_business(made, in); });
}

/// The business, when If-Match does not speak against it.
Task<Found> current(Request& in) {
  return in.services.parts.businesses.get(in.ctx, in.id<BusinessId>());
}

/// What a part of the business shows as a resource of its own, with the business's version.
using View = json::value (*)(const business::Profile&, const Request&);

Answer show(Request& in, View view) {
  return reply(current(in), [&in, view](const Found& found) -> Outcome {
    return Reply{.data = view(*found, in), .version = found->version};
  });
}

/// Reads, changes and writes back. Without If-Match another's change in between is not overwritten
/// but built upon: read again.
using Apply = std::function<void(business::Profile&, const json::object&)>;
Answer change(Request& in, Apply apply, View view) {
  constexpr int attempts = 4;
  for (int attempt = 1;; ++attempt) {
    auto looking = current(in);
    auto found = co_await std::move(looking);
    if (!found) co_return refuse(found.error());
    if (auto good = in.check_if_match((*found)->version); !good)
      co_return std::unexpected(good.error());
    business::Profile changed = **found;
    apply(changed, in.body);
    auto updating =
        in.services.parts.businesses.update(in.ctx, std::move(changed), (*found)->version);
    auto updated = co_await std::move(updating);
    if (updated) co_return Reply{.data = view(**updated, in), .version = (*updated)->version};
    bool again = updated.error().code == Errc::conflict && !in.has_if_match();
    if (again && attempt < attempts) continue;
    auto refusing = refuse_change(in, updated.error(), current(in));
    co_return co_await std::move(refusing);
  }
}

/// The version that If-Match names, which the change itself compares again: another may write in
/// between. 0 without one, or when any will do.
asio::awaitable<std::expected<std::int64_t, Failure>> expected_version(Request& in) {
  if (!in.has_if_match()) co_return 0;
  auto looking = current(in);
  auto found = co_await std::move(looking);
  if (!found) co_return refuse(found.error());
  if (auto good = in.check_if_match((*found)->version); !good)
    co_return std::unexpected(good.error());
  co_return trim(*in.http.headers.get("If-Match")) == "*" ? 0 : (*found)->version;
}

/// Replaces a whole list, of the version that If-Match names.
template <class Items>
Answer replace(Request& in, Items items,
               Task<Found> (business::Businesses::*set)(Context, BusinessId, Items, std::int64_t),
               View view) {
  auto checking = expected_version(in);
  auto version = co_await std::move(checking);
  if (!version) co_return std::unexpected(version.error());
  auto setting =
      (in.services.parts.businesses.*set)(in.ctx, in.id<BusinessId>(), std::move(items), *version);
  auto updated = co_await std::move(setting);
  if (updated) co_return Reply{.data = view(**updated, in), .version = (*updated)->version};
  auto refusing = refuse_change(in, updated.error(), current(in));
  co_return co_await std::move(refusing);
}

json::value view_whole(const business::Profile& profile, const Request& in) {
  return business_json(profile, in);
}
json::value view_hours(const business::Profile& profile, const Request&) {
  return hours_json(profile.hours);
}
json::value view_services(const business::Profile& profile, const Request&) {
  return services_json(profile);
}
json::value view_holidays(const business::Profile& profile, const Request&) {
  return holidays_json(profile);
}
json::value view_resources(const business::Profile& profile, const Request&) {
  return resources_json(profile);
}
json::value view_agent(const business::Profile& profile, const Request&) {
  return agent_json(profile.agent);
}

void apply_hours(business::Profile& profile, const json::object& body) {
  profile.hours = hours_from(body);
}

Answer get_business(Request& in) { return show(in, view_whole); }
Answer update_business(Request& in) { return change(in, change_profile, view_whole); }
Answer get_hours(Request& in) { return show(in, view_hours); }
Answer update_hours(Request& in) { return change(in, apply_hours, view_hours); }
Answer get_agent(Request& in) { return show(in, view_agent); }
/// At once, or with a gate before it into the draft.
Answer update_agent(Request& in) {
  if (auto good = check_tool_secrets(in.body); !good) co_return refuse(good.error());
  auto asking = in.services.parts.agent_versions.gate(in.ctx, in.id<BusinessId>());
  auto gate = co_await std::move(asking);
  if (!gate) co_return refuse(gate.error());
  if (*gate == business::Gate::none) {
    auto key = owntools::secret_key(in.services.parts.master);
    Apply apply = [key](business::Profile& profile, const json::object& body) {
      change_agent(profile, body, key);
    };
    auto changing = change(in, std::move(apply), view_agent);
    co_return co_await std::move(changing);
  }
  auto checking = expected_version(in);
  if (auto good = co_await std::move(checking); !good) co_return std::unexpected(good.error());
  auto saving = save_agent_draft(in, "");
  auto draft = co_await std::move(saving);
  if (!draft) co_return refuse(draft.error());
  co_return Reply{.data = agent_json(draft->agent),
                  .message = "Kept as version " + std::to_string(draft->number) +
                             ", a draft: it is published once its scenarios pass."};
}
Answer get_services(Request& in) { return show(in, view_services); }
Answer get_holidays(Request& in) { return show(in, view_holidays); }
Answer get_resources(Request& in) { return show(in, view_resources); }

Answer update_services(Request& in) {
  return replace(in, services_from(in.body.at("services").as_array()),
                 &business::Businesses::set_services, view_services);
}
Answer update_holidays(Request& in) {
  return replace(in, holidays_from(in.body.at("holidays").as_array()),
                 &business::Businesses::set_holidays, view_holidays);
}
Answer update_resources(Request& in) {
  return replace(in, resources_from(in.body.at("resources").as_array()),
                 &business::Businesses::set_resources, view_resources);
}

Answer remove_business(Request& in) {
  auto checking = expected_version(in);
  auto version = co_await std::move(checking);
  if (!version) co_return std::unexpected(version.error());
  auto id = in.path("id");
  auto removing = in.services.parts.businesses.remove(in.ctx, BusinessId(id), *version);
  auto removed = co_await std::move(removing);
  if (removed) co_return Reply{.data = json::object{{"id", id}}};
  auto refusing = refuse_change(in, removed.error(), current(in));
  co_return co_await std::move(refusing);
}

Answer get_numbers(Request& in) {
  return reply(in.services.parts.businesses.numbers(in.ctx, in.id<BusinessId>()),
               [](const std::vector<std::string>& numbers) -> Outcome {
                 return Reply{.data = json::array(numbers.begin(), numbers.end())};
               });
}

Answer update_numbers(Request& in) {
  auto checking = expected_version(in);
  auto version = co_await std::move(checking);
  if (!version) co_return std::unexpected(version.error());
  std::vector<std::string> numbers;
  for (auto& item : in.body.at("numbers").as_array())
    numbers.push_back(phone_in(json::object{{"number", item}}, "number"));
  auto setting = in.services.parts.businesses.set_numbers(in.ctx, in.id<BusinessId>(),
                                                          std::move(numbers), *version);
  auto updated = co_await std::move(setting);
  if (updated) co_return one_business(*updated, in);
  auto refusing = refuse_change(in, updated.error(), current(in));
  auto refused = co_await std::move(refusing);
  if (updated.error().code == Errc::conflict && refused.error().status == 409)
    co_return refuse(409, "number_taken", failure_of(updated.error()).message);
  co_return refused;
}

Route part(net::Method method, std::string path, std::string name, std::string summary,
           Schema response, Answer (*handler)(Request&)) {
  Route route;
  route.method = method;
  route.path = "/businesses/{id}" + path;
  route.group = "businesses";
  route.name = std::move(name);
  route.summary = std::move(summary);
  route.thing = "business";
  route.permission = method == net::Method::get ? "businesses:read" : "businesses:write";
  route.response = std::move(response);
  route.handler = handler;
  return route;
}

Route part_with_body(std::string path, std::string name, std::string summary, Schema request,
                     Schema response, Answer (*handler)(Request&)) {
  auto route = part(net::Method::put, std::move(path), std::move(name), std::move(summary),
                    std::move(response), handler);
  route.body = BodyKind::json;
  route.request = std::move(request);
  return route;
}

Schema description(std::vector<Field> fields) {
  for (auto&& field :
       {optional("timeZone", line(1, 64).about("IANA name.").example("America/New_York")),
        optional("address", line(0, 300)), optional("email", line(0, 254).example("a@b.example")),
        optional("website", line(0, 500)), optional("description", text(0, 4000))})
    fields.push_back(field);
  return object(std::move(fields));
}

void add_part_routes(RouteTable& table) {
  table.add(part(net::Method::get, "/hours", "getHours", "Opening hours of a week.",
                 ref("WeekHours"), get_hours));
  table.add(part_with_body("/hours", "updateHours", "Replace the week's opening hours.",
                           ref("WeekHours"), ref("WeekHours"), update_hours));
  table.add(part(net::Method::get, "/services", "getServices", "What can be booked.",
                 list(ref("Service"), 200), get_services));
  table.add(part_with_body("/services", "updateServices",
                           "Replace the services; those with an id keep it.",
                           object({required("services", list(ref("Service"), 200))}),
                           list(ref("Service"), 200), update_services));
  table.add(part(net::Method::get, "/holidays", "getHolidays", "Days with other hours.",
                 list(ref("Holiday"), 1000), get_holidays));
  table.add(part_with_body("/holidays", "updateHolidays", "Replace the days with other hours.",
                           object({required("holidays", list(ref("Holiday"), 1000))}),
                           list(ref("Holiday"), 1000), update_holidays));
  table.add(part(net::Method::get, "/resources", "getResources", "Who or what can be booked.",
                 list(ref("Resource"), 200), get_resources));
  table.add(part_with_body("/resources", "updateResources",
                           "Replace the resources; those with an id keep it.",
                           object({required("resources", list(ref("Resource"), 200))}),
                           list(ref("Resource"), 200), update_resources));
  table.add(
      part(net::Method::get, "/agent", "getAgent", "The voice agent.", ref("Agent"), get_agent));
  table.add(part_with_body(
      "/agent", "updateAgent",
      "Change the voice agent; what is left out stays. It is in force at once, or becomes a draft "
      "where a gate stands before publishing.",
      object(agent_fields()), ref("Agent"), update_agent));
  table.add(part(net::Method::get, "/numbers", "getNumbers",
                 "The numbers that ring for this business, the longest ringing first.",
                 list(phone(), 100), get_numbers));
  auto numbers = part_with_body(
      "/numbers", "updateNumbers",
      "Replace the numbers that ring for this business; those left out ring no longer.",
      object({required("numbers", list(phone(), 100))}), ref("Business"), update_numbers);
  numbers.permission = "numbers:write";
  table.add(std::move(numbers));
}

}  // namespace

void add_business_routes(RouteTable& table) {
  define_business_schemas(table);
  table.add({.path = "/businesses",
             .group = "businesses",
             .name = "listBusinesses",
             .summary = "The organization's businesses.",
             .permission = "businesses:read",
             .query = page_parameters({"createdAt", "name"}),
             .response = list(ref("Business"), 200),
             .paging = Route::Paging::pages,
             .handler = list_businesses});
  table.add({.method = net::Method::post,
             .path = "/businesses",
             .group = "businesses",
             .name = "createBusiness",
             .summary = "A new business, open Monday to Friday from 9 to 17 until told otherwise.",
             .permission = "businesses:write",
             .body = BodyKind::json,
             .request = description({required("name", line(1, 120))}),
             .response = ref("Business"),
             .status = 201,
             .handler = create_business});
  table.add(part(net::Method::get, "", "getBusiness", "Everything about one business.",
                 ref("Business"), get_business));
  table.add(part_with_body("", "updateBusiness", "Change the business; what is left out stays.",
                           description({optional("name", line(1, 120)),
                                        optional("status", choice({"active", "suspended"})),
                                        optional("booking", ref("BookingRules"))}),
                           ref("Business"), update_business));
  table.add(part(net::Method::delete_, "", "deleteBusiness", "Remove the business.",
                 object({required("id", id("biz"))}), remove_business));
  add_part_routes(table);
}

}  // namespace parley::api
