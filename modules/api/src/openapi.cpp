#include "openapi.hpp"

#include <fmt/format.h>

#include "parley/base/strings.hpp"
#include "visitor_paths.hpp"

namespace parley::api {

std::vector<std::string> path_names(std::string_view path) {
  std::vector<std::string> names;
  while (true) {
    auto open = path.find('{');
    if (open == std::string_view::npos) return names;
    auto close = path.find('}', open);
    names.emplace_back(path.substr(open + 1, close - open - 1));
    path.remove_prefix(close);
  }
}

namespace {

json::object ref(std::string_view kind, std::string_view name) {
  return {{"$ref", fmt::format("#/components/{}/{}", kind, name)}};
}

json::object failure_response(std::string_view description) {
  return {{"description", description},
          {"content", {{"application/json", {{"schema", ref("schemas", "Failure")}}}}}};
}

struct FailureKind {
  std::string_view name;
  std::string_view status;
  std::string_view description;
};

constexpr std::array failures{
    FailureKind{"Malformed", "400",
                "The request is malformed: syntax, an unknown query parameter, a bad header."},
    FailureKind{"Unauthenticated", "401",
                "No token or key, or one that is expired, revoked or not ours."},
    FailureKind{"Forbidden", "403", "The token or key lacks the permission."},
    FailureKind{"NotFound", "404", "There is no such thing in the organization."},
    FailureKind{"Conflict", "409", "The state of the thing forbids it."},
    FailureKind{"Gone", "410", "It was there once, and is no longer kept."},
    FailureKind{"PreconditionFailed", "412", "If-Match names another version."},
    FailureKind{"TooLarge", "413", "The body is too large."},
    FailureKind{"UnsupportedMediaType", "415", "The body's type is not taken."},
    FailureKind{"Invalid", "422", "Fields are wrong: all of them, in details."},
    FailureKind{"RateLimited", "429", "Too many requests: wait as long as Retry-After says."},
    FailureKind{"Unavailable", "503",
                "A part of the system is away: try again after Retry-After seconds."},
};

json::object schemas_of(const RouteTable& table) {
  json::object schemas;
  for (auto& [name, schema] : table.schemas) schemas[name] = schema.body;
  auto failure = schema::object(
      {schema::required("success", schema::choice({}).about("Always false.")),
       schema::required("error", schema::text().about("A sentence for people.")),
       schema::required("code", schema::text().about("For programs: lead_not_found.")),
       schema::optional("details",
                        schema::list(schema::object({schema::required("field", schema::text()),
                                                     schema::required("problem", schema::text())}),
                                     50)),
       schema::optional("data", schema::any_object().about("What helps to go on.")),
       schema::required("requestId", schema::text())});
  failure.body["properties"].as_object()["success"] = json::object{{"const", false}};
  schemas["Failure"] = std::move(failure.body);
  schemas["Pagination"] = schema::object({schema::optional("total", schema::integer(0, INT64_MAX)),
                                          schema::optional("totalIsAtLeast", schema::flag()),
                                          schema::optional("page", schema::integer(1, INT64_MAX)),
                                          schema::optional("pages", schema::integer(0, INT64_MAX)),
                                          schema::required("limit", schema::integer(1, 1000)),
                                          schema::required("hasNext", schema::flag()),
                                          schema::optional("hasPrev", schema::flag()),
                                          schema::optional("nextCursor", schema::text().or_null())})
                              .body;
  return schemas;
}

json::object header_parameter(std::string_view name, std::string_view meaning) {
  return {{"name", name},
          {"in", "header"},
          {"required", false},
          {"description", meaning},
          {"schema", {{"type", "string"}}}};
}

json::object common_parameters() {
  return {
      {"IdempotencyKey",
       header_parameter("Idempotency-Key",
                        "The same key and content answer the same for 24 hours; one effect.")},
      {"IfMatch", header_parameter("If-Match", "The ETag that was read: 412 when it has changed.")},
      {"IfNoneMatch",
       header_parameter("If-None-Match", "The ETag one has: 304 when it is so yet.")}};
}

json::array address_parameters(std::string_view path, const std::vector<QueryParameter>& query) {
  json::array parameters;
  for (auto& name : path_names(path))
    parameters.push_back(json::object{{"name", name},
                                      {"in", "path"},
                                      {"required", true},
                                      {"schema", {{"type", "string"}, {"maxLength", 200}}}});
  for (auto& parameter : query)
    parameters.push_back(
        json::object{{"name", parameter.name},
                     {"in", "query"},
                     {"required", parameter.presence == QueryParameter::Presence::required},
                     {"description", parameter.meaning},
                     {"schema", parameter.schema.body}});
  return parameters;
}

json::array parameters_of(const Route& route) {
  auto parameters = address_parameters(route.path, route.query);
  if (route.method == net::Method::post) parameters.push_back(ref("parameters", "IdempotencyKey"));
  if (route.method == net::Method::put || route.method == net::Method::delete_)
    parameters.push_back(ref("parameters", "IfMatch"));
  if (route.method == net::Method::get) parameters.push_back(ref("parameters", "IfNoneMatch"));
  return parameters;
}

json::object success_schema(const Route& route) {
  json::object properties{{"success", {{"const", true}}}, {"data", route.response.body}};
  json::array needed{"success", "data"};
  if (route.paging != Route::Paging::none) {
    properties["pagination"] = ref("schemas", "Pagination");
    needed.emplace_back("pagination");
  }
  properties["message"] = json::object{{"type", "string"}};
  return {{"type", "object"}, {"properties", std::move(properties)}, {"required", needed}};
}

json::object responses_of(const Route& route) {
  json::object responses;
  json::object success{{"description", route.summary}};
  if (route.reply == ReplyKind::envelope)
    success["content"] = {{"application/json", {{"schema", success_schema(route)}}}};
  else
    success["content"] = {{route.media_type, {{"schema", {{"type", "string"}}}}}};
  responses[std::to_string(route.status)] = std::move(success);
  bool has_id = route.path.find('{') != std::string::npos;
  bool has_body = route.body != BodyKind::none;
  bool reads = route.method == net::Method::get;
  bool goes_on =
      std::ranges::find(route.query, "after", &QueryParameter::name) != route.query.end();
  for (auto& kind : failures) {
    if ((kind.status == "401" || kind.status == "403") && route.access == Access::anyone) continue;
    if (kind.status == "404" && !has_id && !has_body) continue;
    if ((kind.status == "409" || kind.status == "412") && reads) continue;
    if (kind.status == "410" && !goes_on) continue;
    if ((kind.status == "413" || kind.status == "415") && !has_body) continue;
    if (kind.status == "422" && !has_body && route.query.empty()) continue;
    responses[kind.status] = ref("responses", kind.name);
  }
  return responses;
}

json::object operation_of(const Route& route, const Schemas& named) {
  json::object operation{{"tags", json::array{route.group}},
                         {"operationId", route.name},
                         {"summary", route.summary},
                         {"parameters", parameters_of(route)}};
  if (route.body != BodyKind::none) {
    auto type = route.body == BodyKind::json ? "application/json" : "multipart/form-data";
    json::object content{{"schema", route.request.body}};
    if (route.body == BodyKind::json) content["example"] = sample_of(route.request, named);
    bool needed = route.request.body.contains("required") || route.request.body.contains("$ref");
    operation["requestBody"] =
        json::object{{"required", needed}, {"content", {{type, std::move(content)}}}};
  }
  operation["responses"] = responses_of(route);
  if (route.access == Access::anyone) operation["security"] = json::array{};
  if (!route.permission.empty()) operation["x-permission"] = route.permission;
  return operation;
}

json::array messages_of(const std::vector<SocketRoute::Message>& messages) {
  json::array described;
  for (auto& message : messages)
    described.push_back(
        json::object{{"summary", message.meaning}, {"schema", message.schema.body}});
  return described;
}

/// OpenAPI has no WebSockets: a GET whose answer opens one, and its messages as an extension.
json::object operation_of(const SocketRoute& socket) {
  json::object responses{
      {"101", {{"description", "The socket is open, also to who is refused on it then."}}}};
  for (auto& kind : failures) {
    auto status = std::stoi(std::string(kind.status));
    if (std::ranges::find(socket.refusals, status) == socket.refusals.end()) continue;
    responses[kind.status] = json::object{
        {"description", fmt::format("{} Told on the socket: the message \"error\", and a close "
                                    "with {}.",
                                    kind.description, 4000 + status)}};
  }
  return {{"tags", json::array{socket.group}},
          {"operationId", socket.name},
          {"summary", socket.summary},
          {"parameters", address_parameters(socket.path, socket.query)},
          {"responses", std::move(responses)},
          {"x-permission", socket.permission},
          {"x-websocket",
           {{"fromClient", messages_of(socket.from_client)},
            {"fromServer", messages_of(socket.from_server)}}}};
}

}  // namespace

std::string openapi_document(const RouteTable& table, const ApiOptions& options) {
  json::object paths;
  json::array tags;
  for (auto& route : table.routes) {
    auto tag = json::object{{"name", route.group}};
    if (std::ranges::find(tags, json::value(tag)) == tags.end()) tags.push_back(tag);
    auto& path = paths[route.path];
    if (!path.is_object()) path = json::object{};
    path.as_object()[to_lower(to_string(route.method))] = operation_of(route, table.schemas);
  }
  for (auto& socket : table.sockets)
    paths[socket.path] = json::object{{"get", operation_of(socket)}};
  json::object responses;
  for (auto& kind : failures) responses[kind.name] = failure_response(kind.description);
  json::object document{
      {"openapi", "3.1.0"},
      {"info",
       {{"title", "Parley"},
        {"version", "1"},
        {"description",
         "A self-hosted phone-agent server. Sign in at /auth/login, or make an API key, and send "
         "it as a bearer token. Times are RFC 3339 in UTC, money is whole minor units with a "
         "currency, phone numbers are E.164."},
        {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
      {"servers", json::array{json::object{{"url", options.public_url + "/api/v1"}}}},
      {"security", json::array{json::object{{"bearer", json::array{}}}}},
      {"tags", std::move(tags)},
      {"paths", std::move(paths)},
      {"components",
       {{"schemas", schemas_of(table)},
        {"responses", std::move(responses)},
        {"parameters", common_parameters()},
        {"securitySchemes",
         {{"bearer",
           {{"type", "http"},
            {"scheme", "bearer"},
            {"description", "An access token (15 minutes) or an API key (pk_...)."}}}}}}}};
  describe_visitors(document, options.public_url);
  return json::serialize(document);
}

}  // namespace parley::api
