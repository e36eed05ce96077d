#include "visitor_paths.hpp"

#include <utility>
#include <vector>

#include "schema.hpp"

namespace parley::api {

namespace {

using namespace schema;
using Refusals = std::vector<std::pair<std::string_view, std::string_view>>;

json::object reference(std::string_view kind, std::string_view name) {
  return {{"$ref", "#/components/" + std::string(kind) + "/" + std::string(name)}};
}

json::object operation(std::string_view id, std::string_view summary, std::string_view status,
                       json::object answer, const Refusals& refusals) {
  answer["description"] = summary;
  json::object responses{{status, std::move(answer)}};
  for (const auto& [code, name] : refusals) responses[code] = reference("responses", name);
  return {{"tags", json::array{"visitors"}}, {"operationId", id},      {"summary", summary},
          {"parameters", json::array{}},     {"responses", responses}, {"security", json::array{}}};
}

json::object file(std::string_view id, std::string_view summary, std::string_view media_type,
                  const Refusals& refusals = {}) {
  json::object content{{media_type, {{"schema", {{"type", "string"}}}}}};
  return operation(id, summary, "200", {{"content", std::move(content)}}, refusals);
}

Schema session() {
  return object(
      {required("sessionId", line(1, 100)),
       required("token", line(1, 200).about("Opens the socket, once.")),
       required("resumeToken", line(1, 200).about("Opens another when it has broken, once.")),
       required("url", line(1, 500).about("Of the WebSocket.")),
       required("expiresInSeconds", integer(1, 3600)),
       required("resumeWithinSeconds", integer(1, 3600)),
       required("business", object({required("name", line())})),
       required("agent", object({required("name", line()), required("language", line(2, 20)),
                                 required("recordsCalls", flag())}))});
}

json::object make_session() {
  json::object properties{{"success", {{"const", true}}},
                          {"data", reference("schemas", "VoiceSession")}};
  json::object whole{{"type", "object"},
                     {"properties", std::move(properties)},
                     {"required", json::array{"success", "data"}}};
  json::object content{{"application/json", {{"schema", std::move(whole)}}}};
  auto making = operation("makeVoiceSession",
                          "A conversation of a page's visitor with the business's agent. The "
                          "Origin has to be one that the business allows.",
                          "201", {{"content", std::move(content)}},
                          {{"403", "Forbidden"},
                           {"404", "NotFound"},
                           {"413", "TooLarge"},
                           {"415", "UnsupportedMediaType"},
                           {"422", "Invalid"},
                           {"429", "RateLimited"},
                           {"503", "Unavailable"}});
  auto asked =
      object({required("business", line(1, 100).about("The key of its pages, or its id."))});
  json::object body{{"schema", asked.body}, {"example", {{"business", "wk_..."}}}};
  making["requestBody"] =
      json::object{{"required", true}, {"content", {{"application/json", body}}}};
  return making;
}

json::object open_session() {
  auto opening =
      operation("openVoiceSession", "The session's WebSocket. Its first message has the token.",
                "101", {}, {{"404", "NotFound"}});
  opening["parameters"] = json::array{json::object{
      {"name", "sessionId"}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}}};
  return opening;
}

}  // namespace

void describe_visitors(json::object& document, const std::string& public_url) {
  auto& paths = document["paths"].as_object();
  auto add = [&](std::string_view path, std::string_view method, json::object described) {
    paths[path] = json::object{{method, std::move(described)},
                               {"servers", json::array{json::object{{"url", public_url}}}}};
  };
  add("/voice/sessions", "post", make_session());
  add("/voice/{sessionId}", "get", open_session());
  add("/widget.js", "get",
      file("getWidget", "The widget, for a script element with data-business.", "text/javascript"));
  add("/widget-audio.js", "get",
      file("getWidgetAudio", "What the widget loads to hear.", "text/javascript"));
  const Refusals no_demo{{"404", "NotFound"}};
  add("/demo", "get",
      file("getDemoPage", "A page with the demo's widget; only with --demo.", "text/html",
           no_demo));
  add("/demo.css", "get",
      file("getDemoStyle", "The demo page's style; only with --demo.", "text/css", no_demo));
  document["tags"].as_array().push_back(json::object{{"name", "visitors"}});
  auto& schemas = document["components"].as_object()["schemas"].as_object();
  schemas["VoiceSession"] = session().body;
}

}  // namespace parley::api
