// Deliveries as they really arrive, verified by the packages that receivers use.
#include <fstream>

#include "deliveries_fixture.hpp"
#include "parley/testkit/vendor_client.hpp"

namespace parley::webhooks::testing {
namespace {

class WebhooksVendorDbTest : public DeliveriesDbTest {
 protected:
  /// A delivery as a receiver holds it.
  struct Held {
    net::HttpRequest request;
    std::string secret;
    Duration age{};  ///< when it is looked at
  };
  struct Verdict {
    std::string standardwebhooks;
    std::string svix;
  };

  std::vector<Verdict> verify(const std::vector<Held>& all) {
    json::array cases;
    for (auto& held : all) {
      json::object headers;
      for (auto* name : {"webhook-id", "webhook-timestamp", "webhook-signature"})
        headers[name] = header(held.request, name);
      auto sent = std::stoll(header(held.request, "webhook-timestamp"));
      auto age = std::chrono::duration_cast<std::chrono::seconds>(held.age).count();
      cases.push_back(json::object{{"headers", headers},
                                   {"body", held.request.body},
                                   {"secret", held.secret},
                                   {"now", sent + age}});
    }
    auto file = folder() / "cases.json";
    std::ofstream(file) << json::serialize(cases);
    auto ran = testkit::run_vendor_script(PARLEY_SOURCE_DIR "/tests/vendors/verify_webhooks.cjs",
                                          {file.string()});
    EXPECT_EQ(ran.code, 0) << ran.output;
    if (ran.code != 0) return std::vector<Verdict>(all.size());
    std::vector<Verdict> verdicts;
    for (auto& one : json::parse(ran.output).as_array())
      verdicts.push_back({std::string(one.at("standardwebhooks").as_string()),
                          std::string(one.at("svix").as_string())});
    EXPECT_EQ(verdicts.size(), all.size());
    return verdicts;
  }
  void expect_good(const Verdict& verdict) {
    EXPECT_EQ(verdict.standardwebhooks, "good");
    EXPECT_EQ(verdict.svix, "good");
  }
  /// The packages' own words, so that nothing else was wrong.
  void expect_refused(const Verdict& verdict, const std::string& why) {
    EXPECT_EQ(verdict.standardwebhooks, why);
    EXPECT_EQ(verdict.svix, why);
  }
  static constexpr auto no_match = "No matching signature found";
};
PARLEY_ON_BOTH_DATABASES(WebhooksVendorDbTest);

TEST_P(WebhooksVendorDbTest, BothPackagesTakeADeliveryAndRefuseWhatIsNotOne) {
  queue->start();
  auto made = endpoint(url());
  happen("call.ended", {{"note", "Grüße, 你好 \"quoted\""}});
  until([&] { return got.size() == 1; });
  Held good{got[0], made.secret};
  auto tampered = good;
  auto at = tampered.request.body.find("call.ended");
  ASSERT_NE(at, std::string::npos);
  tampered.request.body.replace(at, 4, "cull");
  auto other_id = good;
  other_id.request.headers.set("webhook-id", "evt_other");
  auto other_secret = good;
  other_secret.secret = endpoint(url("/other")).secret;
  auto nearly_stale = good;
  nearly_stale.age = 5min;
  auto stale = good;
  stale.age = 5min + 1s;
  auto ahead = good;
  ahead.age = -5min - 1s;
  auto verdicts = verify({good, nearly_stale, tampered, other_id, other_secret, stale, ahead});
  ASSERT_EQ(verdicts.size(), 7u);
  expect_good(verdicts[0]);
  expect_good(verdicts[1]);
  for (std::size_t i : {2u, 3u, 4u}) expect_refused(verdicts[i], no_match);
  expect_refused(verdicts[5], "Message timestamp too old");
  expect_refused(verdicts[6], "Message timestamp too new");
}

TEST_P(WebhooksVendorDbTest, WhileSecretsOverlapEitherOneVerifies) {
  queue->start();
  auto first = endpoint(url());
  auto second = run([&] { return hooks->endpoints.rotate_secret(ctx, first.endpoint.id); }).value();
  happen("call.ended");
  until([&] { return got.size() == 1; });
  clock.advance(25h);
  happen("call.ended");
  until([&] { return got.size() == 2; });
  auto verdicts = verify({{got[0], first.secret},
                          {got[0], second.secret},
                          {got[1], first.secret},
                          {got[1], second.secret}});
  ASSERT_EQ(verdicts.size(), 4u);
  expect_good(verdicts[0]);
  expect_good(verdicts[1]);
  expect_refused(verdicts[2], no_match);
  expect_good(verdicts[3]);
}

TEST_P(WebhooksVendorDbTest, ARetryIsSignedAnew) {
  answers = {500, 200};
  queue->start();
  auto made = endpoint(url());
  happen("call.ended");
  days_pass(2s, [&] { return one().status == DeliveryStatus::delivered; });
  ASSERT_EQ(got.size(), 2u);
  auto verdicts = verify({{got[0], made.secret}, {got[1], made.secret}});
  ASSERT_EQ(verdicts.size(), 2u);
  for (auto& verdict : verdicts) expect_good(verdict);
}

}  // namespace
}  // namespace parley::webhooks::testing
