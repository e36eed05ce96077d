#include "parley/gateway/route_spec.hpp"

#include <gtest/gtest.h>

#include "forwarding.hpp"

namespace parley::gateway {
namespace {

std::string problems_of(const std::string& members, Reach reach = Reach::public_only) {
  auto value = parse_json("{" + members + "}");
  if (!value) return "not JSON: " + value.error().detail;
  auto spec = parse_route(*value, reach);
  std::string all;
  if (!spec)
    for (auto& problem : spec.error()) all += problem.field + " " + problem.problem + "\n";
  return all;
}

const std::string good = R"("path": "/shop", "targets": [{"url": "https://shop.example"}])";

TEST(RouteSpec, DefaultsAreSafe) {
  auto spec = parse_route(*parse_json("{" + good + "}"), Reach::public_only).value();
  EXPECT_EQ(spec.access, RouteSpec::Access::bearer);
  EXPECT_EQ(spec.permission, "gateway:use");
  EXPECT_EQ(spec.match, RouteSpec::Match::prefix);
  EXPECT_EQ(spec.timeout, 30s);
  EXPECT_EQ(spec.retries, 1);
  EXPECT_EQ(spec.max_body_bytes, 10u << 20);
}

TEST(RouteSpec, EveryFaultIsNamedByItsField) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"("targets": [])", "path is required"},
      {R"("path": "shop")", "path must start with /"},
      {R"("path": "/a/../b")", "path must not have empty segments, . or .."},
      {R"("path": "/a//b")", "path must not have empty segments"},
      {R"("path": "/a b")", "path has a segment that cannot be"},
      {R"("path": "/{x}/{x}")", "path names a part twice"},
      {R"("path": "/{rest}")", "path must not name {rest}"},
      {R"("path": "/a", "targets": [])", "targets must be a list of 1 to 32"},
      {R"("path": "/a", "targets": [{"url": "ftp://a"}])", "targets.0.url must start with"},
      {R"("path": "/a", "targets": [{"url": "http://u:p@a"}])",
       "targets.0.url must not hold a user"},
      {R"("path": "/a", "targets": [{"url": "http://a/?q"}])",
       "targets.0.url must not have a query"},
      {R"("path": "/a", "targets": [{"url": "http://127.0.0.1"}])",
       "targets.0.url is not a public address"},
      {R"("path": "/a", "targets": [{"url": "http://[::ffff:10.0.0.1]"}])",
       "targets.0.url is not a public"},
      {R"("path": "/a", "targets": [{"url": "http://169.254.169.254/"}])",
       "targets.0.url is not a public"},
      {R"("path": "/a", "targets": [{"url": "http://LOCALHOST"}])",
       "targets.0.url is not a public"},
      {R"("path": "/a", "targets": [{"url": "http://a", "weight": 0}])",
       "targets.0.weight must be"},
      {R"("path": "/a", "targets": [{"uri": "http://a"}])", "targets.0.uri is not a known field"},
      {good + R"(, "methods": ["FETCH"])", "methods are GET, HEAD"},
      {good + R"(, "match": "regex")", "match must be prefix or exact"},
      {good + R"(, "rewrite": "/x/{id}")", "rewrite names {id}, which the path does not"},
      {good + R"(, "rewrite": "/x", "stripPrefix": true)", "rewrite and stripPrefix exclude"},
      {good + R"(, "balancing": "random")", "balancing must be round_robin"},
      {good + R"(, "healthCheck": {"path": "x y"})", "healthCheck.path must be a path"},
      {good + R"(, "healthCheck": {"every": 1})", "healthCheck.every is not a known field"},
      {good + R"(, "access": "secret")", "access must be bearer or anyone"},
      {good + R"(, "permission": "gateway:usee")",
       "permission does not exist; the nearest is gateway:use"},
      {good + R"(, "access": "anyone", "permission": "calls:read")",
       "permission is for access bearer"},
      {good + R"(, "rateLimit": {})", "rateLimit.perMinute is required"},
      {good + R"(, "timeoutMs": 1)", "timeoutMs must be a whole number"},
      {good + R"(, "retries": 9)", "retries must be a whole number from 0 to 3"},
      {good + R"(, "requestHeaders": {"set": {"X\r\nEvil": "1"}})", "is not the name of a header"},
      {good + R"(, "requestHeaders": {"set": {"X": "a\r\nEvil: 1"}})",
       "requestHeaders.set.X must be at most"},
      {good + R"(, "responseHeaders": {"set": {"Transfer-Encoding": "x"}})",
       "belongs to the connection"},
      {good + R"(, "requestHeaders": {"remove": ["Host"]})", "belongs to the connection"},
      {good + R"(, "requestTransform": {"fields": [{"to": "x"}]})",
       "requestTransform /fields/0/to: a path is"},
      {good + R"(, "websocket": "no")", "websocket must be true or false"},
      {good + R"(, "tragets": [])", "tragets is not a known field"}};
  for (auto& [members, problem] : cases)
    EXPECT_NE(problems_of(members).find(problem), std::string::npos)
        << members << "\n gave: " << problems_of(members) << " not: " << problem;
  EXPECT_EQ(problems_of(good), "");
  EXPECT_EQ(problems_of(R"("path": "/a", "targets": [{"url": "http://127.0.0.1"}])", Reach::any),
            "");
}

TEST(RouteSpec, AFileNamesTheRouteThatIsWrong) {
  auto file = parse_route_file(R"({"routes": [{)" + good + R"(}, {"path": "/b"}]})");
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().detail.find("routes.1.targets must be"), std::string::npos)
      << file.error().detail;
  for (std::string own : {"/api/x", "/health", "/gateway/org", "/webhooks"}) {
    auto taken = parse_route_file(R"({"routes": [{"path": ")" + own +
                                  R"(", "targets": [{"url": "http://a"}]}]})");
    ASSERT_FALSE(taken) << own;
    EXPECT_NE(taken.error().detail.find("that is the server's own"), std::string::npos);
  }
  EXPECT_EQ(parse_route_file("[]").error().code, Errc::invalid);
  EXPECT_EQ(parse_route_file("{").error().code, Errc::invalid);
}

