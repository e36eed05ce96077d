// The rules of HTTP that every route keeps, taken from the table: methods, keys, versions, lists,
// rates, compression. Who may do what is in every_route_test.cpp.
#include <fmt/format.h>

#include "every_route.hpp"

namespace parley::api::testing {
namespace {

class RouteRules : public EveryRoute {
 public:
  static void set_header(Ask& request, std::string name, std::string value) {
    std::erase_if(request.headers, [&](auto& header) { return header.first == name; });
    request.headers.emplace_back(std::move(name), std::move(value));
  }
  /// Another request to the same route that is right too.
  Ask other_request(const Route& route) {
    auto request = right_request(route);
    if (route.body == BodyKind::multipart) {
      request.body.replace(request.body.find("Hello there."), 12, "Another one.");
    } else if (route.body == BodyKind::json) {
      auto body = json::parse(request.body).as_object();
      if (body.contains("name")) body["name"] = "Another name";
      if (body.contains("email")) body["email"] = "another@demo.example";
      if (body.contains("refreshToken")) body["refreshToken"] = "prt_another";
      if (body.contains("description")) body["description"] = "Another one";
      if (body.contains("from")) body["from"] = "2026-01-01T00:00:00Z";
      for (auto* reason : {"reason", "forceReason"})
        if (body.contains(reason)) body[reason] = "Another one";
      if (body.contains("agentVersion")) body["agentVersion"] = 1;
      if (body.contains("required")) body["required"] = false;
      request.body = json::serialize(body);
    } else {
      auto thing = route.path.find("{name}") != std::string::npos ? "carrier" : id_for(route);
      request.target.replace(request.target.find(thing), thing.size(), "other_1");
    }
    return request;
  }
  static bool is_list(const Route& route) {
    auto* type = route.response.body.if_contains("type");
    return route.method == net::Method::get && route.reply == ReplyKind::envelope && type &&
           *type == "array";
  }
};
INSTANTIATE_TEST_SUITE_P(On, RouteRules, ::testing::Values(store::Database::Kind::sqlite));

TEST_P(RouteRules, OtherMethodsAre405AndNameTheRightOnes) {
  std::map<std::string, std::set<std::string>> methods;
  for (auto& route : table.routes)
    methods[right_request(route).target.substr(0, right_request(route).target.find('?'))].insert(
        std::string(to_string(route.method)));
  int refused = 0;
  for (auto& [target, known] : methods)
    for (std::string method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
      if (known.contains(method)) continue;
      // A literal segment may also be an {id}: what that route takes is its own.
      if (route_of(method, target)) continue;
      auto answer = ask({.method = method, .target = target, .token = owner()});
      EXPECT_EQ(answer.status, 405) << method << " " << target;
      EXPECT_EQ(answer.code(), "method_not_allowed");
      for (auto& allowed : known)
        EXPECT_NE(answer.header("Allow").find(allowed), std::string::npos)
            << target << " allows " << answer.header("Allow");
      ++refused;
    }
  EXPECT_GT(refused, 80);
}

TEST_P(RouteRules, EveryPostKeepsItsIdempotencyKey) {
  int checked = 0;
  for (auto& route : table.routes) {
    if (route.method != net::Method::post) continue;
    // The session that asked for it is gone, and its key with it.
    if (route.name == "logout") continue;
    auto request = right_request(route);
    if (!is_open(route)) request.token = owner();
    set_header(request, "Idempotency-Key", "key-of-" + route.name);
    auto first = ask(request);
    EXPECT_LT(first.status, 500) << route.name << first.body;
    EXPECT_FALSE(first.has("Idempotency-Replayed"));
    auto second = ask(request);
    EXPECT_EQ(second.status, first.status) << route.name;
    EXPECT_EQ(second.body, first.body) << route.name;
    EXPECT_EQ(second.header("Idempotency-Replayed"), "true") << route.name;
    ++checked;
    // There is no other request to be made.
    if (route.body == BodyKind::none && route.path.find('{') == std::string::npos) continue;
    auto other = other_request(route);
    other.token = request.token;
    set_header(other, "Idempotency-Key", "key-of-" + route.name);
    auto third = ask(other);
    EXPECT_EQ(third.status, 422) << route.name << third.body;
    EXPECT_EQ(third.code(), "idempotency_key_reused") << route.name;
  }
  EXPECT_GE(checked, 10);
}

TEST_P(RouteRules, EveryReadHasAnETagThatSavesItsBody) {
  int checked = 0;
  for (auto& route : table.routes) {
    if (writes(route) || route.reply != ReplyKind::envelope) continue;
    if (route.group == "health") continue;  // tells times, and no cache may keep it
    auto request = right_request(route);
    if (!is_open(route)) request.token = owner();
    auto first = ask(request);
    ASSERT_EQ(first.status, 200) << request.target << first.body;
    ASSERT_TRUE(first.has("ETag")) << request.target;
    set_header(request, "If-None-Match", first.header("ETag"));
    auto second = ask(request);
    EXPECT_EQ(second.status, 304) << request.target;
    EXPECT_EQ(second.body, "") << request.target;
    ++checked;
  }
  EXPECT_GT(checked, 20);
}

TEST_P(RouteRules, EveryChangeHonoursIfMatch) {
  int checked = 0;
  for (auto& route : table.routes) {
    if (!writes(route) || route.method == net::Method::post) continue;
    auto request = right_request(route);
    request.token = owner();
    auto before = get("/businesses/" + business, owner()).body;
    set_header(request, "If-Match", "\"v987\"");
    auto answer = ask(request);
    EXPECT_EQ(answer.status, 412) << request.method << " " << request.target << answer.body;
    EXPECT_EQ(answer.code(), "precondition_failed") << request.target;
    EXPECT_EQ(get("/businesses/" + business, owner()).body, before) << request.target;
    ++checked;
  }
  EXPECT_GE(checked, 14);
  EXPECT_NE(get("/api-keys", owner()).body.find(key), std::string::npos);
  EXPECT_EQ(get("/appointments/" + appointment, owner()).data().at("status").as_string(), "booked");
  EXPECT_EQ(get("/documents/" + document, owner()).status, 200);
  EXPECT_EQ(get("/users/" + user, owner()).status, 200);
}

TEST_P(RouteRules, EveryListIsPagedAndItsLimitBounded) {
  int checked = 0;
  for (auto& route : table.routes) {
    if (!is_list(route) || route.path.find("{id}") != std::string::npos) continue;
    if (route.name == "searchKnowledge") continue;  // the best few, not a list to leaf through
    EXPECT_NE(route.paging, Route::Paging::none) << route.path;
    auto request = right_request(route);
    request.token = owner();
    auto with = [&](std::string more) {
      auto asked = request;
      asked.target += (asked.target.find('?') == std::string::npos ? "?" : "&") + more;
      return ask(asked);
    };
    for (auto* wrong : {"limit=201", "limit=0", "limit=-1", "limit=x", "limit=", "limit=1.5",
                        "limit=99999999999999999999"}) {
      auto answer = with(wrong);
      EXPECT_EQ(answer.status, 422) << route.path << wrong << answer.body;
      EXPECT_EQ(answer.wrong_fields(), std::vector<std::string>{"limit"}) << route.path;
    }
    EXPECT_EQ(with("limit=200").status, 200) << route.path;
    ++checked;
    if (route.paging != Route::Paging::pages) continue;
    auto sort = std::ranges::find(route.query, "sort", &QueryParameter::name);
    ASSERT_NE(sort, route.query.end()) << route.path;
    for (auto& order : sort->schema.body.at("enum").as_array())
      EXPECT_EQ(with("sort=" + std::string(order.as_string())).status, 200) << route.path << order;
    EXPECT_EQ(with("sort=id;--").wrong_fields(), std::vector<std::string>{"sort"}) << route.path;
    EXPECT_EQ(with("page=0").wrong_fields(), std::vector<std::string>{"page"}) << route.path;
    auto page = with("page=3&limit=7").json().at("pagination").as_object();
    for (std::string field : {"total", "page", "pages", "limit", "hasNext", "hasPrev"})
      EXPECT_TRUE(page.contains(field)) << route.path << " " << field;
    EXPECT_EQ(page.at("page").as_int64(), 3) << route.path;
    EXPECT_EQ(page.at("limit").as_int64(), 7) << route.path;
    EXPECT_TRUE(page.at("hasPrev").as_bool()) << route.path;
    EXPECT_FALSE(page.at("hasNext").as_bool()) << route.path;
    EXPECT_EQ(with("").json().at("pagination").at("limit").as_int64(), 50) << route.path;
  }
  EXPECT_GE(checked, 8);
}

TEST_P(RouteRules, ListsAreSortedAsAsked) {
  for (auto* name : {"Cedar Dental", "Acorn Dental", "Birch Dental"}) {
    clock.advance(1s);
    send("POST", "/businesses", owner(), {{"name", name}});
    send("POST", "/api-keys", owner(), {{"name", name}});
    upload(owner(), std::string(name) + ".txt", "Words of " + std::string(name));
  }
  auto first_of = [&](std::string target, std::string field) {
    std::string all;
    auto answer = get(target, owner());
    EXPECT_EQ(answer.status, 200) << answer.body;
    for (auto& item : answer.data().as_array())
      all += std::string(item.at(field).as_string()).substr(0, 1);
    return all;
  };
  EXPECT_EQ(first_of("/businesses?sort=name", "name"), "ABCS");
  EXPECT_EQ(first_of("/businesses?sort=-name", "name"), "SCBA");
  EXPECT_EQ(first_of("/businesses?sort=createdAt", "name"), "SCAB");
  EXPECT_EQ(first_of("/businesses?sort=-createdAt&limit=2", "name"), "BA");
  EXPECT_EQ(first_of("/businesses?sort=-createdAt&limit=2&page=2", "name"), "CS");
  EXPECT_EQ(first_of("/businesses", "name"), "SCAB") << "by age unless told";
  EXPECT_EQ(first_of("/api-keys?sort=-name&limit=3", "name"), "CCB");
  EXPECT_EQ(first_of("/api-keys?sort=-createdAt&limit=2", "name"), "BA");
  EXPECT_EQ(first_of("/documents?sort=name", "name"), "ABCp");
  EXPECT_EQ(first_of("/documents?sort=createdAt", "name"), "pCAB");
  EXPECT_EQ(first_of("/users?sort=name&limit=1", "name"), "O");
  for (int i = 0; i < 3; ++i) send("POST", "/appointments", owner(), booking_body(free_time()));
  auto starts = [&](std::string sort) {
    std::vector<std::string> all;
    for (auto& item : get("/appointments?sort=" + sort, owner()).data().as_array())
      all.emplace_back(item.at("start").as_string());
    return all;
  };
  EXPECT_EQ(starts("start").size(), 4u);
  EXPECT_TRUE(std::ranges::is_sorted(starts("start")));
  EXPECT_TRUE(std::ranges::is_sorted(starts("-start"), std::ranges::greater{}));
}

TEST_P(RouteRules, LargeAnswersAreGzippedForWhoAsks) {
  for (int i = 0; i < 10; ++i)
    send("POST", "/businesses", owner(), {{"name", fmt::format("Branch {}", i)}});
  for (std::string path : {"/businesses", "/openapi.json"}) {
    auto plain = get(path, owner());
    EXPECT_FALSE(plain.has("Content-Encoding")) << path;
    auto packed = ask(
        {.target = "/api/v1" + path, .token = owner(), .headers = {{"Accept-Encoding", "gzip"}}});
    EXPECT_EQ(packed.header("Content-Encoding"), "gzip") << path;
    EXPECT_LT(packed.packed_bytes, plain.body.size()) << path;
    EXPECT_EQ(packed.body, plain.body) << path;
  }
}

class RatedRoutes : public EveryRoute {
 public:
  ApiOptions options() const override {
    auto chosen = ApiTest::options();
    chosen.per_client = {1, 5000};
    chosen.per_organization = {1, 5000};
    return chosen;
  }
};
INSTANTIATE_TEST_SUITE_P(On, RatedRoutes, ::testing::Values(store::Database::Kind::sqlite));

TEST_P(RatedRoutes, EveryAnswerTellsTheRate) {
  for (auto& route : table.routes) {
    auto request = right_request(route);
    for (auto token : {std::string(), owner()}) {
      if (!token.empty() && (writes(route) || route.reply == ReplyKind::event_stream)) continue;
      request.token = token;
      auto answer = ask(request);
      EXPECT_EQ(answer.header("RateLimit-Limit"), "5000") << request.target << answer.status;
      EXPECT_TRUE(answer.has("RateLimit-Remaining")) << request.target;
      EXPECT_TRUE(answer.has("RateLimit-Reset")) << request.target;
    }
  }
}

}  // namespace
}  // namespace parley::api::testing
