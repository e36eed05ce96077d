#include <gtest/gtest.h>

#include "byte_range.hpp"
#include "failure.hpp"
#include "multipart.hpp"
#include "parley/testkit/settable_clock.hpp"
#include "parley/testkit/sim_world.hpp"
#include "rate_limiter.hpp"
#include "request_check.hpp"
#include "schema.hpp"
#include "values.hpp"

namespace parley::api {
namespace {

// The server's own refusals, and errors as HTTP

TEST(ErrorPage, EachRefusalHasItsCode) {
  auto page = api_error_page();
  for (auto& [status, code] :
       std::vector<std::pair<int, std::string>>{{400, "malformed_request"},
                                                {404, "route_not_found"},
                                                {405, "method_not_allowed"},
                                                {408, "request_timeout"},
                                                {413, "too_large"},
                                                {417, "expectation_failed"},
                                                {418, "malformed_request"},
                                                {426, "upgrade_required"},
                                                {431, "head_too_large"},
                                                {500, "internal"},
                                                {501, "not_implemented"},
                                                {503, "unavailable"},
                                                {505, "http_version_not_supported"}}) {
    auto response = page(status, "that is not right", "req_1");
    EXPECT_EQ(response.status, status);
    auto body = json::parse(response.body).as_object();
    EXPECT_EQ(body.at("code").as_string(), code);
    EXPECT_EQ(body.at("error").as_string(), "That is not right");
    EXPECT_EQ(body.at("requestId").as_string(), "req_1");
    EXPECT_FALSE(body.at("success").as_bool());
  }
}

TEST(Failure, WhatIsForOperatorsStaysHere) {
  for (auto errc : {Errc::rate_limited, Errc::unavailable, Errc::timeout, Errc::outcome_unknown,
                    Errc::end_of_stream, Errc::corrupt, Errc::resource_exhausted}) {
    auto failure = failure_of({errc, "table secrets is locked"});
    EXPECT_EQ(failure.message.find("secrets"), std::string::npos) << to_string(errc);
    EXPECT_EQ(failure.reason, "table secrets is locked");
    bool again = errc != Errc::end_of_stream && errc != Errc::corrupt;
    EXPECT_EQ(failure.retry_after.has_value(), again) << to_string(errc);
    EXPECT_EQ(failure.status, errc == Errc::rate_limited ? 429 : again ? 503 : 500);
  }
  EXPECT_EQ(failure_of({Errc::conflict, "it is taken"}).message, "It is taken");
}

// multipart/form-data

constexpr auto form = "multipart/form-data; boundary=b";

TEST(Multipart, ReadsFieldsAndFiles) {
  auto parts = parse_multipart(
      "Multipart/Form-Data; charset=utf-8; boundary=\"a b:c\"",
      "preamble\r\n--a b:c \t\r\nContent-Disposition: form-data; name=\"one\"\r\n\r\n1\r\n--x\r\n"
      "\r\n--a b:c\r\ncontent-type: text/plain\r\nContent-Disposition: form-data; name=file; "
      "filename=\"we\\\"ird; .txt\"\r\n\r\n\r\n--a b:c--\r\nepilogue");
  ASSERT_TRUE(parts) << parts.error().detail;
  ASSERT_EQ(parts->size(), 2u);
  EXPECT_EQ((*parts)[0].name, "one");
  EXPECT_EQ((*parts)[0].content, "1\r\n--x\r\n");
  EXPECT_FALSE((*parts)[0].file_name);
  EXPECT_EQ((*parts)[1].file_name, "we\"ird; .txt");
  EXPECT_EQ((*parts)[1].content_type, "text/plain");
  EXPECT_EQ((*parts)[1].content, "");
}

TEST(Multipart, RefusesWhatIsMalformed) {
  std::string head = "Content-Disposition: form-data; name=\"a\"\r\n\r\n";
  for (std::string body :
       {std::string(), std::string("--b"), std::string("--b\r\n"), "--b\r\n" + head,
        "--b\r\n" + head + "x", "--b\r\n" + head + "x\r\n--b", "--bx\r\n" + head + "x\r\n--b--",
        std::string("--b\r\n\r\nx\r\n--b--"),
        std::string("--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--"),
        std::string("--b\r\nContent-Disposition: form-data; name=\"\"\r\n\r\nx\r\n--b--"),
        std::string("--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--b--"),
        std::string("--b\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nx\r\n--b--"),
        std::string("--b\r\nno colon\r\n\r\nx\r\n--b--"),
        "--b\r\nContent-Transfer-Encoding: base64\r\n" + head + "eA==\r\n--b--",
        "--b\r\nX: " + std::string(5000, 'y') + "\r\n" + head + "x\r\n--b--"}) {
    auto parts = parse_multipart(form, body);
    ASSERT_FALSE(parts) << body.substr(0, 200);
    EXPECT_EQ(parts.error().code, Errc::invalid);
  }
  EXPECT_EQ(parse_multipart("text/plain", "").error().code, Errc::unsupported);
  for (auto type : {"multipart/form-data", "multipart/form-data; boundary=",
                    "multipart/form-data; boundary=\"unended", "multipart/form-data; nonsense"})
    EXPECT_EQ(parse_multipart(type, "--b--").error().code, Errc::invalid) << type;
  EXPECT_TRUE(parse_multipart(form, "--b--")->empty());
}

TEST(Multipart, IsBounded) {
  std::string body;
  for (int i = 0; i < 21; ++i)
    body += "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n";
  EXPECT_FALSE(parse_multipart(form, body + "--b--"));
  EXPECT_FALSE(parse_multipart("multipart/form-data; boundary=" + std::string(71, 'b'), "x"));
}

// Schemas

std::vector<std::string> problems(const json::value& value, const Schema& schema) {
  std::vector<std::string> found;
  for (auto& problem : problems_of(value, schema, {})) found.push_back(problem.problem);
  return found;
}

TEST(SchemaCheck, EachKindRefusesWhatDoesNotFit) {
  using namespace schema;
  EXPECT_TRUE(problems("abc", text(1, 3)).empty());
  EXPECT_TRUE(problems("äöü", text(1, 3)).empty()) << "characters, not bytes";
  EXPECT_EQ(problems("abcd", text(1, 3)).size(), 1u);
  EXPECT_EQ(problems("", text(1, 3)).at(0), "must not be empty");
  EXPECT_EQ(problems(7, text()).at(0), "must be text");
  EXPECT_EQ(problems("a\nb", line(0, 9)).size(), 1u);
  EXPECT_TRUE(problems(7, integer(1, 7)).empty());
  EXPECT_TRUE(problems(7.0, integer(1, 7)).empty());
  EXPECT_EQ(problems(7.5, integer(1, 9)).at(0), "must be a whole number");
  EXPECT_EQ(problems(8, integer(1, 7)).at(0), "must be from 1 to 7");
  EXPECT_EQ(problems(1e300, integer(1, 7)).size(), 1u);
  EXPECT_TRUE(problems(0.5, number(0, 1)).empty());
  EXPECT_EQ(problems("true", flag()).at(0), "must be true or false");
  EXPECT_EQ(problems("c", choice({"a", "b"})).at(0), "must be one of: a, b");
  EXPECT_TRUE(problems(nullptr, text().or_null()).empty());
  EXPECT_EQ(problems(nullptr, text()).size(), 1u);
  EXPECT_EQ(problems(7, text().or_null()).at(0), "must be text or null");
  EXPECT_EQ(problems(json::array{1, 2}, list(integer(0, 9), 1)).size(), 1u);
  EXPECT_EQ(problems(json::array{}, list(integer(0, 9), 5, 1)).size(), 1u);
}

TEST(SchemaCheck, FormatsAreChecked) {
  using namespace schema;
  EXPECT_TRUE(problems("2026-03-05T14:00:00+01:00", date_time()).empty());
  EXPECT_EQ(problems("2026-03-05", date_time()).size(), 1u);
  EXPECT_EQ(problems("2026-02-30", date()).size(), 1u);
  EXPECT_TRUE(problems("2026-03-05T14:00", local_time()).empty());
  EXPECT_TRUE(problems("2026-03-05", local_day()).empty());
  EXPECT_EQ(problems("tomorrow", local_day()).size(), 1u);
  EXPECT_TRUE(problems("24:00", time_of_day()).empty());
  for (auto wrong : {"24:01", "9:00", "09:60", "09-00", "ab:cd", ""})
    EXPECT_EQ(problems(wrong, time_of_day()).size(), 1u) << wrong;
  EXPECT_TRUE(problems("(212) 555-0100", phone()).empty());
  EXPECT_EQ(problems("hello", phone()).size(), 1u);
  EXPECT_EQ(problems("@x", email()).size(), 1u);
  EXPECT_EQ(problems("a b@x", email()).size(), 1u);
}

TEST(SchemaCheck, ProblemsAreBoundedAndNamed) {
  using namespace schema;
  auto inner = object({required("b", integer(0, 1))});
  auto outer = object({required("a", list(inner, 1000))});
  json::array many;
  for (int i = 0; i < 1000; ++i) many.push_back(json::object{{"b", "x"}});
  auto found = problems_of(json::object{{"a", many}}, outer, {});
  EXPECT_EQ(found.size(), 50u);
  EXPECT_EQ(found[1].field, "a[1].b");
}

TEST(ByteRanges, AreReadAsRfc9110Says) {
  auto part = [](std::string_view header) {
    auto range = std::get<ByteRange>(parse_range(header, 100));
    return std::pair(range.first, range.last);
  };
  EXPECT_EQ(part("bytes=0-0"), std::pair(std::size_t{0}, std::size_t{0}));
  EXPECT_EQ(part("Bytes=90-200"), std::pair(std::size_t{90}, std::size_t{99}));
  EXPECT_EQ(part("bytes=-5"), std::pair(std::size_t{95}, std::size_t{99}));
  EXPECT_TRUE(std::holds_alternative<Unsatisfiable>(parse_range("bytes=100-", 100)));
  EXPECT_TRUE(std::holds_alternative<Unsatisfiable>(parse_range("bytes=0-", 0)));
  EXPECT_TRUE(std::holds_alternative<WholeBody>(parse_range("", 100)));
  EXPECT_TRUE(std::holds_alternative<WholeBody>(parse_range("bytes=-", 100)));
}

TEST(RateLimiting, BucketsRefillAndAreBounded) {
  testkit::SettableClock clock;
  RateLimiter limiter(clock, {1, 2}, {nullptr, ""}, 16);
  EXPECT_FALSE(limiter.exhausted("a"));
  EXPECT_TRUE(limiter.take_here("a").allowed);
  EXPECT_TRUE(limiter.take_here("a").allowed);
  auto refused = limiter.take_here("a");
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.retry_after, 1s);
  EXPECT_TRUE(limiter.exhausted("a"));
  clock.advance(1s);
  EXPECT_TRUE(limiter.take_here("a").allowed);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(limiter.take_here(std::to_string(i)).allowed);
  EXPECT_TRUE(limiter.take_here("a").allowed) << "its bucket had to go";
  RateLimiter unlimited(clock, {});
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(unlimited.take_here("a").allowed);
}

/// Of all nodes; it may be away.
struct Buckets final : resilience::SharedBuckets {
  Task<Level> take(Context, Bucket bucket) override {
    asked.push_back(bucket.key);
    if (away) co_return fail(Errc::unavailable, "away");
    Level level;
    level.taken = tokens >= 1;
    if (level.taken) --tokens;
    level.remaining = tokens;
    level.until_next = level.taken ? 0ms : 1500ms;
    level.until_full = 2500ms;
    co_return level;
  }
  Condition condition() const override { return {}; }
  double tokens = 3;
  bool away = false;
  std::vector<std::string> asked;
};

TEST(RateLimiting, SharedBucketsCountForAllAndLocalOnesWhileTheyAreAway) {
  testkit::SimWorld world;
  Buckets buckets;
  RateLimiter limiter(world.clock(), {1, 5}, {&buckets, "client"});
  auto take = [&] {
    return world.run([&]() -> Task<RateLimiter::Decision> {
      auto taking = limiter.take(world.context(), "a");
      co_return co_await std::move(taking);
    });
  };
  auto first = take();
  EXPECT_TRUE(first->allowed);
  EXPECT_EQ(first->remaining, 2) << "the others took two";
  EXPECT_EQ(first->until_full, 3s);
  EXPECT_TRUE(take()->allowed);
  EXPECT_TRUE(take()->allowed);
  EXPECT_TRUE(limiter.exhausted("a"));
  EXPECT_FALSE(take()->allowed);
  EXPECT_EQ(buckets.asked.size(), 3u) << "what is known to be used up is not asked for";
  EXPECT_EQ(buckets.asked[0], "api/client/a");
  // A token has come back here, and another node was faster.
  world.run_for(1s);
  auto refused = take();
  EXPECT_FALSE(refused->allowed);
  EXPECT_EQ(refused->retry_after, 2s);
  // The shared ones go away: what is known goes on.
  buckets.away = true;
  world.run_for(2s);
  EXPECT_TRUE(take()->allowed);
  EXPECT_TRUE(take()->allowed);
  EXPECT_FALSE(take()->allowed);
}

TEST(Addresses, ProxiesAreBelievedOnlyWhenConfigured) {
  net::HttpRequest http;
  http.remote_ip = "10.0.0.1";
  http.headers.add("X-Forwarded-For", "1.1.1.1, 2.2.2.2, 10.0.0.2");
  ApiOptions options;
  EXPECT_EQ(client_address(http, options), "10.0.0.1");
  options.trusted_proxies = {"10.0.0.1", "10.0.0.2"};
  EXPECT_EQ(client_address(http, options), "2.2.2.2");
  http.headers.set("X-Forwarded-For", "nonsense");
  EXPECT_EQ(client_address(http, options), "10.0.0.1");
  EXPECT_EQ(address_group("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(address_group("2001:db8:1:2:3::4"), address_group("2001:db8:1:2:9::9"));
  EXPECT_NE(address_group("2001:db8:1:2::"), address_group("2001:db8:1:3::"));
}

}  // namespace
}  // namespace parley::api
