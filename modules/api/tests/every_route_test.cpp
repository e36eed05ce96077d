// What must hold for every route, taken from the table itself: a new route is covered at once.
#include "every_route.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "openapi.hpp"
#include "parley/auth/permissions.hpp"
#include "parley/base/strings.hpp"

namespace parley::api::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(On, EveryRoute, ::testing::Values(store::Database::Kind::sqlite));

TEST_P(EveryRoute, WithoutATokenIs401) {
  int checked = 0;
  for (auto& route : table.routes) {
    if (is_open(route) || route.access == Access::permitted_or_local) continue;
    auto request = right_request(route);
    for (std::string token : {"", "nonsense", "pk_nonsense", "a.b.c"}) {
      request.token = token;
      auto answer = ask(request);
      EXPECT_EQ(answer.status, 401) << request.method << " " << request.target << " " << token;
      EXPECT_EQ(answer.code(), "unauthenticated");
      EXPECT_TRUE(answer.has("WWW-Authenticate"));
    }
    ++checked;
  }
  EXPECT_GT(checked, 40);
}

TEST_P(EveryRoute, AViewerWritesNothing) {
  // Reading by POST, and what concerns only oneself.
  const std::set<std::string> harmless{"updateProfile", "validateAppointment", "logout"};
  int refused = 0;
  for (auto& route : table.routes) {
    if (!writes(route) || is_open(route)) continue;
    if (harmless.contains(route.name)) continue;
    ASSERT_FALSE(route.permission.empty()) << route.path;
    EXPECT_FALSE(auth::role_may(Role::viewer, route.permission)) << route.path;
    auto request = right_request(route);
    request.token = token_of(Role::viewer);
    auto answer = ask(request);
    EXPECT_EQ(answer.status, 403) << request.method << " " << request.target << answer.body;
    EXPECT_EQ(answer.code(), "forbidden");
    ++refused;
  }
  EXPECT_GT(refused, 18);
}

TEST_P(EveryRoute, AKeysScopesAreHonoured) {
  auto made = send("POST", "/api-keys", owner(), {{"name", "k"}, {"scopes", {"calls:read"}}});
  auto secret = std::string(made.data().at("key").as_string());
  for (auto& route : table.routes) {
    if (route.access != Access::permitted || route.reply == ReplyKind::event_stream) continue;
    auto request = right_request(route);
    request.token = secret;
    auto status = ask(request).status;
    if (route.permission == "calls:read")
      EXPECT_EQ(status, 200) << request.target;
    else
      EXPECT_EQ(status, 403) << request.method << " " << request.target;
  }
}

/// First another organization's token, then our own for the very same request: so it is the
/// organization that made the difference.
TEST_P(EveryRoute, AnotherOrganizationsThingsAreNotThere) {
  std::vector<const Route*> about_things;
  for (auto& route : table.routes) {
    // A {name} is the installation's, not an organization's.
    bool by_id = route.path.find("{id}") != std::string::npos;
    bool by_query = std::ranges::any_of(route.query, [](auto& parameter) {
      return parameter.name == "business" &&
             parameter.presence == QueryParameter::Presence::required;
    });
    auto* properties = route.request.body.if_contains("properties");
    bool by_body = properties && properties->as_object().contains("businessId");
    if ((by_id || by_query || by_body) && !is_open(route)) about_things.push_back(&route);
  }
  EXPECT_GT(about_things.size(), 25u);
  // What replaces and what deletes comes last, so that the others find their thing.
  auto rank = [](const Route* route) {
    if (route->method == net::Method::delete_) return route->name == "deleteBusiness" ? 3 : 2;
    return route->method == net::Method::put ? 1 : 0;
  };
  std::ranges::sort(about_things, {}, [&](const Route* r) { return std::tuple(rank(r), r->name); });
  for (auto* route : about_things) {
    auto request = right_request(*route);
    request.token = other_owner;
    auto theirs = ask(request);
    EXPECT_EQ(theirs.status, 404) << request.method << " " << request.target << theirs.body;
    EXPECT_TRUE(theirs.code().ends_with("_not_found")) << theirs.code();
  }
  for (auto* route : about_things) {
    auto request = right_request(*route);
    request.token = owner();
    auto ours = ask(request);
    EXPECT_LT(ours.status, 300) << request.method << " " << request.target << ours.body;
  }
}

