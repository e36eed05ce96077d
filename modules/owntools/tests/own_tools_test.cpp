#include "parley/owntools/own_tools.hpp"

#include <gtest/gtest.h>

#include "../src/mcp_message.hpp"
#include "parley/base/strings.hpp"
#include "parley/webhooks/signature.hpp"
#include "tool_server.hpp"

namespace parley::owntools::testing {
namespace {

using business::OwnTool;
using Tools = std::vector<std::shared_ptr<dialog::Tool>>;

class OwnToolsTest : public ::testing::Test {
 protected:
  OwnToolsTest() { make(OwnToolsOptions::Addresses::any); }

  void make(OwnToolsOptions::Addresses addresses) {
    OwnToolsOptions options;
    options.addresses = addresses;
    options.most_answer_bytes = 16384;
    bench = make_own_tools({world.clock, world.random, *http, key}, options);
  }
  OwnTool http_tool() {
    OwnTool tool;
    tool.name = "price_of";
    tool.description = "The price of a thing.";
    tool.url = server.url("/tool");
    tool.parameters = json::parse(R"({"type":"object","properties":{"thing":{"type":"string"}},
                                      "required":["thing"]})")
                          .as_object();
    return tool;
  }
  OwnTool mcp_tool() {
    OwnTool tool;
    tool.kind = OwnTool::Kind::mcp;
    tool.name = "home";
    tool.url = server.url("/mcp");
    return tool;
  }
  Tools tools_of(std::vector<OwnTool> own) {
    auto profile = std::make_shared<business::Profile>();
    profile->id = BusinessId("biz_1");
    profile->version = ++version;
    profile->agent.own_tools = std::move(own);
    last = profile;
    return again();
  }
  Tools again() {
    auto got = world.run([&]() -> Task<Tools> {
      auto asking = bench->of(world.context, last);
      co_return co_await std::move(asking);
    });
    return *got;
  }
  Result<json::object> call(dialog::Tool& tool, json::object arguments, std::string id = "key-1") {
    return world.run([&]() -> Task<json::object> {
      dialog::ToolCall call{tool.spec().name, std::move(arguments), id};
      dialog::ToolScope scope{BusinessId("biz_1"), CallId("call_1"), ConversationId("conv_1"),
                              "+12125550142"};
      auto work = dialog::call_within_limits(world.clock, tool, world.context, scope, call);
      co_return co_await std::move(work);
    });
  }
  std::string header(std::string_view name) const {
    return std::string(server.requests.back().headers.get(name).value_or(""));
  }

