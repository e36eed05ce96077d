#include "parley/net/router.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

#include "request_target.hpp"

namespace parley::net {
namespace {

HttpHandler answering(std::string body) {
  return
      [body](HttpRequest) -> asio::awaitable<HttpResponse> { co_return text_response(200, body); };
}

Router::HttpMatch found(const Router& router, Method method, std::string_view path) {
  auto match = router.match(method, path);
  if (auto* http = std::get_if<Router::HttpMatch>(&match)) return *http;
  ADD_FAILURE() << "no route for " << path;
  return {};
}

using Values = std::map<std::string, std::string, std::less<>>;

TEST(Router, LiteralsWinOverNamesAndBacktrack) {
  Router router;
  router.add(Method::get, "/calls/active", answering("active"));
  router.add(Method::get, "/calls/{id}", answering("one"));
  router.add(Method::get, "/calls/{callId}/timeline", answering("timeline"));
  EXPECT_EQ(found(router, Method::get, "/calls/active").path_values, Values{});
  EXPECT_EQ(found(router, Method::get, "/calls/call_1").path_values, (Values{{"id", "call_1"}}));
  EXPECT_EQ(found(router, Method::get, "/calls/active/timeline").path_values,
            (Values{{"callId", "active"}}));
}

TEST(Router, TrailingSlashIsTheSamePath) {
  Router router;
  router.add(Method::get, "/socket.io/", answering("x"));
  router.add(Method::get, "/", answering("root"));
  EXPECT_TRUE(found(router, Method::get, "/socket.io").handler);
  EXPECT_TRUE(found(router, Method::get, "/socket.io/").handler);
  EXPECT_TRUE(found(router, Method::get, "/").handler);
}

TEST(Router, LastNameMayTakeTheRest) {
  Router router;
  router.add(Method::get, "/assets/{path...}", answering("asset"));
  router.add(Method::get, "/assets/app.js", answering("app"));
  EXPECT_EQ(found(router, Method::get, "/assets/img/a.png").path_values,
            (Values{{"path", "img/a.png"}}));
  EXPECT_EQ(found(router, Method::get, "/assets/app.js").path_values, Values{});
  EXPECT_EQ(found(router, Method::get, "/assets/").path_values, (Values{{"path", ""}}));
}

TEST(Router, WrongMethodNamesTheRightOnes) {
  Router router;
  router.add(Method::get, "/leads", answering("list"));
  router.add(Method::post, "/leads", answering("new"));
  router.add(Method::delete_, "/leads/{id}", answering("gone"));
  router.add(Method::get, "/leads/export", answering("csv"));
  auto match = router.match(Method::put, "/leads");
  ASSERT_TRUE(std::holds_alternative<Router::WrongMethod>(match));
  EXPECT_EQ(std::get<Router::WrongMethod>(match).allow, "GET, HEAD, POST");
  // A less specific route that knows the method is better than a refusal.
  EXPECT_EQ(found(router, Method::delete_, "/leads/export").path_values,
            (Values{{"id", "export"}}));
  EXPECT_TRUE(std::holds_alternative<Router::NoRoute>(router.match(Method::get, "/nothing")));
  EXPECT_TRUE(std::holds_alternative<Router::NoRoute>(router.match(Method::get, "/leads//")) ||
              found(router, Method::get, "/leads//").path_values.empty());
}

TEST(Router, HeadUsesGetUnlessItHasItsOwn) {
  Router router;
  router.add(Method::get, "/a", answering("get"));
  EXPECT_TRUE(found(router, Method::head, "/a").handler);
}

TEST(Router, WebSocketsHaveTheirOwnTable) {
  Router router;
  router.add_websocket(
      "/media/twilio/{callToken}",
      [](HttpRequest, std::unique_ptr<WebSocket>) -> asio::awaitable<void> { co_return; });
  auto match = router.match_websocket("/media/twilio/abc");
  ASSERT_TRUE(match);
  EXPECT_EQ(match->path_values, (Values{{"callToken", "abc"}}));
  EXPECT_FALSE(router.match_websocket("/media/twilio"));
  EXPECT_TRUE(
      std::holds_alternative<Router::NoRoute>(router.match(Method::get, "/media/twilio/abc")));
}

TEST(Router, WrongPatternsAreBugs) {
  Router router;
  router.add(Method::get, "/a/{x}", answering("a"));
  for (auto* pattern :
       {"", "a", "/a/{x}", "/a/{y}", "/{a...}/b", "/{a}/{a}", "/{}", "/a{b}", "/a//b"})
    EXPECT_THROW(router.add(Method::get, pattern, answering("b")), std::logic_error) << pattern;
}

TEST(Router, DepthIsBounded) {
  Router router;
  router.add(Method::get, "/{rest...}", answering("all"));
  std::string deep;
  for (int i = 0; i < 10'000; ++i) deep += "/a";
  EXPECT_TRUE(std::holds_alternative<Router::NoRoute>(router.match(Method::get, deep)));
}

TEST(RequestTarget, DecodesPathAndQuery) {
  auto target = parse_request_target("/calls/caf%C3%A9?q=a+b%26c&empty=&q=2&flag");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/calls/café");
  EXPECT_EQ(target->query, (Fields{{"q", "a b&c"}, {"empty", ""}, {"q", "2"}, {"flag", ""}}));
  EXPECT_EQ(find_field(target->query, "q"), "a b&c");
  EXPECT_EQ(find_field(target->query, "none"), std::nullopt);
  EXPECT_EQ(parse_request_target("http://example.com/a?b=c")->path, "/a");
  EXPECT_EQ(parse_request_target("http://example.com?b=c")->path, "/");
}

TEST(RequestTarget, RefusesWhatCouldMeanAnotherPath) {
  for (auto* target : {"", "a", "*", "/a%00b", "/a%0Ab", "/..", "/a/../b", "/a/%2e%2e/b", "/a/./b",
                       "/a%2Fb", "/a%5cb", "/%zz", "/%4", "/a#b", "/\xC3\x28", "/a?x=%FF",
                       "/a?x=%00", "/a?%=1", "ftp://example.com/"}) {
    auto parsed = parse_request_target(target);
    ASSERT_FALSE(parsed) << target;
    EXPECT_EQ(parsed.error().code, Errc::invalid);
  }
}

TEST(RequestTarget, RequestIds) {
  EXPECT_TRUE(is_sound_request_id("abc-1.2_Z"));
  EXPECT_FALSE(is_sound_request_id(""));
  EXPECT_FALSE(is_sound_request_id("a b"));
  EXPECT_FALSE(is_sound_request_id("a\r\nb"));
  EXPECT_TRUE(is_sound_request_id(std::string(64, 'a')));
  EXPECT_FALSE(is_sound_request_id(std::string(65, 'a')));
}

TEST(Headers, CompareWithoutCase) {
  Headers headers;
  headers.add("Content-Type", "a");
  headers.add("content-type", "b");
  EXPECT_EQ(headers.get("CONTENT-TYPE"), "a");
  headers.set("Content-type", "c");
  EXPECT_EQ(headers.all().size(), 1u);
  EXPECT_EQ(headers.get("content-type"), "c");
}

}  // namespace
}  // namespace parley::net
