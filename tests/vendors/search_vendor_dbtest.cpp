#include "chroma_world.hpp"
#include "parley/testkit/threaded_gate.hpp"
#include "pgvector_world.hpp"
#include "semantic_fixture.hpp"

namespace parley::testkit {
// vector_stores_test.cpp runs these on the same world.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(VectorIndexSuite);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(VectorServiceSuite);
}  // namespace parley::testkit

namespace parley::knowledge {
namespace {

/// A knowledge base whose vectors are in a real Chroma.
class ChromaSearchDbTest : public SemanticKnowledgeTest {
 protected:
  std::unique_ptr<VectorIndex> open_vectors(VectorSpace space) override {
    return chroma.open(std::move(space));
  }
  testkit::ChromaWorld chroma;
};
INSTANTIATE_TEST_SUITE_P(On, ChromaSearchDbTest, ::testing::Values(store::Database::Kind::sqlite));

TEST_P(ChromaSearchDbTest, WordsAnswerWhileItIsAwayAndItCatchesUpByItself) {
  taken_up("yard.txt", "You can park behind the house.");
  taken_up("list.txt", "We charge eighty for a filling.");
  wait_until_written();
  EXPECT_EQ(first("automobile"), "yard.txt");

  testkit::ChromaWorld::server().stop();
  EXPECT_EQ(first("where to park"), "yard.txt") << "by its words";
  EXPECT_EQ(first("automobile"), "nothing");
  taken_up("pets.txt", "Your dog may wait in the garden.");
  EXPECT_EQ(first("dog"), "pets.txt") << "a document that came meanwhile";
  EXPECT_EQ(behind(), 1);

  testkit::ChromaWorld::server().start();
  wait_until_written();
  EXPECT_EQ(first("hound"), "pets.txt") << "its vectors were written when it came back";
  EXPECT_EQ(first("automobile"), "yard.txt");
}

TEST_P(ChromaSearchDbTest, ADocumentThatGoesTakesItsVectorsAlong) {
  auto yard = taken_up("yard.txt", "You can park behind the house.");
  wait_until_written();
  auto removed = run([&] { return knowledge->remove(ctx, yard.id); });
  ASSERT_TRUE(removed) << removed.error().detail;
  wait_until_written();
  EXPECT_EQ(written(), 0u);
}

/// A knowledge base whose vectors are in a real PostgreSQL with pgvector, behind a gate.
class PgvectorSearchDbTest : public SemanticKnowledgeTest {
 protected:
  std::unique_ptr<VectorIndex> open_vectors(VectorSpace space) override {
    return providers::pgvector::make_vectors(*store, std::move(space));
  }
  void SetUp() override {
    auto url = testkit::PgvectorWorld::url(gate.port()) + "&connect_timeout=60";
    store = providers::pgvector::open_late(clock, opening, {.url = url, .connections = 1}).value();
    SemanticKnowledgeTest::SetUp();
    if (HasFatalFailure() || IsSkipped()) return;
    taken_up("yard.txt", "You can park behind the house.");
    wait_until_written();
    ASSERT_EQ(first("automobile"), "yard.txt");
  }
  void TearDown() override {
    come_back();
    SemanticKnowledgeTest::TearDown();
  }
  /// What is open breaks, and the next connection fares so.
  void go_wrong(std::string plan) {
    gate.plan(std::move(plan));
    gate.cut();
  }
  void come_back() { go_wrong(""); }
  asio::awaitable<void> end_patience_once_asked(std::size_t accepted_before) {
    while (gate.counts().accepted == accepted_before)
      co_await asio::post(io.get_executor(), asio::use_awaitable);
    clock.advance(patience);
  }
  void expect_to_be_found_again() {
    auto limit = SystemClock{}.now() + 60s;
    std::string found;
    while (found != "yard.txt" && SystemClock{}.now() < limit) found = first("automobile");
    EXPECT_EQ(found, "yard.txt");
  }

  testkit::ThreadedGate gate{testkit::PgvectorWorld::server().port()};
  WorkerPool opening{{"opening", 1}};
  std::unique_ptr<store::Database> store;
};
INSTANTIATE_TEST_SUITE_P(On, PgvectorSearchDbTest,
                         ::testing::Values(store::Database::Kind::sqlite));

TEST_P(PgvectorSearchDbTest, WordsAnswerWhenItRefuses) {
  go_wrong("refuse");
  EXPECT_EQ(first("where to park"), "yard.txt");
  EXPECT_EQ(first("automobile"), "nothing") << "it was asked, and could not say";
  come_back();
  expect_to_be_found_again();
}

TEST_P(PgvectorSearchDbTest, WordsAnswerInTimeWhenItIsSlow) {
  auto before = gate.counts().accepted;
  go_wrong("slow 1/s");
  TaskGroup meanwhile(io.get_executor());
  meanwhile.spawn("patience", [&] { return end_patience_once_asked(before); });
  EXPECT_EQ(first("where to park"), "yard.txt");
  EXPECT_EQ(gate.counts().open, 1u) << "the store is still about to answer";
  run([&]() -> Task<void> {
    auto stopping = meanwhile.stop();
    co_await std::move(stopping);
    co_return Result<void>{};
  });
  come_back();
  expect_to_be_found_again();
}

}  // namespace
}  // namespace parley::knowledge
