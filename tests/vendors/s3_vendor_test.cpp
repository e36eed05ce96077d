#include <gmock/gmock.h>

#include "parley/net/client.hpp"
#include "parley/simulators/s3_simulator.hpp"
#include "vendor_fixture.hpp"

namespace parley::simulators {
namespace {

using ::testing::HasSubstr;

class S3SimulatorTest : public VendorTest<S3Simulator> {
 protected:
  net::HttpResponse send(net::Method method, std::string url, std::string body = "") {
    net::OutgoingRequest request;
    request.method = method;
    request.url = std::move(url);
    request.body = std::move(body);
    return wait_for(http->send({}, std::move(request))).value();
  }
  /// A link to an object, signed for `host`.
  std::string link(std::string method, std::string path, std::chrono::seconds lifetime,
                   WallTime at) {
    s3::Signable request;
    request.method = std::move(method);
    request.path = path;
    request.headers.set("host", url().substr(7));
    auto query = s3::presigned_query(request, options.credentials, {options.region, at}, lifetime);
    return url() + s3::encode_path(path) + "?" + query;
  }

  const S3SimulatorOptions options{};  // the simulator's own
  std::unique_ptr<net::HttpClient> http = net::make_http_client(io.get_executor());
};

TEST_F(S3SimulatorTest, AmazonsOwnClientFindsS3) {
  run_script("s3_client.cjs",
             {url(), options.credentials.access_key, options.credentials.secret_key, "parley"},
             {"objects", "listing", "parts", "strangers"});
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
  EXPECT_THAT(send(net::Method::get, url() + "/parley/a%20b.wav").body,
              HasSubstr("<Code>AccessDenied</Code>"));
}

}  // namespace
}  // namespace parley::simulators
