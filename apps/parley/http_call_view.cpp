#include "http_call_view.hpp"

#include <fmt/format.h>

#include "parley/calendar/zone.hpp"

namespace parley::app {

namespace {

template <class Each>
void each_in(const json::value& list, Each each) {
  if (!list.is_array()) return;
  for (const auto& item : list.get_array()) each(item);
}

}  // namespace

Task<json::value> HttpCallView::send(net::Method method, std::string path, std::string body) {
  net::OutgoingRequest request;
  request.method = method;
  request.url = server_ + "/api/v1" + path;
  request.headers.set("Authorization", "Bearer " + token_);
  if (!body.empty()) request.headers.set("Content-Type", "application/json");
  request.body = std::move(body);
  request.timeout = std::chrono::seconds(10);
  auto sending = http_.send(Context{}, std::move(request));
  auto response = co_await std::move(sending);
  if (!response) co_return std::unexpected(response.error());
  auto answer = parse_json(response->body);
  auto said = fmt::format("{}: the API answered {}: {}", path, response->status,
                          answer ? text_at(*answer, "/error") : std::string());
  if (response->status == 401 || response->status == 403) co_return fail(Errc::forbidden, said);
  if (response->status == 404) co_return fail(Errc::not_found, said);
  if (response->status >= 300 || !answer) co_return fail(Errc::unavailable, said);
  auto* data = value_at(*answer, "/data");
  co_return data ? *data : json::value(nullptr);
}

Task<json::value> HttpCallView::get(std::string path) {
  auto sending = send(net::Method::get, std::move(path), "");
  co_return co_await std::move(sending);
}

Task<std::string> HttpCallView::id_of(std::string call_sid) {
  if (auto known = ids_.find(call_sid); known != ids_.end()) co_return known->second;
  auto listing = get("/calls?limit=100");
  auto list = co_await std::move(listing);
  if (!list) co_return std::unexpected(list.error());
  std::string id;
  each_in(*list, [&](const json::value& item) {
    if (text_at(item, "/carrierCallId") == call_sid) id = text_at(item, "/id");
  });
  if (id.empty()) co_return fail(Errc::not_found, "the server does not know the call");
  ids_[call_sid] = id;
  co_return id;
}

Task<evals::Observed> HttpCallView::so_far(Context, std::string call_sid) {
  auto finding = id_of(std::move(call_sid));
  auto id = co_await std::move(finding);
  if (!id) co_return std::unexpected(id.error());
  auto reading = get("/calls/" + *id);
  auto call = co_await std::move(reading);
  if (!call) co_return std::unexpected(call.error());
  co_return evals::observed_from(*call, nullptr);
}

Task<evals::Observed> HttpCallView::whole(Context, std::string call_sid) {
  auto finding = id_of(std::move(call_sid));
  auto id = co_await std::move(finding);
  if (!id) co_return std::unexpected(id.error());
  auto reading = get("/calls/" + *id);
  auto call = co_await std::move(reading);
  if (!call) co_return std::unexpected(call.error());
  auto following = get("/calls/" + *id + "/timeline");
  auto timeline = co_await std::move(following);
  if (!timeline) co_return std::unexpected(timeline.error());
  auto seen = evals::observed_from(*call, *timeline);
  auto business = text_at(*call, "/businessId");
  if (!zones_.contains(business)) {
    auto asking = get("/businesses/" + business);
    auto found = co_await std::move(asking);
    if (!found) co_return std::unexpected(found.error());
    zones_[business] = text_at(*found, "/timeZone");
  }
  auto zone = calendar::Zone::find(zones_[business]);
  auto created = parse_rfc3339(text_at(*call, "/createdAt"));
  if (zone && created)
    seen.local_date = calendar::to_text(
        calendar::Date(std::chrono::floor<std::chrono::days>(zone->to_local(*created))));
  auto listing = get("/appointments?source=voice_agent&sort=-createdAt&limit=50");
  auto booked = co_await std::move(listing);
  if (!booked) co_return std::unexpected(booked.error());
  each_in(*booked, [&](const json::value& item) {
    if (text_at(item, "/callId") == *id && text_at(item, "/status") == "booked")
      seen.appointments.push_back({text_at(item, "/id"), text_at(item, "/serviceName"),
                                   text_at(item, "/localStart"), text_at(item, "/customer/name"),
                                   text_at(item, "/customer/phone")});
  });
  co_return seen;
}

Task<void> HttpCallView::take_back(evals::Observed call) {
  for (const auto& appointment : call.appointments) {
    auto cancelling = send(net::Method::delete_, "/appointments/" + appointment.id, "");
    auto cancelled = co_await std::move(cancelling);
    if (!cancelled) co_return std::unexpected(cancelled.error());
  }
  co_return Result<void>{};
}

}  // namespace parley::app
