#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <thread>

#include "parley/net/client.hpp"
#include "parley/simulators/s3_simulator.hpp"
#include "parley/testkit/vendor_client.hpp"

namespace parley::simulators {
namespace {

using ::testing::HasSubstr;

class S3SimulatorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(simulator.start());
    thread = std::jthread([this, guard = asio::make_work_guard(io)] { io.run(); });
  }
  void TearDown() override {
    asio::co_spawn(io, simulator.stop(TimePoint::min()), asio::use_future).get();
    io.stop();
  }
  std::string endpoint() { return "http://127.0.0.1:" + std::to_string(simulator.port()); }
  net::HttpResponse send(net::Method method, std::string url, std::string body = "") {
    net::OutgoingRequest request;
    request.method = method;
    request.url = std::move(url);
    request.body = std::move(body);
    auto sending = http->send({}, std::move(request));
    return asio::co_spawn(io, std::move(sending), asio::use_future).get().value();
  }
  /// A link to an object, signed for `host`.
  std::string link(std::string method, std::string path, std::chrono::seconds lifetime,
                   WallTime at) {
    s3::Signable request;
    request.method = std::move(method);
    request.path = path;
    request.headers.set("host", endpoint().substr(7));
    auto query = s3::presigned_query(request, options.credentials, {options.region, at}, lifetime);
    return endpoint() + s3::encode_path(path) + "?" + query;
  }

  asio::io_context io;
  SystemClock clock;
  SystemRandom random;
  S3SimulatorOptions options;
  S3Simulator simulator{io.get_executor(), clock, random, options};
  std::unique_ptr<net::HttpClient> http = net::make_http_client(io.get_executor());
  std::jthread thread;
};

TEST_F(S3SimulatorTest, AmazonsOwnClientFindsS3) {
  auto run = testkit::run_vendor_script(
      PARLEY_SOURCE_DIR "/tests/vendors/s3_client.cjs",
      {endpoint(), options.credentials.access_key, options.credentials.secret_key, "parley"});
  EXPECT_EQ(run.code, 0) << run.output;
  for (auto* group : {"objects ok", "listing ok", "parts ok", "strangers ok"})
    EXPECT_THAT(run.output, HasSubstr(group));
  EXPECT_EQ(simulator.counts().refused, 3u) << "one for each stranger";
  EXPECT_EQ(simulator.counts().uploads, 0u);
}

TEST_F(S3SimulatorTest, SignedLinksWorkForTheirTimeAndMethodOnly) {
  auto now = clock.wall();
  EXPECT_EQ(send(net::Method::put, link("PUT", "/parley/a b.wav", 60s, now), "sound").status, 200);
  auto get = link("GET", "/parley/a b.wav", 60s, now);
  EXPECT_EQ(send(net::Method::get, get).body, "sound");
  EXPECT_EQ(send(net::Method::delete_, get).status, 403);
  auto expired = send(net::Method::get, link("GET", "/parley/a b.wav", 60s, now - 61s));
  EXPECT_EQ(expired.status, 403);
  EXPECT_THAT(expired.body, HasSubstr("Request has expired"));
  get.back() = get.back() == '0' ? '1' : '0';
  EXPECT_THAT(send(net::Method::get, get).body, HasSubstr("SignatureDoesNotMatch"));
  EXPECT_THAT(send(net::Method::get, endpoint() + "/parley/a%20b.wav").body,
              HasSubstr("<Code>AccessDenied</Code>"));
}

}  // namespace
}  // namespace parley::simulators
