#include "parley/providers/pagerduty/pagerduty.hpp"

#include "parley/base/strings.hpp"

namespace parley::providers::pagerduty {

Task<void> PagerDuty::send(Context ctx, const alerts::Alert& alert, Action action) {
  json::object event{{"routing_key", options_.routing_key},
                     {"event_action", action == Action::trigger ? "trigger" : "resolve"},
                     {"dedup_key", alert.id.str()}};
  if (action == Action::trigger)
    event["payload"] = json::object{{"summary", alert.what.summary},
                                    {"source", options_.source},
                                    {"severity", to_string(alert.what.severity)},
                                    {"timestamp", to_rfc3339(alert.raised_at)},
                                    {"component", alert.what.key},
                                    {"custom_details", {{"advice", alert.what.advice}}}};
  net::OutgoingRequest request;
  request.method = net::Method::post;
  request.url = options_.api_url + "/v2/enqueue";
  request.headers.set("Content-Type", "application/json");
  request.body = json::serialize(event);
  request.max_response_bytes = 64 << 10;
  auto sending = http_.send(ctx, std::move(request));
  auto response = co_await std::move(sending);
  if (!response) co_return std::unexpected(response.error());
  if (response->status == 202 || response->status == 200) co_return Result<void>{};
  if (response->status == 400)
    co_return fail(Errc::invalid, "PagerDuty refused the event: " + response->body.substr(0, 200));
  auto code = response->status == 429 ? Errc::rate_limited : Errc::unavailable;
  co_return fail(code, "PagerDuty answered " + std::to_string(response->status));
}

}  // namespace parley::providers::pagerduty
