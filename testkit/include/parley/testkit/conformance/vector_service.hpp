#pragma once
#include <thread>

#include "parley/net/client.hpp"
#include "parley/resilience/policy.hpp"
#include "parley/simulators/faults.hpp"
#include "parley/testkit/conformance/vector_index.hpp"

namespace parley::testkit {

/// A world whose vectors are behind HTTP: a client and a policy that does not wait long, on a
/// thread that also serves stand-ins. Its calls pass a plan of faults.
class VectorServiceWorld : public VectorIndexWorld {
 public:
  VectorServiceWorld() {
    thread_ = std::jthread([this, guard = asio::make_work_guard(serving)] { serving.run(); });
  }
  ~VectorServiceWorld() override {
    serving.stop();
    thread_.join();
  }

  virtual simulators::Faults& faults() = 0;

  SystemClock clock;
  SystemRandom random;
  asio::io_context serving;
  std::unique_ptr<net::HttpClient> http = net::make_http_client(serving.get_executor());

 private:
  static resilience::PolicyOptions impatient() {
    resilience::PolicyOptions options;
    options.retry.first_pause = std::chrono::milliseconds(1);
    options.breaker.failure_percent = 0;
    return options;
  }
  metrics::Registry registry_;
  trace::NoSpanSink spans_;
  trace::Tracer tracer_{clock, random, spans_};
  resilience::Policies policies_{clock, random, registry_, tracer_};
  std::jthread thread_;

 public:
  resilience::Policy& policy = policies_.add("vectors", impatient());
};

/// What every VectorIndex behind HTTP has to do when its service fails: worlds of it are
/// VectorServiceWorlds.
class VectorServiceSuite : public VectorIndexSuite {
 protected:
  void faults(std::string plan) {
    auto& service = dynamic_cast<VectorServiceWorld&>(*world);
    auto set = service.faults().set(std::move(plan));
    ASSERT_TRUE(set) << set.error().detail;
  }
  /// What becomes of each thing an index can do, while the plan lasts.
  std::map<std::string, Errc> under(std::string plan) {
    faults(std::move(plan));
    std::map<std::string, Errc> failed;
    auto note = [&](const char* what, const auto& outcome) {
      if (!outcome) failed[what] = outcome.error().code;
    };
    const BusinessId business("biz_1");
    note("query", ask(along(0)));
    note("count", run(index->count(soon(), business)));
    note("upsert", run(index->upsert(soon(), business, {entry("b", "2", along(1))})));
    note("remove", run(index->remove(soon(), business, DocumentId("doc_2"))));
    faults("");
    return failed;
  }
  /// Every call fails with that code, and all is well when the fault is over.
  void expect_under(const std::string& plan, std::set<Errc> codes) {
    auto failed = under(plan);
    EXPECT_EQ(failed.size(), 4u) << plan;
    for (const auto& [what, code] : failed)
      EXPECT_TRUE(codes.contains(code)) << plan << ", " << what << ": " << to_string(code);
    EXPECT_EQ(found(along(0), 1), Ids{"a"}) << "after " << plan;
  }
  Context soon() override {
    auto limited = ctx;
    if (patience > Duration::zero())
      limited.deadline = dynamic_cast<VectorServiceWorld&>(*world).clock.now() + patience;
    return limited;
  }
  Duration patience{};
};

TEST_P(VectorServiceSuite, ABusyServiceIsAskedAgain) {
  put({entry("a", "1", along(0))});
  for (const auto* plan : {"status 429 first 2", "status 503 first 2", "reset first 1"}) {
    faults(plan);
    EXPECT_EQ(found(along(0)), Ids{"a"}) << plan;
  }
}

TEST_P(VectorServiceSuite, EveryFailureHasItsNameAndAnEnd) {
  put({entry("a", "1", along(0))});
  expect_under("status 401", {Errc::forbidden});
  expect_under("status 403", {Errc::forbidden});
  expect_under("status 429", {Errc::rate_limited});
  expect_under("status 500", {Errc::unavailable});
  expect_under("status 503", {Errc::unavailable});
  expect_under("reset", {Errc::timeout, Errc::unavailable});
  expect_under("garbage", {Errc::corrupt, Errc::timeout, Errc::unavailable});
  expect_under("half", {Errc::corrupt, Errc::timeout, Errc::unavailable});
}

TEST_P(VectorServiceSuite, AnAnswerThatNeverComesIsATimeout) {
  put({entry("a", "1", along(0))});
  patience = std::chrono::milliseconds(100);
  expect_under("hang", {Errc::timeout});
}

TEST_P(VectorServiceSuite, WhatWasCutOffMayBeDoneAgain) {
  put({entry("a", "1", along(0)), entry("b", "1", along(1))});
  // It happened, and nobody heard of it.
  faults("reset lost first 1");
  put({entry("a", "1", along(7))});
  EXPECT_EQ(found(along(7), 1), Ids{"a"});
  faults("reset lost first 1");
  remove("1");
  faults("");
  EXPECT_EQ(count(), 0u);
}

}  // namespace parley::testkit
