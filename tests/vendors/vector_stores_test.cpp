#include <gmock/gmock.h>

#include "parley/providers/chroma/chroma_vectors.hpp"
#include "parley/providers/pgvector/pgvector_vectors.hpp"
#include "parley/simulators/pinecone_simulator.hpp"
#include "parley/testkit/conformance/vector_service.hpp"
#include "parley/testkit/postgres_server.hpp"
#include "parley/testkit/vendor_client.hpp"
#include "parley/testkit/vendor_server.hpp"

namespace parley::providers {
namespace {

using knowledge::VectorSpace;
using ::testing::HasSubstr;
using testkit::VectorIndexWorld;
using testkit::VendorServer;

constexpr const char* scripts = PARLEY_SOURCE_DIR "/tests/vendors/";

/// A real Chroma, shared by all tests; each has a database of its own in it.
class ChromaWorld final : public testkit::VectorServiceWorld {
 public:
  static VendorServer& server() {
    static VendorServer one(std::string(scripts) + "chroma/server.cjs", PARLEY_CHROMA_SERVER);
    return one;
  }
  ChromaWorld() {
    static int made = 0;
    options.url = "http://127.0.0.1:" + std::to_string(server().port());
    options.database = "test_" + std::to_string(++made);
    net::OutgoingRequest request;
    request.method = net::Method::post;
    request.url = options.url + "/api/v2/tenants/default_tenant/databases";
    request.headers.set("Content-Type", "application/json");
    request.body = R"({"name":")" + options.database + R"("})";
    auto sending = http->send({}, std::move(request));
    auto answer = asio::co_spawn(serving, std::move(sending), asio::use_future).get();
    if (!answer || answer->status != 200) throw std::runtime_error("no database in Chroma");
  }
  std::unique_ptr<knowledge::VectorIndex> open(VectorSpace space) override {
    return chroma::make_vectors(*http, policy, std::move(space), options);
  }
  chroma::Options options;
};

/// PostgreSQL with pgvector in WebAssembly. It has one session for all connections, so all tests
/// share one connection; a table of its own for each.
class PgvectorWorld final : public VectorIndexWorld {
 public:
  PgvectorWorld() {
    static int made = 0;
    test_ = std::to_string(++made);
  }
  std::unique_ptr<knowledge::VectorIndex> open(VectorSpace space) override {
    space.embedder += "/" + test_;
    return pgvector::make_vectors(database(), std::move(space));
  }

 private:
  static store::Database& database() {
    static VendorServer server(std::string(scripts) + "pgvector_server.cjs");
    static SystemClock clock;
    static auto opened = store::open_postgres(
        clock, {.url = "postgresql://postgres@127.0.0.1:" + std::to_string(server.port()) +
                       "/postgres?sslmode=disable",
                .connections = 1});
    if (!opened) throw std::runtime_error("pgvector: " + opened.error().detail);
    return **opened;
  }
  std::string test_;
};

std::unique_ptr<VectorIndexWorld> in_chroma() { return std::make_unique<ChromaWorld>(); }
std::unique_ptr<VectorIndexWorld> in_pgvector() { return std::make_unique<PgvectorWorld>(); }

}  // namespace
}  // namespace parley::providers

namespace parley::testkit {
INSTANTIATE_TEST_SUITE_P(InChroma, VectorIndexSuite, ::testing::Values(&providers::in_chroma));
INSTANTIATE_TEST_SUITE_P(InPgvector, VectorIndexSuite, ::testing::Values(&providers::in_pgvector));
}  // namespace parley::testkit

namespace parley::providers {
namespace {

class ChromaTest : public testkit::VectorIndexSuite {};
INSTANTIATE_TEST_SUITE_P(InChroma, ChromaTest, ::testing::Values(&in_chroma));

TEST_P(ChromaTest, WhenItIsAwayItSaysSoAndGoesOnAfterwards) {
  put({entry("a", "1", along(0))});
  ChromaWorld::server().stop();
  EXPECT_EQ(ask(along(0)).error().code, Errc::unavailable);
  auto written = run(index->upsert(ctx, BusinessId("biz_1"), {entry("b", "1", along(1))}));
  EXPECT_EQ(written.error().code, Errc::unavailable);
  ChromaWorld::server().start();
  EXPECT_EQ(found(along(0)), Ids{"a"});
  put({entry("b", "1", along(1))});
  EXPECT_EQ(count(), 2u);
}

TEST_P(ChromaTest, ItsOwnClientSeesWhatWasWritten) {
  put({entry("a", "1", along(0)), entry("b", "2", along(1))});
  auto run =
      testkit::run_vendor_script(std::string(scripts) + "chroma_client.cjs",
                                 {std::to_string(ChromaWorld::server().port()),
                                  static_cast<ChromaWorld&>(*world).options.database, "biz_1"});
  EXPECT_EQ(run.code, 0) << run.output;
  EXPECT_THAT(run.output, HasSubstr("seen by its own client"));
}

TEST(PgvectorTest, AServerWithoutItSaysWhatToDo) {
  SystemClock clock;
  auto& server = testkit::PostgresServer::instance();
  auto database = std::move(*store::open_database(clock, server.url(server.make_database())));
  asio::io_context io;
  auto index = pgvector::make_vectors(*database, {"words/1", 32});
  Context ctx;
  ctx.organization = OrganizationId("org_1");
  auto counting = asio::co_spawn(io, index->count(ctx, BusinessId("biz_1")), asio::use_future);
  io.run();
  auto counted = counting.get();
  // A machine whose PostgreSQL has the package has nothing to say, and no vectors.
  if (counted) {
    EXPECT_EQ(*counted, 0u);
  } else {
    EXPECT_EQ(counted.error().code, Errc::unsupported);
    EXPECT_THAT(counted.error().detail, HasSubstr("knowledge.vectors"));
  }
  database->close();
}

TEST(PineconeSimulatorTest, PineconesOwnClientFindsAnIndex) {
  SystemClock clock;
  SystemRandom random;
  asio::io_context io;
  simulators::PineconeSimulatorOptions options;
  options.dimension = 4;
  simulators::PineconeSimulator simulator(io.get_executor(), clock, random, options);
  ASSERT_TRUE(simulator.start());
  std::jthread thread([&io, guard = asio::make_work_guard(io)] { io.run(); });
  auto run = testkit::run_vendor_script(
      std::string(scripts) + "pinecone_client.cjs",
      {"http://127.0.0.1:" + std::to_string(simulator.port()), options.api_key, options.index});
  asio::co_spawn(io, simulator.stop(TimePoint::min()), asio::use_future).get();
  io.stop();
  EXPECT_EQ(run.code, 0) << run.output;
  for (auto* group : {"index ok", "records ok", "filters ok", "deletion ok", "strangers ok"})
    EXPECT_THAT(run.output, HasSubstr(group));
}

}  // namespace
}  // namespace parley::providers