TEST_P(EveryRoute, ListsShowOnlyOnesOwn) {
  std::vector<std::string> secrets{business,
                                   document,
                                   appointment,
                                   call,
                                   user,
                                   key,
                                   first.user.id.str(),
                                   "owner@demo.example",
                                   endpoint,
                                   source,
                                   delivery,
                                   inbox_event,
                                   suite_run,
                                   scenario,
                                   eval_run,
                                   gateway_route,
                                   dead_job,
                                   dead_letter,
                                   saga};
  int checked = 0;
  for (auto& route : table.routes) {
    if (writes(route) || is_open(route) || !path_names(route.path).empty() ||
        route.reply != ReplyKind::envelope)
      continue;
    auto answer = get(route.path, other_owner);
    if (answer.status == 422) continue;  // needs a business, see above
    EXPECT_EQ(answer.status, 200) << route.path;
    for (auto& secret : secrets)
      EXPECT_EQ(answer.body.find(secret), std::string::npos) << route.path << " " << secret;
    ++checked;
  }
  EXPECT_GE(checked, 8);
}

TEST_P(EveryRoute, UnknownFieldsAreRefusedAllAtOnce) {
  int checked = 0;
  for (auto& route : table.routes) {
    if (route.body != BodyKind::json) continue;
    auto request = right_request(route);
    request.token = is_open(route) ? "" : owner();
    auto body = json::parse(request.body).as_object();
    body["organizationId"] = "org_other";
    body["isAdmin"] = true;
    body["__proto__"] = json::object{};
    request.body = json::serialize(body);
    auto answer = ask(request);
    EXPECT_EQ(answer.status, 422) << request.target << answer.body;
    EXPECT_EQ(answer.code(), "validation_failed");
    EXPECT_EQ(answer.wrong_fields(),
              (std::vector<std::string>{"__proto__", "isAdmin", "organizationId"}));
    ++checked;
  }
  EXPECT_GT(checked, 14);
}

TEST_P(EveryRoute, UnknownParametersAreRefused) {
  for (auto& route : table.routes) {
    auto request = right_request(route);
    request.token = is_open(route) ? "" : owner();
    request.target += request.target.find('?') == std::string::npos ? "?" : "&";
    request.target += "surprise=1";
    auto answer = ask(request);
    EXPECT_EQ(answer.status, 400) << request.method << " " << request.target << answer.body;
    EXPECT_EQ(answer.code(), "unknown_parameter");
  }
}

TEST_P(EveryRoute, HostileIdsAreJustNotThere) {
  for (auto& route : table.routes) {
    if (path_names(route.path).empty() || is_open(route)) continue;
    for (std::string id : {std::string("1%27%20OR%20%271%27=%271"), std::string("%00"),
                           std::string("..%2f..%2fetc"), std::string("%F0%9F%92%A9"),
                           std::string("%FF%FE"), std::string(5000, 'x'), std::string("null")}) {
      auto request = right_request(route);
      request.target = "/api/v1" + route.path;
      auto from = request.target.find('{');
      request.target.replace(from, request.target.find('}') - from + 1, id);
      request.token = owner();
      auto status = ask(request).status;
      EXPECT_TRUE(status == 404 || status == 400) << request.method << " " << route.path << id;
    }
  }
}

// The document

const json::value* resolve(const json::object& document, std::string_view ref) {
  const json::value* at = nullptr;
  for (auto& step : split(ref.substr(2), '/')) {
    auto& object = at ? at->as_object() : document;
    at = object.if_contains(step);
    if (!at) return nullptr;
  }
  return at;
}

void check_refs(const json::value& value, const json::object& document, int& count) {
  if (auto* list = value.if_array())
    for (auto& item : *list) check_refs(item, document, count);
  auto* object = value.if_object();
  if (!object) return;
  if (auto* ref = object->if_contains("$ref"); ref && ref->is_string()) {
    EXPECT_TRUE(resolve(document, ref->as_string())) << ref->as_string();
    ++count;
  }
  for (auto& [key, member] : *object) check_refs(member, document, count);
}

