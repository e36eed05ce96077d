#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "parley/testkit/threaded_gate.hpp"

namespace parley::simulators {

class GateTest : public ::testing::Test {
 protected:
  void open(std::uint16_t target, std::string plan = "") {
    gate = std::make_unique<testkit::ThreadedGate>(target);
    gate->plan(std::move(plan));
  }
  std::unique_ptr<testkit::ThreadedGate> gate;
};

}  // namespace parley::simulators
