#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <thread>

#include "called_back.hpp"
#include "parley/providers/twilio/signature.hpp"
#include "parley/simulators/twilio_simulator.hpp"
#include "parley/testkit/vendor_client.hpp"

namespace parley::simulators {
namespace {

using ::testing::HasSubstr;

class TwilioSimulatorTest : public ::testing::Test {
 protected:
  static TwilioSimulatorOptions quick() {
    TwilioSimulatorOptions options;
    options.callee.rings = 50ms;
    options.callees["+13125550111"] = {.answer = Callee::Answer::busy, .rings = 10ms};
    options.callees["+13125550112"] = {.answer = Callee::Answer::no_answer, .rings = 10ms};
    options.callees["+13125550113"] = {.answer = Callee::Answer::failed};
    options.callees["+13125550114"] = {.rings = 60s};
    return options;
  }
  void SetUp() override {
    ASSERT_TRUE(simulator.start());
    thread = std::jthread([this, guard = asio::make_work_guard(io)] { io.run(); });
  }
  void TearDown() override {
    run(simulator.stop(TimePoint::min()));
    run(server.stop());
    io.stop();
  }
  template <class T>
  T run(asio::awaitable<T> work) {
    return asio::co_spawn(io, std::move(work), asio::use_future).get();
  }
  std::string url() { return "http://127.0.0.1:" + std::to_string(simulator.port()); }
  testkit::ScriptRun run_script(const std::string& name) {
    return testkit::run_vendor_script(
        PARLEY_SOURCE_DIR "/tests/vendors/" + name,
        {url(), options.account_sid, options.auth_token, server.url()});
  }

  asio::io_context io{1};
  SystemClock clock;
  SystemRandom random;
  std::unique_ptr<net::HttpClient> http = net::make_http_client(io.get_executor());
  const TwilioSimulatorOptions options = quick();
  TwilioSimulator simulator{io.get_executor(), clock, random, *http, options};
  CalledBack server{io.get_executor(), clock, random};
  std::jthread thread;
};

TEST_F(TwilioSimulatorTest, TwiliosOwnClientFindsTwilio) {
  auto ran = run_script("twilio_client.cjs");
  EXPECT_EQ(ran.code, 0) << ran.output;
  for (auto* group : {"strangers ok", "calls ok", "otherEnds ok", "redirect ok", "pages ok",
                      "messages ok", "numbers ok"})
    EXPECT_THAT(ran.output, HasSubstr(group));
}

TEST_F(TwilioSimulatorTest, ParleysOwnCheckTakesItsCallbacks) {
  auto ran = run_script("twilio_client.cjs");
  ASSERT_EQ(ran.code, 0) << ran.output;
  auto told =
      run([](CalledBack& of) -> asio::awaitable<json::array> { co_return of.told; }(server));
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
  ASSERT_TRUE(simulator.server().faults().set(
      "status 429 retry-after 1 first 1; reset lost on \"POST /2010-04-01\" first 1; "
      "status 503 requests 3..3"));
  auto ran = run_script("twilio_faults.cjs");
  EXPECT_EQ(ran.code, 0) << ran.output;
  EXPECT_THAT(ran.output, HasSubstr("faults ok"));
  EXPECT_EQ(simulator.server().faults().happened(), 3u);
}

}  // namespace
}  // namespace parley::simulators
