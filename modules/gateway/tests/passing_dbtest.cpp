#include "gateway_fixture.hpp"

namespace parley::gateway::testing {
namespace {

class PassingDbTest : public GatewayTest {};
PARLEY_ON_DATABASE(PassingDbTest, sqlite);

TEST_P(PassingDbTest, RequestsAndAnswersPassWithTheRightHeaders) {
  EchoTarget target(loop);
  open(route("/shop", {target.url("/base/")},
             R"("stripPrefix": true,
                "requestHeaders": {"set": {"X-Added": "1"}, "remove": ["Cookie"]},
                "responseHeaders": {"set": {"X-Shop": "yes"}, "remove": ["X-Internal"]})"));
  auto answer = ask("POST", "/shop/items/a%20b?x=1&y=%2F",
                    "Cookie: c=1\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\n"
                    "X-Forwarded-For: 9.9.9.9\r\nX-Parley-Principal: owner\r\nX-Request-Id: r1\r\n"
                    "Authorization: Basic abc\r\n",
                    "hello");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.field("X-Shop"), "yes");
  EXPECT_EQ(answer.field("X-Internal"), "");
  EXPECT_EQ(answer.field("X-Request-Id"), "r1");
  auto seen = shown(answer);
  EXPECT_EQ(seen["target"], "/base/items/a%20b?x=1&y=%2F");
  EXPECT_EQ(seen["body"], "hello");
  auto headers = seen["headers"].as_object();
  EXPECT_EQ(headers["x-forwarded-for"], "127.0.0.1");
  EXPECT_EQ(headers["x-forwarded-proto"], "http");
  EXPECT_EQ(headers["x-forwarded-host"], "here.example");
  EXPECT_EQ(headers["x-request-id"], "r1");
  EXPECT_EQ(headers["x-added"], "1");
  EXPECT_EQ(headers["authorization"], "Basic abc");
  for (auto gone : {"cookie", "x-hop", "te", "x-parley-principal"})
    EXPECT_FALSE(headers.contains(gone)) << gone;
  EXPECT_EQ(figure(R"(parley_gateway_requests_total{route="/shop",status="2xx"})"), "1");
}

TEST_P(PassingDbTest, ATrustedProxysChainIsPassedOn) {
  EchoTarget target(loop);
  options.trusted_proxies = {"127.0.0.1"};
  open(route("/", {target.url()}));
  auto answer = get("/x", "X-Forwarded-For: 6.6.6.6, 203.0.113.9\r\n");
  EXPECT_EQ(shown(answer)["headers"].at("x-forwarded-for"), "203.0.113.9, 127.0.0.1");
}

TEST_P(PassingDbTest, TheMostSpecificRouteWinsAndPathsAreRewritten) {
  EchoTarget shop(loop, "shop"), items(loop, "items"), posts(loop, "posts");
  open(route("/shop", {shop.url()}) + "," +
       route("/shop/{id}/items", {items.url()}, R"("rewrite": "/v2/items/{id}/{rest}")") + "," +
       route("/posts", {posts.url()}, R"("methods": ["POST"], "match": "exact")"));
  EXPECT_EQ(shown(get("/shop/7/other"))["service"], "shop");
  auto found = shown(get("/shop/a%2Bb/items/9/x?q=1"));
  EXPECT_EQ(found["service"], "items");
  EXPECT_EQ(found["target"], "/v2/items/a%2Bb/9/x?q=1");
  EXPECT_EQ(shown(get("/shop/7/items"))["target"], "/v2/items/7");
  EXPECT_EQ(shown(ask("POST", "/posts", "", "x"))["service"], "posts");
  auto wrong = get("/posts");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.field("Allow"), "POST");
  EXPECT_EQ(ask("POST", "/posts/1", "", "x").status, 404);
  auto nowhere = get("/nowhere");
  EXPECT_EQ(nowhere.status, 404);
  EXPECT_EQ(nowhere.code(), "route_not_found");
}

TEST_P(PassingDbTest, BearersNeedTheRightPermissionAndTheirTokensStayHere) {
  EchoTarget target(loop);
  open(R"({"path": "/safe", "permission": "webhooks:write", "targets": [{"url": ")" + target.url() +
       R"("}]})");
  auto nobody = get("/safe");
  EXPECT_EQ(nobody.status, 401);
  EXPECT_EQ(nobody.field("WWW-Authenticate"), "Bearer");
  EXPECT_EQ(get("/safe", "Authorization: Bearer nonsense\r\n").status, 401);
  auto viewer = get("/safe", "Authorization: Bearer viewer@org_a\r\n");
  EXPECT_EQ(viewer.status, 403);
  EXPECT_EQ(viewer.code(), "forbidden");
  EXPECT_EQ(target.asked, 0);
  auto admin = get("/safe", "Authorization: Bearer admin@org_a\r\n");
  ASSERT_EQ(admin.status, 200) << admin.body;
  auto headers = shown(admin)["headers"].as_object();
  EXPECT_FALSE(headers.contains("authorization"));
  EXPECT_EQ(headers["x-parley-organization"], "org_a");
  EXPECT_EQ(headers["x-parley-principal"], "user_admin");
}

TEST_P(PassingDbTest, EachClientHasItsOwnRate) {
  EchoTarget target(loop);
  options.trusted_proxies = {"127.0.0.1"};
  open(route("/", {target.url()}, R"("rateLimit": {"perMinute": 1, "burst": 2})"));
  const std::string one = "X-Forwarded-For: 203.0.113.1\r\n";
  EXPECT_EQ(get("/", one).status, 200);
  EXPECT_EQ(get("/", one).status, 200);
  auto refused = get("/", one);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.code(), "rate_limited");
  auto wait = std::stoi(refused.field("Retry-After"));
  EXPECT_GT(wait, 50);
  EXPECT_LE(wait, 60);
  EXPECT_EQ(get("/", "X-Forwarded-For: 203.0.113.2\r\n").status, 200);
}

