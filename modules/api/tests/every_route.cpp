#include "every_route.hpp"

#include <fmt/format.h>

namespace parley::api::testing {

std::string EveryRoute::id_for(const Route& route) const {
  static const std::map<std::string, std::string ApiTest::*> things{
      {"/businesses/", &ApiTest::business},
      {"/documents/", &ApiTest::document},
      {"/appointments/", &ApiTest::appointment},
      {"/calls/", &ApiTest::call},
      {"/users/", &ApiTest::user},
      {"/api-keys/", &ApiTest::key},
      {"/webhook-endpoints/", &ApiTest::endpoint},
      {"/webhook-sources/", &ApiTest::source},
      {"/webhook-deliveries/", &ApiTest::delivery},
      {"/inbox/", &ApiTest::inbox_event},
      {"/integration/runs/", &ApiTest::suite_run},
      {"/evals/scenarios/", &ApiTest::scenario},
      {"/evals/runs/", &ApiTest::eval_run},
      {"/gateway/routes/", &ApiTest::gateway_route},
      {"/jobs/", &ApiTest::dead_job},
      {"/dead-letters/", &ApiTest::dead_letter},
      {"/sagas/", &ApiTest::saga}};
  if (route.name == "discardDeadLetter") return discarded_letter;
  for (auto& [prefix, thing] : things)
    if (route.path.starts_with(prefix)) return this->*thing;
  ADD_FAILURE() << route.path << ": say here which thing its {id} means";
  return "none";
}

Ask EveryRoute::right_request(const Route& route) {
  Ask request;
  request.method = to_string(route.method);
  request.target = "/api/v1" + route.path;
  if (auto at = request.target.find("{id}"); at != std::string::npos)
    request.target.replace(at, 4, id_for(route));
  if (auto at = request.target.find("{name}"); at != std::string::npos)
    request.target.replace(at, 6, "carrier");
  char separator = '?';
  for (auto& parameter : route.query) {
    if (parameter.presence != QueryParameter::Presence::required && parameter.name != "business")
      continue;
    std::string value = "x";
    if (parameter.name == "business") value = business;
    if (parameter.name == "service") value = service;
    request.target += fmt::format("{}{}={}", separator, parameter.name, value);
    separator = '&';
  }
  if (route.body == BodyKind::json) {
    auto body = sample_of(route.request, table.schemas).as_object();
    if (body.contains("businessId")) body["businessId"] = business;
    if (body.contains("serviceId")) body["serviceId"] = service;
    if (body.contains("localStart")) body["localStart"] = free_time();
    request.body = json::serialize(body);
  }
  if (route.body == BodyKind::multipart) {
    request.headers.emplace_back("Content-Type", "multipart/form-data; boundary=b");
    request.body =
        "--b\r\nContent-Disposition: form-data; name=\"businessId\"\r\n\r\n" + business +
        "\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n"
        "Hello there.\r\n--b--\r\n";
  }
  return request;
}

}  // namespace parley::api::testing
