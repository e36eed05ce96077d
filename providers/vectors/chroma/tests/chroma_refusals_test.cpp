#include <gtest/gtest.h>

#include "parley/providers/chroma/chroma_vectors.hpp"
#include "parley/testkit/answering_http.hpp"
#include "parley/testkit/policies_on_trial.hpp"
#include "parley/testkit/sim_world.hpp"

namespace parley::providers::chroma {
namespace {

using testkit::AnsweringHttp;
using namespace std::chrono_literals;

/// What needs no server; the rest is in tests/vendors, against a real one.
struct ChromaRefusals : ::testing::Test {
  Error refused(Result<net::HttpResponse> answer) {
    http.answers = {std::move(answer)};
    auto count = world.run([&] { return vectors->count({}, BusinessId("biz_1")); });
    return count ? Error{Errc::end_of_stream, "it was counted"} : count.error();
  }
  testkit::SimWorld world;
  AnsweringHttp http;
  testkit::PoliciesOnTrial policies{world.clock(), world.random()};
  std::unique_ptr<knowledge::VectorIndex> vectors =
      make_vectors({world.clock(), http, policies.add("vectors")}, {"words/1", 32}, {});
};

TEST_F(ChromaRefusals, ABusyServerSaysWhenToComeBack) {
  auto busy = refused(AnsweringHttp::status(429, "7"));
  EXPECT_EQ(busy.code, Errc::rate_limited);
  EXPECT_EQ(busy.retry_after, 7s);
  auto away = refused(AnsweringHttp::status(503, "Mon, 02 Mar 2026 15:00:20 GMT"));
  EXPECT_EQ(away.code, Errc::unavailable);
  EXPECT_EQ(away.retry_after, 20s);
}

TEST_F(ChromaRefusals, EveryStatusHasItsName) {
  for (int status : {400, 409, 410, 413, 422})
    EXPECT_EQ(refused(AnsweringHttp::status(status)).code, Errc::invalid) << status;
  for (int status : {401, 403})
    EXPECT_EQ(refused(AnsweringHttp::status(status)).code, Errc::forbidden) << status;
  for (int status : {301, 418, 500, 502, 503})
    EXPECT_EQ(refused(AnsweringHttp::status(status)).code, Errc::unavailable) << status;
  EXPECT_EQ(refused(fail(Errc::outcome_unknown, "cut off")).code, Errc::timeout);
}

}  // namespace
}  // namespace parley::providers::chroma
