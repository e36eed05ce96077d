#include <fmt/format.h>

#include "api_fixture.hpp"

namespace parley::api::testing {
namespace {

class HttpRules : public ApiTest {};
INSTANTIATE_TEST_SUITE_P(On, HttpRules, ::testing::Values(store::Database::Kind::sqlite));

TEST_P(HttpRules, ListsArePaged) {
  for (int i = 0; i < 4; ++i)
    send("POST", "/businesses", owner(), {{"name", fmt::format("B{}", i)}});
  auto answer = get("/businesses?page=2&limit=2", owner());
  auto page = answer.json().at("pagination").as_object();
  EXPECT_EQ(page, (json::object{{"total", 5},
                                {"page", 2},
                                {"pages", 3},
                                {"limit", 2},
                                {"hasNext", true},
                                {"hasPrev", true}}));
  EXPECT_EQ(answer.data().as_array().size(), 2u);
  EXPECT_EQ(get("/businesses?page=9", owner()).data().as_array().size(), 0u);
}

TEST_P(HttpRules, AKnownETagSavesTheBody) {
  auto answer = get("/businesses/" + business, owner());
  auto tag = answer.header("ETag");
  ASSERT_FALSE(tag.empty());
  auto again = ask({.target = "/api/v1/businesses/" + business,
                    .token = owner(),
                    .headers = {{"If-None-Match", "\"other\", " + tag}}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(again.header("ETag"), tag);
  auto list = get("/appointments", owner());
  auto same = ask({.target = "/api/v1/appointments",
                   .token = owner(),
                   .headers = {{"If-None-Match", list.header("ETag")}}});
  EXPECT_EQ(same.status, 304);
  send("POST", "/appointments", owner(), booking_body(free_time()));
  EXPECT_NE(get("/appointments", owner()).header("ETag"), list.header("ETag"));
}

TEST_P(HttpRules, IfMatchKeepsFromOverwriting) {
  struct Case {
    std::string path;
    json::object change;
  };
  for (auto& [path, change] : std::vector<Case>{
           {"/businesses/" + business, {{"address", "1 Main Street"}}},
           {"/businesses/" + business + "/agent", {{"greeting", "Good day"}}},
           {"/businesses/" + business + "/hours", {{"monday", json::array{}}}},
           {"/businesses/" + business + "/services",
            {{"services", json::array{json::object{{"id", service}, {"name", "Cleaning"}}}}}},
           {"/appointments/" + appointment, {{"notes", "brings a friend"}}},
           {"/users/" + user, {{"name", "New name"}}}}) {
    auto tag = get(path, owner()).header("ETag");
    auto stale = send("PUT", path, owner(), change, {{"If-Match", "\"v99\""}});
    EXPECT_EQ(stale.status, 412) << path << stale.body;
    EXPECT_EQ(stale.code(), "precondition_failed");
    auto good = send("PUT", path, owner(), change, {{"If-Match", tag}});
    EXPECT_EQ(good.status, 200) << path << good.body;
    EXPECT_NE(good.header("ETag"), tag);
    EXPECT_EQ(send("PUT", path, owner(), change, {{"If-Match", tag}}).status, 412) << path;
    EXPECT_EQ(send("PUT", path, owner(), change, {{"If-Match", "*"}}).status, 200) << path;
  }
  for (auto& path :
       {"/businesses/" + business, "/documents/" + document, "/appointments/" + appointment,
        "/webhook-endpoints/" + endpoint, "/users/" + user}) {
    EXPECT_EQ(send("DELETE", path, owner(), nullptr, {{"If-Match", "\"v99\""}}).status, 412)
        << path;
    EXPECT_EQ(get(path, owner()).status, 200) << path;
  }
}

TEST_P(HttpRules, HeadIsGetWithoutTheBody) {
  auto got = get("/businesses/" + business, owner());
  auto head = ask({.method = "HEAD", .target = "/api/v1/businesses/" + business, .token = owner()});
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.header("Content-Length"), std::to_string(got.body.size()));
  EXPECT_EQ(head.header("ETag"), got.header("ETag"));
}

TEST_P(HttpRules, RequestIdAndTraceAreKept) {
  auto answer = ask(
      {.target = "/api/v1/businesses",
       .token = "",
       .headers = {{"X-Request-Id", "mine-1"},
                   {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}});
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.header("X-Request-Id"), "mine-1");
  EXPECT_EQ(answer.json().at("requestId").as_string(), "mine-1");
  auto trace = answer.header("traceparent");
  EXPECT_EQ(trace.substr(0, 36), "00-0af7651916cd43dd8448eb211c80319c-");
  EXPECT_EQ(trace.find("b7ad6b7169203331"), std::string::npos) << "our own span";
}

TEST_P(HttpRules, SecurityHeadersAreEverywhere) {
  for (auto& target : {"/api/v1/businesses", "/api/v1/health", "/api/docs", "/api/v1/nothing"}) {
    auto answer = ask({.target = target});
    EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff") << target;
  }
  auto answer = get("/businesses", owner());
  EXPECT_EQ(answer.header("Content-Security-Policy"), "default-src 'none'; frame-ancestors 'none'");
  EXPECT_EQ(answer.header("Cache-Control"), "private, no-cache");
}

TEST_P(HttpRules, RecordingsComeWholeAndInParts) {
  auto path = "/api/v1/calls/" + call + "/recording";
  auto part = [&](std::string range, std::string if_range = "") {
    Ask request{.target = path, .token = owner(), .headers = {{"Range", range}}};
    if (!if_range.empty()) request.headers.emplace_back("If-Range", if_range);
    return ask(request);
  };
  auto whole = ask({.target = path, .token = owner()});
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.header("Content-Type"), "audio/wav");
  EXPECT_EQ(whole.header("Accept-Ranges"), "bytes");
  EXPECT_EQ(whole.body, calls.sound);
  auto middle = part("bytes=4-6");
  EXPECT_EQ(middle.status, 206);
  EXPECT_EQ(middle.body, "012");
  EXPECT_EQ(middle.header("Content-Range"), "bytes 4-6/14");
  EXPECT_EQ(part("bytes=10-").body, "6789");
  EXPECT_EQ(part("bytes=-2").body, "89");
  EXPECT_EQ(part("bytes=-200").body, calls.sound);
  EXPECT_EQ(part("bytes=12-99999999999999999999").body, "89");
  EXPECT_EQ(part("bytes=14-").status, 416);
  EXPECT_EQ(part("bytes=14-").header("Content-Range"), "bytes */14");
  EXPECT_EQ(part("bytes=-0").status, 416);
  for (std::string odd : {"bytes=6-4", "lines=1-2", "bytes=1-2,4-5", "bytes=x-y", "bytes=", "-"})
    EXPECT_EQ(part(odd).status, 200) << odd;
  EXPECT_EQ(part("bytes=4-6", whole.header("ETag")).status, 206);
  EXPECT_EQ(part("bytes=4-6", "\"other\"").status, 200);
  EXPECT_EQ(ask({.target = path, .token = token_of(Role::viewer)}).status, 403);
  calls.calls[0].has_recording = false;
  EXPECT_EQ(ask({.target = path, .token = owner()}).code(), "recording_not_found");
}

TEST_P(HttpRules, HealthNeedsNoToken) {
  for (auto& target :
       {"/health", "/api/health", "/api/v1/health", "/health/live", "/api/v1/health/ready"}) {
    auto answer = ask({.target = target});
    EXPECT_EQ(answer.status, 200) << target;
  }
  auto checks = get("/health", "").data().at("checks").as_array();
  EXPECT_EQ(checks.at(0).at("name").as_string(), "database");
}

TEST_P(HttpRules, WhatIsAwayIsSaidInEveryAnswer) {
  EXPECT_EQ(get("/health", "").data().at("status").as_string(), "healthy");
  EXPECT_EQ(get("/businesses", owner()).header("X-Parley-Degraded"), "");
  cache_away = true;
  auto health = get("/health", "");
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.data().at("status").as_string(), "degraded");
  EXPECT_EQ(health.data().at("checks").at(1).at("reason").as_string(), "unavailable");
  // Addresses and messages of the inside are nobody's business.
  EXPECT_EQ(health.body.find("10.0.0.7"), std::string::npos);
  EXPECT_EQ(get("/health/ready", "").data().at("status").as_string(), "healthy");
  EXPECT_EQ(get("/businesses", owner()).header("X-Parley-Degraded"), "cache");
  cache_away = false;
  EXPECT_EQ(get("/health", "").header("X-Parley-Degraded"), "");
}

TEST_P(HttpRules, ARunOfTheIntegrationSuiteIsMadeOnceAndShown) {
  auto begun = send("POST", "/integration/test-all", owner(), json::object{});
  EXPECT_EQ(begun.status, 202);
  EXPECT_EQ(begun.data().at("id").as_string(), suite_run);
  auto run = get("/integration/runs/" + suite_run, owner());
  EXPECT_EQ(run.data().at("status").as_string(), "queued");
  EXPECT_EQ(run.data().at("results").at(0).at("name").as_string(), "database.write");
  EXPECT_EQ(get("/integration/runs?status=queued", owner()).data().as_array().size(), 1u);
  EXPECT_EQ(get("/integration/runs?status=failed", owner()).data().as_array().size(), 0u);
  EXPECT_EQ(get("/integration/runs?status=odd", owner()).status, 422);
  EXPECT_EQ(send("POST", "/integration/test-all", token_of(Role::viewer), json::object{}).status,
            403);
}

TEST_P(HttpRules, MetricsAreForThisMachineOrAPermission) {
  auto local = ask({.target = "/metrics"});
  EXPECT_EQ(local.status, 200);
  EXPECT_NE(local.body.find("parley_api_request_seconds"), std::string::npos);
  Ask proxied{.target = "/metrics", .headers = {{"X-Forwarded-For", "203.0.113.9"}}};
  EXPECT_EQ(ask(proxied).status, 401);
  proxied.token = token_of(Role::viewer);
  EXPECT_EQ(ask(proxied).status, 403);
  proxied.token = owner();
  EXPECT_EQ(ask(proxied).status, 200);
}

TEST_P(HttpRules, TheDocumentationStandsOnItsOwn) {
  auto page = ask({.target = "/api/docs"});
  ASSERT_EQ(page.status, 200);
  EXPECT_EQ(page.header("Content-Type"), "text/html; charset=utf-8");
  auto policy = page.header("Content-Security-Policy");
  EXPECT_NE(policy.find("default-src 'none'; script-src 'self'; style-src 'self'"),
            std::string::npos);
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  for (std::string outside : {"http://", "https://", " style=", "onclick", "<style", "<script>"})
    EXPECT_EQ(page.body.find(outside), std::string::npos) << outside;
  for (std::string file : {"docs/docs.js", "docs/docs.css"}) {
    EXPECT_NE(page.body.find(file), std::string::npos) << file;
    auto part = ask({.target = "/api/" + file});
    EXPECT_EQ(part.status, 200);
    EXPECT_GT(part.body.size(), 1000u);
    EXPECT_EQ(part.body.find("innerHTML"), std::string::npos);
    EXPECT_EQ(part.body.find("eval("), std::string::npos);
    EXPECT_EQ(part.body.find("://"), std::string::npos) << "nothing from elsewhere";
  }
}

// Other options

class Cors : public ApiTest {
 public:
  ApiOptions options() const override {
    auto chosen = ApiTest::options();
    chosen.cors_origins = {"https://app.example.com"};
    return chosen;
  }
};
INSTANTIATE_TEST_SUITE_P(On, Cors, ::testing::Values(store::Database::Kind::sqlite));

TEST_P(Cors, OnlyConfiguredOriginsMayCall) {
  auto from = [&](std::string origin, std::string method = "GET") {
    Ask request{.method = method, .target = "/api/v1/businesses", .token = owner()};
    request.headers = {{"Origin", origin}};
    if (method == "OPTIONS") request.headers.emplace_back("Access-Control-Request-Method", "POST");
    return ask(request);
  };
  auto good = from("https://app.example.com");
  EXPECT_EQ(good.header("Access-Control-Allow-Origin"), "https://app.example.com");
  EXPECT_FALSE(good.has("Access-Control-Allow-Credentials"));
  auto preflight = from("https://app.example.com", "OPTIONS");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.header("Access-Control-Allow-Methods"), "GET, POST, HEAD, OPTIONS");
  EXPECT_NE(preflight.header("Access-Control-Allow-Headers").find("Authorization"),
            std::string::npos);
  for (std::string origin :
       {"https://evil.example", "null", "https://app.example.com.evil.example"})
    for (std::string method : {"GET", "OPTIONS"}) {
      auto bad = from(origin, method);
      EXPECT_FALSE(bad.has("Access-Control-Allow-Origin")) << origin;
      EXPECT_FALSE(bad.has("Access-Control-Allow-Methods")) << origin;
      EXPECT_NE(bad.header("Vary").find("Origin"), std::string::npos);
    }
}

