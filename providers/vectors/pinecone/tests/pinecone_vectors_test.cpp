#include "parley/providers/pinecone/pinecone_vectors.hpp"

#include <gmock/gmock.h>

#include "parley/simulators/pinecone_simulator.hpp"
#include "parley/testkit/conformance/vector_service.hpp"

namespace parley::providers::pinecone {
namespace {

using ::testing::HasSubstr;

class PineconeWorld final : public testkit::VectorServiceWorld {
 public:
  PineconeWorld() {
    simulators::PineconeSimulatorOptions stand_in;
    stand_in.dimension = 32;
    simulator = std::make_unique<simulators::PineconeSimulator>(serving.get_executor(), clock,
                                                                random, stand_in);
    if (!simulator->start()) throw std::runtime_error("the simulator does not start");
    options.api_url = "http://127.0.0.1:" + std::to_string(simulator->port());
    options.api_key = stand_in.api_key;
    options.index = stand_in.index;
  }
  ~PineconeWorld() override {
    asio::co_spawn(serving, simulator->stop(TimePoint::min()), asio::use_future).get();
  }
  std::unique_ptr<knowledge::VectorIndex> open(knowledge::VectorSpace space) override {
    return make_vectors({clock, *http, policy}, std::move(space), options);
  }
  simulators::Faults& faults() override { return simulator->server().faults(); }
  std::unique_ptr<simulators::PineconeSimulator> simulator;
  Options options;
};

std::unique_ptr<testkit::VectorIndexWorld> in_pinecone() {
  return std::make_unique<PineconeWorld>();
}

}  // namespace
}  // namespace parley::providers::pinecone

namespace parley::testkit {
INSTANTIATE_TEST_SUITE_P(InPinecone, VectorIndexSuite,
                         ::testing::Values(&providers::pinecone::in_pinecone));
INSTANTIATE_TEST_SUITE_P(InPinecone, VectorServiceSuite,
                         ::testing::Values(&providers::pinecone::in_pinecone));
}  // namespace parley::testkit

namespace parley::providers::pinecone {
namespace {

class PineconeTest : public testkit::VectorIndexSuite {
 protected:
  PineconeWorld& pinecone() { return static_cast<PineconeWorld&>(*world); }
  void reopen() { index = world->open({"words/1", dimensions}); }
};
INSTANTIATE_TEST_SUITE_P(InPinecone, PineconeTest, ::testing::Values(&in_pinecone));

TEST_P(PineconeTest, WhatAPersonCanMendIsSaid) {
  pinecone().options.api_key = "wrong";
  reopen();
  EXPECT_EQ(ask(along(0)).error().code, Errc::forbidden);
  pinecone().options.api_key = simulators::PineconeSimulatorOptions{}.api_key;
  pinecone().options.index = "missing";
  reopen();
  auto missing = ask(along(0)).error();
  EXPECT_EQ(missing.code, Errc::invalid);
  EXPECT_THAT(missing.detail, HasSubstr("pinecone.index"));
  pinecone().options.index = "parley";
  index = world->open({"words/1", 2 * dimensions});
  auto other = run(index->count(ctx, BusinessId("biz_1"))).error();
  EXPECT_EQ(other.code, Errc::invalid);
  EXPECT_THAT(other.detail, HasSubstr("64 dimensions"));
}

}  // namespace
}  // namespace parley::providers::pinecone
