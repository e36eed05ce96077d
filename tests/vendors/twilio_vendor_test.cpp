#include "called_back.hpp"
#include "parley/providers/twilio/signature.hpp"
#include "parley/simulators/twilio_simulator.hpp"
#include "vendor_fixture.hpp"

namespace parley::simulators {
namespace {

TwilioSimulatorOptions quick() {
  TwilioSimulatorOptions options;
  options.callee.rings = 50ms;
  options.callees["+13125550111"] = {.answer = Callee::Answer::busy, .rings = 10ms};
  options.callees["+13125550112"] = {.answer = Callee::Answer::no_answer, .rings = 10ms};
  options.callees["+13125550113"] = {.answer = Callee::Answer::failed};
  options.callees["+13125550114"] = {.rings = 60s};
  return options;
}

struct CallingBack {
  std::unique_ptr<net::HttpClient> http;
};
/// With the client over which it calls back, and callees that do not take long.
class QuickTwilio : CallingBack, public TwilioSimulator {
 public:
  QuickTwilio(asio::any_io_executor executor, Clock& clock, Random& random)
      : CallingBack{net::make_http_client(executor)},
        TwilioSimulator(executor, clock, random, *http, quick()) {}
};

class TwilioSimulatorTest : public VendorTest<QuickTwilio> {
 protected:
  void TearDown() override {
    wait_for(server.stop());
    VendorTest::TearDown();
  }
  void run(const std::string& script, const std::vector<std::string>& groups) {
    run_script(script, {url(), options.account_sid, options.auth_token, server.url()}, groups);
  }

  const TwilioSimulatorOptions options = quick();
  CalledBack server{io.get_executor(), clock, random};
};

TEST_F(TwilioSimulatorTest, TwiliosOwnClientFindsTwilio) {
  run("twilio_client.cjs",
      {"strangers", "calls", "otherEnds", "redirect", "pages", "messages", "numbers"});
}

TEST_F(TwilioSimulatorTest, ParleysOwnCheckTakesItsCallbacks) {
  run("twilio_client.cjs", {});
  auto told =
      wait_for([](CalledBack& of) -> asio::awaitable<json::array> { co_return of.told; }(server));
  ASSERT_GT(told.size(), 10u);
  for (auto& one : told) {
    net::Fields form;
    for (auto& field : one.at("form").as_array())
      form.emplace_back(field.at(0).as_string(), field.at(1).as_string());
    auto signature = text_at(one, "/signature");
    EXPECT_TRUE(
        providers::twilio::verify(options.auth_token, text_at(one, "/url"), form, signature));
    EXPECT_FALSE(providers::twilio::verify("another", text_at(one, "/url"), form, signature));
  }
}

TEST_F(TwilioSimulatorTest, FaultsAreTwiliosOwnErrors) {
  plan(
      "status 429 retry-after 1 first 1; reset lost on \"POST /2010-04-01\" first 1; "
      "status 503 requests 3..3");
  run("twilio_faults.cjs", {"faults"});
  EXPECT_EQ(simulator.server().faults().happened(), 3u);
}

}  // namespace
}  // namespace parley::simulators