class Limited : public ApiTest {
 public:
  ApiOptions options() const override {
    auto chosen = ApiTest::options();
    chosen.per_client = {1, 30};
    chosen.per_organization = {1, 40};
    chosen.trusted_proxies = {"127.0.0.1"};
    return chosen;
  }
};
INSTANTIATE_TEST_SUITE_P(On, Limited, ::testing::Values(store::Database::Kind::sqlite));

TEST_P(Limited, AClientAndAnOrganizationHaveTheirRates) {
  clock.advance(100s);
  Answer answer;
  int allowed = 0;
  while ((answer = get("/businesses", owner())).status == 200) ++allowed;
  EXPECT_GE(allowed, 30);
  EXPECT_LE(allowed, 33) << "some time passes";
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.code(), "rate_limited");
  EXPECT_GE(std::stoi(answer.header("Retry-After")), 1);
  EXPECT_EQ(answer.header("RateLimit-Limit"), "30");
  EXPECT_EQ(answer.header("RateLimit-Remaining"), "0");
  EXPECT_TRUE(answer.has("RateLimit-Reset"));
  allowed = 0;
  while ((answer = get("/businesses", token_of(Role::viewer))).status == 200) ++allowed;
  EXPECT_LE(allowed, 13) << "the organization's forty are used up";
  EXPECT_EQ(get("/businesses", other_owner).status, 200) << "others are not held up";
  clock.advance(60s);
  EXPECT_EQ(get("/businesses", owner()).status, 200);
}

TEST_P(Limited, NobodiesAreCountedByAddress) {
  clock.advance(100s);
  auto from = [&](std::string address) {
    return ask({.target = "/api/v1/businesses",
                .token = "pk_guess",
                .headers = {{"X-Forwarded-For", "198.51.100.1, " + address}}})
        .status;
  };
  int refused = 0;
  while (from("203.0.113.9") == 401) ++refused;
  EXPECT_LE(refused, 33);
  EXPECT_EQ(from("203.0.113.9"), 429);
  EXPECT_EQ(from("203.0.113.10"), 401);
  EXPECT_EQ(from("2001:db8::1"), 401);
}

}  // namespace
}  // namespace parley::api::testing
