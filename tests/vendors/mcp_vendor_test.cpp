// Own tools against a server made with the Model Context Protocol's own SDK.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "parley/owntools/own_tools.hpp"
#include "parley/testkit/free_port.hpp"
#include "parley/testkit/real_world.hpp"
#include "parley/testkit/vendor_client.hpp"
#include "parley/webhooks/signature.hpp"

namespace parley::owntools {
namespace {

class McpVendor : public ::testing::Test {
 protected:
  void SetUp() override {
    server_ = std::thread([this] {
      ran_ = testkit::run_vendor_script(PARLEY_SOURCE_DIR "/tests/vendors/mcp_server.cjs",
                                        {std::to_string(port_), secret_.text()});
      done_ = true;
    });
    OwnToolsOptions options;
    options.addresses = OwnToolsOptions::Addresses::any;
    options.discovery = 10s;
    bench_ = make_own_tools({clock_, world_.random, *http_, key_}, options);
  }
  void TearDown() override {
    if (!done_) (void)post("/stop");
    server_.join();
    EXPECT_EQ(ran_.code, 0) << ran_.output;
  }
  Result<net::HttpResponse> post(const std::string& path) {
    return world_.run([&]() -> Task<net::HttpResponse> {
      net::OutgoingRequest request;
      request.method = net::Method::post;
      request.url = base_ + path;
      auto sending = http_->send(world_.context, request);
      co_return co_await std::move(sending);
    });
  }
  std::vector<std::shared_ptr<dialog::Tool>> tools(const std::string& path,
                                                   const std::string& secret) {
    business::OwnTool own;
    own.kind = business::OwnTool::Kind::mcp;
    own.name = "weather";
    own.url = base_ + path;
    own.sealed_secret = seal_secret(key_, BusinessId("biz_1"), own.name, secret);
    auto profile = std::make_shared<business::Profile>();
    profile->id = BusinessId("biz_1");
    profile->version = ++version_;
    profile->agent.own_tools = {own};
    auto got = world_.run([&]() -> Task<std::vector<std::shared_ptr<dialog::Tool>>> {
      auto asking = bench_->of(world_.context, profile);
      co_return co_await std::move(asking);
    });
    return *got;
  }
  /// Node takes a moment to listen.
  std::vector<std::shared_ptr<dialog::Tool>> tools_once_up(const std::string& path) {
    world_.until([&] { return done_ || testkit::accepts(port_); });
    return tools(path, secret_.text());
  }
  Result<json::object> call(dialog::Tool& tool, json::object arguments) {
    return world_.run([&]() -> Task<json::object> {
      dialog::ToolCall call{tool.spec().name, std::move(arguments), "key-1"};
      auto calling = dialog::call_within_limits(clock_, tool, world_.context, {}, call);
      co_return co_await std::move(calling);
    });
  }

  testkit::RealWorld world_;
  SystemClock clock_;  ///< the server looks at what time a signature is of
  std::unique_ptr<net::HttpClient> http_ = net::make_http_client(world_.io.get_executor());
  auth::SecretKey key_ = secret_key(auth::MasterKey::make(world_.random));
  webhooks::StandardSecret secret_ = webhooks::StandardSecret::make(world_.random);
  int port_ = testkit::free_port();
  std::string base_ = "http://127.0.0.1:" + std::to_string(port_);
  std::unique_ptr<dialog::OwnTools> bench_;
  std::int64_t version_ = 0;
  std::thread server_;
  std::atomic<bool> done_ = false;
  testkit::ScriptRun ran_;
};

TEST_F(McpVendor, TheSdksServerIsUnderstoodInBothForms) {
  for (auto path : {"/json", "/sse"}) {
    auto found = tools_once_up(path);
    ASSERT_EQ(found.size(), 2u) << path;
    EXPECT_EQ(found[0]->spec().name, "weather_get_weather");
    EXPECT_FALSE(found[0]->spec().has_effect);
    auto result = call(*found[0], {{"place", "Rome"}});
    ASSERT_TRUE(result) << result.error().detail;
    EXPECT_EQ(result->at("text").as_string(), "sunny in Rome");
    EXPECT_EQ(call(*found[1], {}).error().code, Errc::invalid);
    // The server forgets us, and the call is made all the same.
    ASSERT_TRUE(post("/forget"));
    auto after = call(*found[0], {{"place", "Oslo"}});
    ASSERT_TRUE(after) << after.error().detail;
    EXPECT_EQ(after->at("text").as_string(), "sunny in Oslo");
  }
}

TEST_F(McpVendor, AnotherSecretsSignatureIsRefused) {
  ASSERT_EQ(tools_once_up("/json").size(), 2u);
  EXPECT_TRUE(tools("/json", webhooks::StandardSecret::make(world_.random).text()).empty());
}

}  // namespace
}  // namespace parley::owntools
