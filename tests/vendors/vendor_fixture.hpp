#pragma once
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <thread>

#include "parley/simulators/stand_in_server.hpp"
#include "parley/testkit/vendor_client.hpp"

namespace parley::simulators {

/// A stand-in on a thread of its own, which the vendor's client then talks to.
template <class Simulator>
class VendorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(simulator.start());
    thread = std::jthread([this, guard = asio::make_work_guard(io)] { io.run(); });
  }
  void TearDown() override {
    wait_for(simulator.stop(TimePoint::min()));
    io.stop();
    thread.join();
  }
  template <class T>
  T wait_for(asio::awaitable<T> work) {
    return asio::co_spawn(io, std::move(work), asio::use_future).get();
  }
  std::string url() { return "http://127.0.0.1:" + std::to_string(simulator.port()); }
  /// A script beside this file, which prints of each group of its checks that all went well.
  void run_script(const std::string& script, const std::vector<std::string>& arguments,
                  const std::vector<std::string>& groups) {
    // Some clients take seconds of processor time to load, on a machine that is busy otherwise.
    auto ran = testkit::run_vendor_script(PARLEY_SOURCE_DIR "/tests/vendors/" + script, arguments,
                                          {}, std::chrono::minutes(3));
    EXPECT_EQ(ran.code, 0) << ran.output;
    for (auto& group : groups)
      EXPECT_NE(ran.output.find(group + " ok"), std::string::npos) << ran.output;
  }
  /// One group of a script that takes the address, a key and the group's name.
  void run(const std::string& script, const std::string& path, const std::string& key,
           const std::string& group) {
    run_script(script, {url() + path, key, group}, {group});
  }
  /// What the plan of faults does to the requests that come.
  void plan(const std::string& faults) { ASSERT_TRUE(simulator.server().faults().set(faults)); }

  asio::io_context io{1};
  SystemClock clock;
  SystemRandom random;
  Simulator simulator{io.get_executor(), clock, random};
  std::jthread thread;
};

}  // namespace parley::simulators
