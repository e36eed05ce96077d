#include "refusal.hpp"

namespace parley::gateway {

net::HttpResponse respond(const Refusal& refusal, const std::string& request_id) {
  json::object body{{"success", false}, {"error", refusal.message}, {"code", refusal.code}};
  if (!refusal.details.empty()) {
    json::array details;
    for (auto& detail : refusal.details)
      details.push_back(json::object{{"field", detail.field}, {"problem", detail.problem}});
    body["details"] = std::move(details);
  }
  body["requestId"] = request_id;
  auto response =
      net::text_response(refusal.status, json::serialize(body), "application/json; charset=utf-8");
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Content-Type-Options", "nosniff");
  if (refusal.retry_after > std::chrono::milliseconds::zero())
    response.headers.set(
        "Retry-After",
        std::to_string(std::chrono::ceil<std::chrono::seconds>(refusal.retry_after).count()));
  if (!refusal.allow.empty()) response.headers.set("Allow", refusal.allow);
  if (!refusal.authenticate.empty()) response.headers.set("WWW-Authenticate", refusal.authenticate);
  return response;
}

Refusal refusal_of(const Error& error, Overdue overdue) {
  if (overdue == Overdue::yes || error.code == Errc::timeout)
    return {504, "gateway_timeout", "The service behind this address did not answer in time."};
  if (error.code == Errc::forbidden)
    return {502, "gateway_target_forbidden",
            "The service behind this address is on a network that this route may not reach."};
  if (error.code == Errc::corrupt)
    return {502, "gateway_bad_answer", "The service behind this address gave a malformed answer."};
  if (error.code == Errc::outcome_unknown)
    return {502, "gateway_outcome_unknown",
            "The connection to the service broke before it was clear whether this was done. Look "
            "before trying again."};
  return {502, "gateway_target_unreachable", "The service behind this address cannot be reached."};
}

}  // namespace parley::gateway