TEST_P(EveryRoute, StandsInTheOpenApiDocument) {
  auto answer = get("/openapi.json", "");
  ASSERT_EQ(answer.status, 200);
  auto document = json::parse(answer.body).as_object();
  EXPECT_EQ(document.at("openapi").as_string(), "3.1.0");
  int refs = 0;
  check_refs(document, document, refs);
  EXPECT_GT(refs, 100);
  std::set<std::string> ids;
  std::size_t operations = 0;
  auto& paths = document.at("paths").as_object();
  for (auto& [path, item] : paths)
    if (!item.as_object().contains("servers")) operations += item.as_object().size();
  EXPECT_EQ(operations, table.routes.size() + table.sockets.size());
  for (auto& route : table.routes) {
    auto* path = paths.if_contains(route.path);
    ASSERT_TRUE(path) << route.path;
    auto* operation = path->as_object().if_contains(to_lower(to_string(route.method)));
    ASSERT_TRUE(operation) << route.path;
    EXPECT_TRUE(ids.insert(std::string(operation->at("operationId").as_string())).second);
    std::set<std::string> declared;
    for (auto& parameter : operation->at("parameters").as_array()) {
      if (parameter.as_object().contains("$ref")) continue;
      auto name = std::string(parameter.at("name").as_string());
      if (parameter.at("in").as_string() == "path") {
        EXPECT_TRUE(parameter.at("required").as_bool());
        declared.insert(name);
      }
      EXPECT_TRUE(parameter.as_object().contains("schema")) << name;
    }
    auto names = path_names(route.path);
    EXPECT_EQ(declared, std::set<std::string>(names.begin(), names.end())) << route.path;
    EXPECT_TRUE(operation->at("responses").as_object().contains(std::to_string(route.status)));
    EXPECT_EQ(operation->as_object().contains("requestBody"), route.body != BodyKind::none);
  }
}

TEST_P(EveryRoute, SocketsStandInTheDocumentWithTheirMessages) {
  auto document = json::parse(get("/openapi.json", "").body).as_object();
  ASSERT_EQ(table.sockets.size(), 1u);
  auto& listening = document.at("paths").at("/calls/{id}/listen").at("get");
  EXPECT_EQ(listening.at("operationId").as_string(), "listenToCall");
  EXPECT_EQ(listening.at("x-permission").as_string(), "recordings:read");
  EXPECT_EQ(listening.at("parameters").at(0).at("name").as_string(), "id");
  EXPECT_EQ(listening.at("parameters").at(1).at("name").as_string(), "encoding");
  for (auto* status : {"101", "401", "403", "404", "409"})
    EXPECT_TRUE(listening.at("responses").as_object().contains(status)) << status;
  auto& refused = listening.at("responses").at("403").at("description").as_string();
  EXPECT_THAT(std::string(refused), ::testing::HasSubstr("a close with 4403"));
  auto& messages = listening.at("x-websocket");
  EXPECT_EQ(messages.at("fromClient").as_array().size(), 2u);
  std::vector<std::string> events;
  for (auto& message : messages.at("fromServer").as_array())
    if (auto* properties = message.at("schema").as_object().if_contains("properties"))
      events.emplace_back(properties->at("event").at("enum").at(0).as_string());
  EXPECT_THAT(events, ::testing::ElementsAre("listening", "dropped", "ended", "error"));
}

TEST_P(EveryRoute, WhatVisitorsAskForIsDescribedAtTheRoot) {
  auto document = json::parse(get("/openapi.json", "").body).as_object();
  auto root = std::string(document.at("servers").at(0).at("url").as_string());
  root.resize(root.size() - std::string_view("/api/v1").size());
  std::set<std::string> described;
  for (auto& [path, item] : document.at("paths").as_object()) {
    auto* servers = item.as_object().if_contains("servers");
    if (!servers) continue;
    described.insert(path);
    EXPECT_EQ(servers->at(0).at("url").as_string(), root);
  }
  EXPECT_EQ(described, (std::set<std::string>{"/voice/sessions", "/voice/{sessionId}", "/widget.js",
                                              "/widget-audio.js", "/demo", "/demo.css"}));
  auto& making = document.at("paths").at("/voice/sessions").at("post");
  EXPECT_TRUE(making.at("security").as_array().empty()) << "it needs no token";
  for (auto* status : {"201", "403", "404", "413", "415", "422", "429", "503"})
    EXPECT_TRUE(making.at("responses").as_object().contains(status)) << status;
}

TEST_P(EveryRoute, SamplesFitTheirSchemas) {
  for (auto& route : table.routes) {
    if (route.body != BodyKind::json) continue;
    auto sample = sample_of(route.request, table.schemas);
    for (auto& problem : problems_of(sample, route.request, table.schemas))
      ADD_FAILURE() << route.name << ": " << problem.field << " " << problem.problem;
  }
}

TEST_P(EveryRoute, AnswersUnderBothBasePathsAndToOptions) {
  for (auto& route : table.routes) {
    for (std::string base : {"/api/v1", "/api"}) {
      auto answer = ask({.method = "OPTIONS", .target = base + route.path});
      EXPECT_EQ(answer.status, 204) << base << route.path;
      EXPECT_NE(answer.header("Allow").find(to_string(route.method)), std::string::npos);
      EXPECT_FALSE(answer.has("Access-Control-Allow-Origin")) << "no origin is configured";
    }
  }
}

}  // namespace
}  // namespace parley::api::testing