TEST(Forwarding, HopByHopFieldsStayOnTheirHop) {
  net::Headers headers;
  for (auto name : {"Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
                    "Proxy-Authorization", "Content-Length", "X-Named"})
    headers.add(name, std::string(name) == "Connection" ? "close, x-named" : "1");
  headers.add("Accept", "*/*");
  auto kept = end_to_end(headers);
  ASSERT_EQ(kept.all().size(), 1u);
  EXPECT_EQ(kept.all()[0].first, "Accept");
}

TEST(Forwarding, RewritingKeepsTheQueryAndTheEncoding) {
  auto spec = [](const std::string& path, const std::string& more) {
    auto value =
        parse_json(R"({"path": ")" + path + R"(", "targets": [{"url": "http://a"}])" + more + "}");
    return parse_route(*value, Reach::any).value();
  };
  EXPECT_EQ(rewritten(spec("/a", ""), {"/a/b%20c?x=%2F", 0, ""}), "/a/b%20c?x=%2F");
  EXPECT_EQ(rewritten(spec("/a", R"(, "stripPrefix": true)"), {"/a", 0, ""}), "/");
  EXPECT_EQ(rewritten(spec("/a", R"(, "stripPrefix": true)"), {"/a?x", 0, "/base"}), "/base?x");
  EXPECT_EQ(rewritten(spec("/a", R"(, "stripPrefix": true)"), {"/g/o/a/b/", 2, ""}), "/b/");
  EXPECT_EQ(
      rewritten(spec("/{x}/{y}", R"(, "rewrite": "/{y}/{x}/{rest}")"), {"/1/2/3/4?q", 0, "/t/"}),
      "/t/2/1/3/4?q");
  EXPECT_EQ(rewritten(spec("/", ""), {"/x", 0, ""}), "/x");
}

}  // namespace
}  // namespace parley::gateway
