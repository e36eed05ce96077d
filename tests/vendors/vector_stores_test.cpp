#include <gmock/gmock.h>

#include "chroma_world.hpp"
#include "parley/simulators/pinecone_simulator.hpp"
#include "parley/testkit/postgres_server.hpp"
#include "parley/testkit/vendor_client.hpp"
#include "pgvector_world.hpp"

namespace parley::providers {
namespace {

using ::testing::HasSubstr;
using testkit::ChromaWorld;
using testkit::PgvectorWorld;
using testkit::VectorIndexWorld;
using testkit::VendorServer;

constexpr const char* scripts = PARLEY_SOURCE_DIR "/tests/vendors/";

std::unique_ptr<VectorIndexWorld> in_chroma() { return std::make_unique<ChromaWorld>(); }
std::unique_ptr<VectorIndexWorld> in_pgvector() { return std::make_unique<PgvectorWorld>(); }

}  // namespace
}  // namespace parley::providers

namespace parley::testkit {
INSTANTIATE_TEST_SUITE_P(InChroma, VectorIndexSuite, ::testing::Values(&providers::in_chroma));
INSTANTIATE_TEST_SUITE_P(InChroma, VectorServiceSuite, ::testing::Values(&providers::in_chroma));
INSTANTIATE_TEST_SUITE_P(InPgvector, VectorIndexSuite, ::testing::Values(&providers::in_pgvector));
}  // namespace parley::testkit

namespace parley::providers {
namespace {

/// The same on both real servers, which can be killed.
class AwayTest : public testkit::VectorIndexSuite {
 protected:
  VendorServer& server() {
    return dynamic_cast<ChromaWorld*>(world.get()) ? ChromaWorld::server()
                                                   : PgvectorWorld::server();
  }
};
INSTANTIATE_TEST_SUITE_P(InChroma, AwayTest, ::testing::Values(&in_chroma));
INSTANTIATE_TEST_SUITE_P(InPgvector, AwayTest, ::testing::Values(&in_pgvector));

class ChromaTest : public testkit::VectorIndexSuite {};
INSTANTIATE_TEST_SUITE_P(InChroma, ChromaTest, ::testing::Values(&in_chroma));

TEST_P(AwayTest, WhenItIsAwayItSaysSoAndGoesOnAfterwards) {
  put({entry("a", "1", along(0))});
  server().stop();
  EXPECT_EQ(ask(along(0)).error().code, Errc::unavailable);
  auto written = run(index->upsert(ctx, BusinessId("biz_1"), {entry("b", "1", along(1))}));
  EXPECT_EQ(written.error().code, Errc::unavailable);
  server().start();
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

TEST(LateDatabaseTest, AServerThatIsAwayAtTheStartIsFoundOnceItIsThere) {
  SystemClock clock;
  WorkerPool pool{{"opening", 1}};
  EXPECT_EQ(
      pgvector::open_late(clock, pool, {.url = "postgresql://[", .connections = 1}).error().code,
      Errc::invalid);
  auto& server = testkit::PostgresServer::instance();
  auto name = server.make_database();
  server.crash();
  auto database =
      std::move(*pgvector::open_late(clock, pool, {.url = server.url(name), .connections = 1}));
  asio::io_context io;
  auto ask = [&] {
    auto look = [](store::Tx& tx) -> Result<std::int64_t> {
      auto row = tx.one("SELECT 1 AS n");
      if (!row) return std::unexpected(row.error());
      return row->integer("n");
    };
    auto asking = asio::co_spawn(io, database->read({}, look), asio::use_future);
    io.restart();
    while (asking.wait_for(std::chrono::seconds(0)) != std::future_status::ready) io.run_one();
    return asking.get();
  };
  EXPECT_EQ(ask().error().code, Errc::unavailable);
  server.start();
  auto there = ask();
  ASSERT_TRUE(there) << there.error().detail;
  EXPECT_EQ(*there, 1);
  database->close();
  EXPECT_EQ(ask().error().code, Errc::unavailable);
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