TEST_P(PassingDbTest, BodiesAreMapped) {
  EchoTarget target(loop);
  open(route("/leads", {target.url()},
             R"("requestTransform": {"fields": [
                  {"to": "/phone", "from": "/tel", "type": "phone", "required": true}]},
                "responseTransform": {"fields": [{"to": "/sent", "from": "/body"}]})"));
  const std::string json_type = "Content-Type: application/json\r\nAccept-Encoding: gzip\r\n";
  auto good = ask("POST", "/leads", json_type, R"({"tel": "212-555-0100", "vip": true})");
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(good.body, R"({"sent":"{\"phone\":\"+12125550100\"}"})");
  auto bad = ask("POST", "/leads", json_type, R"({"tell": "x"})");
  EXPECT_EQ(bad.status, 422);
  EXPECT_EQ(bad.code(), "validation_failed");
  EXPECT_NE(bad.body.find("the nearest is /tell"), std::string::npos) << bad.body;
  EXPECT_EQ(ask("POST", "/leads", json_type, "{").status, 400);
  EXPECT_EQ(ask("POST", "/leads", "Content-Type: text/plain\r\n", "x").status, 415);
  EXPECT_EQ(target.asked, 1);
}

TEST_P(PassingDbTest, AnAnswerThatDoesNotFitItsMappingIs502) {
  EchoTarget target(loop);
  open(route("/", {target.url()},
             R"("responseTransform": {"fields": [
                  {"to": "/x", "from": "/missing", "required": true}]})"));
  auto answer = get("/");
  EXPECT_EQ(answer.status, 502);
  EXPECT_EQ(answer.code(), "gateway_bad_answer");
}

TEST_P(PassingDbTest, LongAndEndlessBodiesStreamThrough) {
  std::string large(3u << 20, 'x');
  std::promise<void> go;
  ScriptedTarget target([&](tcp::socket& socket, int) {
    auto head = read_head(socket);
    if (head.starts_with("GET /sized"))
      say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 3145728\r\n\r\n" + large);
    if (head.starts_with("HEAD")) say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 3145728\r\n\r\n");
    if (!head.starts_with("GET /pieces")) return;
    say(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
    // The second piece comes only when the client, which has the first, says so.
    go.get_future().wait();
    say(socket, "6\r\nsecond\r\n0\r\n\r\n");
  });
  open(route("/", {target.url()}));
  auto sized = get("/sized");
  EXPECT_TRUE(sized.whole);
  EXPECT_EQ(sized.field("Content-Length"), "3145728");
  EXPECT_TRUE(sized.body == large);
  auto head = ask("HEAD", "/sized");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.field("Content-Length"), "3145728");
  RawClient client(serving->port());
  client.send("GET /pieces HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(client.take_until("first\r\n").find("chunked"), std::string::npos);
  go.set_value();
  EXPECT_EQ(client.take_until("0\r\n\r\n"), "6\r\nsecond\r\n0\r\n\r\n");
}

TEST_P(PassingDbTest, RequestBodiesStreamUpward) {
  std::promise<void> has_first;
  ScriptedTarget target([&](tcp::socket& socket, int number) {
    std::string in;
    boost::system::error_code ec;
    if (number == 0) {
      // The first piece is here before the client has sent the second.
      asio::read_until(socket, asio::dynamic_buffer(in), "first", ec);
      has_first.set_value();
    }
    asio::read_until(socket, asio::dynamic_buffer(in), "the end", ec);
    say(socket,
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(std::to_string(in.size()).size()) +
            "\r\n\r\n" + std::to_string(in.size()));
  });
  open(route("/", {target.url()}));
  RawClient client(serving->port());
  client.send("POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
  has_first.get_future().wait();
  client.send("7\r\nthe end\r\n0\r\n\r\n");
  EXPECT_EQ(client.answer().status, 200);
  // The connection is whole: the next request follows on it.
  std::string large = std::string(3u << 20, 'x') + "the end";
  client.send("PUT /up HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: " +
              std::to_string(large.size()) + "\r\n\r\n");
  EXPECT_EQ(client.take_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send(large);
  auto answer = client.answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_GT(std::stoul(answer.body), large.size());
}

TEST_P(PassingDbTest, BodiesTooLargeOrBrokenAreTheClientsFault) {
  ScriptedTarget target([&](tcp::socket& socket, int) {
    std::string in;
    boost::system::error_code ec;
    asio::read(socket, asio::dynamic_buffer(in), ec);
  });
  open(route("/", {target.url()}, R"("name": "large", "maxBodyMb": 1)"));
  RawClient announced(serving->port());
  announced.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n");
  EXPECT_EQ(announced.answer().status, 413);
  RawClient endless(serving->port());
  endless.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1E8480\r\n" +
               std::string(2'000'000, 'x') + "\r\n");
  EXPECT_EQ(endless.answer().status, 413);
  RawClient broken(serving->port());
  broken.send(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\nzzz\r\n");
  EXPECT_EQ(broken.answer().status, 400);
  EXPECT_EQ(figure(R"(parley_gateway_target_failures_total{route="large",target="0"})"), "0");
}

}  // namespace
}  // namespace parley::gateway::testing