  testkit::RealWorld world;
  std::unique_ptr<net::HttpClient> http = net::make_http_client(world.io.get_executor());
  auth::SecretKey key = secret_key(auth::MasterKey::make(world.random));
  ToolServer server{world};
  std::unique_ptr<dialog::OwnTools> bench;
  std::shared_ptr<business::Profile> last;
  std::int64_t version = 0;
};

TEST_F(OwnToolsTest, AnHttpToolIsPostedItsArgumentsAndTheCallTheyAreOf) {
  auto tools = tools_of({http_tool()});
  ASSERT_EQ(tools.size(), 1u);
  auto result = call(*tools[0], {{"thing", "crown"}});
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_EQ(result->at("price").as_int64(), 120);
  auto body = json::parse(server.requests.back().body).as_object();
  EXPECT_EQ(body.at("tool").as_string(), "price_of");
  EXPECT_EQ(body.at("arguments").at("thing").as_string(), "crown");
  EXPECT_EQ(body.at("call").at("call").as_string(), "call_1");
  EXPECT_EQ(body.at("call").at("callerPhone").as_string(), "+12125550142");
  EXPECT_EQ(header("Idempotency-Key"), "key-1");
  EXPECT_EQ(header("webhook-signature"), "");
}

TEST_F(OwnToolsTest, ItIsSignedWithItsSecret) {
  auto secret = webhooks::StandardSecret::make(world.random);
  auto tool = http_tool();
  tool.sealed_secret = seal_secret(key, BusinessId("biz_1"), tool.name, secret.text());
  auto tools = tools_of({tool});
  ASSERT_TRUE(call(*tools[0], {{"thing", "crown"}}));
  auto seconds = std::stoll(header("webhook-timestamp"));
  EXPECT_EQ(header("webhook-signature"),
            secret.sign(header("webhook-id"), WallTime(std::chrono::seconds(seconds)),
                        server.requests.back().body));
  tool.sealed_secret = seal_secret(key, BusinessId("biz_1"), tool.name, "token-of-theirs");
  tools = tools_of({tool});
  ASSERT_TRUE(call(*tools[0], {{"thing", "crown"}}));
  EXPECT_EQ(header("Authorization"), "Bearer token-of-theirs");
}

TEST_F(OwnToolsTest, ASecretOpensForItsToolAndBusinessOnly) {
  auto tool = http_tool();
  tool.sealed_secret = seal_secret(key, BusinessId("biz_2"), tool.name, "token-of-theirs");
  EXPECT_TRUE(tools_of({tool}).empty());
  tool.sealed_secret = seal_secret(key, BusinessId("biz_1"), "other", "token-of-theirs");
  EXPECT_TRUE(tools_of({tool}).empty());
  EXPECT_TRUE(server.requests.empty());
  EXPECT_EQ(check_secret("whsec_short").error().code, Errc::invalid);
  EXPECT_EQ(check_secret("with a blank").error().code, Errc::invalid);
  EXPECT_TRUE(check_secret("12345678"));
}

TEST_F(OwnToolsTest, PrivateAddressesAreRefused) {
  make(OwnToolsOptions::Addresses::public_only);
  auto tools = tools_of({http_tool(), mcp_tool()});
  ASSERT_EQ(tools.size(), 1u);  // of the server nothing is known
  auto result = call(*tools[0], {{"thing", "crown"}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::forbidden);
  EXPECT_TRUE(server.requests.empty());
}

TEST_F(OwnToolsTest, WhateverComesBackIsAResultOrAnError) {
  auto tools = tools_of({http_tool()});
  server.answer = "[1,2]";
  EXPECT_EQ(call(*tools[0], {{"thing", "a"}})->at("result").as_array().size(), 2u);
  server.answer = "plain \x01 text \xFF";
  EXPECT_EQ(call(*tools[0], {{"thing", "a"}})->at("text").as_string(), "plain  text \u00FF");
  server.answer = "";
  EXPECT_TRUE(call(*tools[0], {{"thing", "a"}})->at("done").as_bool());
  server.answer = std::string(17000, 'x');
  EXPECT_EQ(call(*tools[0], {{"thing", "a"}}).error().code, Errc::too_large);
  struct Refusal {
    int status;
    Errc code;
  };
  server.answer = "secret words of somebody";
  for (auto [status, code] :
       {Refusal{400, Errc::invalid}, Refusal{403, Errc::forbidden}, Refusal{404, Errc::not_found},
        Refusal{409, Errc::conflict}, Refusal{429, Errc::rate_limited},
        Refusal{500, Errc::unavailable}, Refusal{302, Errc::unavailable}}) {
    server.status = status;
    auto refused = call(*tools[0], {{"thing", "a"}});
    EXPECT_EQ(refused.error().code, code) << status;
    EXPECT_EQ(refused.error().detail.find("secret"), std::string::npos);
  }
}

TEST_F(OwnToolsTest, ArgumentsAreCheckedBeforeAnythingIsSent) {
  auto tools = tools_of({http_tool()});
  EXPECT_EQ(call(*tools[0], {}).error().code, Errc::invalid);
  EXPECT_EQ(call(*tools[0], {{"thing", 5}}).error().code, Errc::invalid);
  EXPECT_TRUE(server.requests.empty());
  // What its schema does not forbid is its own matter.
  EXPECT_TRUE(call(*tools[0], {{"thing", "a"}, {"more", 1}}));
}

TEST_F(OwnToolsTest, ASlowToolIsCutOff) {
  auto tool = http_tool();
  tool.time_limit = 200ms;
  server.delay = 2s;
  auto changing = tools_of({tool});
  EXPECT_EQ(call(*changing[0], {{"thing", "a"}}).error().code, Errc::outcome_unknown);
  tool.effect = OwnTool::Effect::reads;
  auto reading = tools_of({tool});
  EXPECT_NE(call(*reading[0], {{"thing", "a"}}).error().code, Errc::forbidden);
}

TEST_F(OwnToolsTest, AnMcpServersToolsAreListedAndCalled) {
  for (auto form : {ToolServer::Answers::json, ToolServer::Answers::event_stream}) {
    server.answers = form;
    server.methods.clear();
    auto tools = tools_of({mcp_tool()});
    ASSERT_EQ(tools.size(), 2u);
    EXPECT_EQ(tools[0]->spec().name, "home_get_weather");
    EXPECT_FALSE(tools[0]->spec().has_effect);
    EXPECT_EQ(tools[1]->spec().name, "home_order");
    EXPECT_TRUE(tools[1]->spec().has_effect);
    EXPECT_EQ(server.methods,
              (std::vector<std::string>{"initialize", "notifications/initialized", "tools/list"}));
    server.results.push_back(
        {{"content", json::array{json::object{{"type", "text"}, {"text", "sunny"}},
                                 json::object{{"type", "image"}, {"data", "..."}}}}});
    auto result = call(*tools[0], {{"place", "Rome"}});
    ASSERT_TRUE(result) << result.error().detail;
    EXPECT_EQ(result->at("text").as_string(), "sunny");
    EXPECT_TRUE(header("Mcp-Session-Id").starts_with("session-"));
    EXPECT_EQ(header("MCP-Protocol-Version"), "2025-06-18");
    EXPECT_EQ(header("Accept"), "application/json, text/event-stream");
    auto params = json::parse(server.requests.back().body).at("params").as_object();
    EXPECT_EQ(params.at("name").as_string(), "Get Weather");
    EXPECT_EQ(params.at("_meta").at("parley/idempotencyKey").as_string(), "key-1");
  }
}

TEST_F(OwnToolsTest, StructuredContentAndFailuresOfMcpTools) {
  auto tools = tools_of({mcp_tool()});
  server.results.push_back({{"content", json::array{}}, {"structuredContent", {{"celsius", 21}}}});
  EXPECT_EQ(call(*tools[0], {{"place", "Rome"}})->at("celsius").as_int64(), 21);
  server.results.push_back(
      {{"content", json::array{json::object{{"type", "text"}, {"text", "no such place"}}}},
       {"isError", true}});
  auto failed = call(*tools[0], {{"place", "Nowhere"}});
  EXPECT_EQ(failed.error().code, Errc::invalid);
  EXPECT_NE(failed.error().detail.find("no such place"), std::string::npos);
}

TEST_F(OwnToolsTest, AForgottenSessionIsBegunAnew) {
  auto tools = tools_of({mcp_tool()});
  server.forgets_session = true;
  server.results.push_back({{"structuredContent", {{"ok", true}}}});
  auto result = call(*tools[0], {{"place", "Rome"}});
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_EQ(header("Mcp-Session-Id"), "session-2");
}

TEST_F(OwnToolsTest, ManyPagesOfToolsAndBrokenOnes) {
  server.tools_on_a_page = 1;
  server.tools.push_back(json::object{{"name", "no schema"}});
  server.tools.push_back(
      json::object{{"name", std::string(100, 'x')}, {"inputSchema", json::object{}}});
  server.tools.push_back(json::object{{"name", "ORDER"}, {"inputSchema", json::object{}}});
  auto tools = tools_of({mcp_tool()});
  EXPECT_EQ(tools.size(), 2u);
  server.tools_on_a_page = 1000;
  server.tools.clear();
  for (int i = 0; i < 100; ++i)
    server.tools.push_back(
        json::object{{"name", "t" + std::to_string(i)},
                     {"inputSchema", json::object{{"required", json::array{1}}}}});
  tools = tools_of({mcp_tool()});
  ASSERT_EQ(tools.size(), 32u);
  EXPECT_TRUE(call(*tools[0], {}));
}

TEST_F(OwnToolsTest, AServerThatMakesNoSenseHasNoTools) {
  server.version = "1999-01-01";
  EXPECT_TRUE(tools_of({mcp_tool()}).empty());
  server.version = "2025-03-26";
  EXPECT_EQ(tools_of({mcp_tool()}).size(), 2u);
  for (auto text :
       {" ", "not json", "[]", "{}", R"({"jsonrpc":"2.0","id":999,"result":{}})",
        R"({"jsonrpc":"2.0","id":2,"result":7})", R"({"jsonrpc":"2.0","id":2,"error":"no"})"}) {
    server.instead = text;
    EXPECT_TRUE(tools_of({mcp_tool()}).empty()) << text;
  }
}

TEST_F(OwnToolsTest, AServerThatIsSlowDoesNotHoldUpTheCall) {
  server.delay = 5s;
  auto before = world.clock.now();
  auto tools = tools_of({mcp_tool(), http_tool()});
  EXPECT_EQ(tools.size(), 1u);
  EXPECT_LT(world.clock.now() - before, 4s);
}

TEST_F(OwnToolsTest, ToolsAreKeptUntilTheAgentChanges) {
  tools_of({mcp_tool()});
  auto asked = server.requests.size();
  EXPECT_EQ(again().size(), 2u);
  EXPECT_EQ(server.requests.size(), asked);
  tools_of({mcp_tool()});
  EXPECT_GT(server.requests.size(), asked);
}

TEST(McpMessage, EventsOfAStream) {
  EXPECT_EQ(
      events_in("data: a\n\ndata:b\r\ndata: c\r\n\r\n: comment\n\nevent: x\ndata: d\r\rdata: cut"),
      (std::vector<std::string>{"a", "b\nc", "d"}));
  EXPECT_TRUE(events_in("").empty());
  EXPECT_TRUE(events_in("\n\n\n").empty());
}

TEST(McpMessage, TheAnswerIsFoundByItsId) {
  auto response = net::text_response(
      200, R"([{"jsonrpc":"2.0","id":1,"result":{"a":1}},{"jsonrpc":"2.0","id":2,"result":{}}])",
      "application/json");
  EXPECT_EQ(result_in(response, 1)->at("a").as_int64(), 1);
  EXPECT_EQ(result_in(response, 3).error().code, Errc::corrupt);
  auto error = net::text_response(
      200, R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no method"}})");
  EXPECT_EQ(result_in(error, 1).error().code, Errc::not_found);
}

}  // namespace
}  // namespace parley::owntools::testing
