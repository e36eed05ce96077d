#include "chroma_world.hpp"
#include "four_meanings.hpp"
#include "knowledge_fixture.hpp"

namespace parley::testkit {
// vector_stores_test.cpp runs these on the same world.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(VectorIndexSuite);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(VectorServiceSuite);
}  // namespace parley::testkit

namespace parley::knowledge {
namespace {

/// A knowledge base whose vectors are in a real Chroma.
class ChromaSearchDbTest : public KnowledgeDbTest {
 protected:
  void SetUp() override {
    KnowledgeDbTest::SetUp();
    if (HasFatalFailure() || IsSkipped()) return;
    vectors = chroma.open({embedder.name(), embedder.dimensions()});
    auto options = default_options();
    options.semantic = {&embedder, vectors.get(), 30s};
    make(options);
    start();
  }
  void TearDown() override {
    stop();
    knowledge.reset();
    KnowledgeDbTest::TearDown();
  }
  std::int64_t behind() {
    return run([&] { return knowledge->without_vectors(ctx); }).value();
  }
  /// Until every document's vectors are as they should be; pauses between attempts end at once.
  void wait_until_written() {
    auto done = run([&]() -> Task<void> {
      while (true) {
        auto asking = knowledge->without_vectors(ctx);
        auto left = co_await std::move(asking);
        if (!left) co_return std::unexpected(left.error());
        if (*left == 0) co_return Result<void>{};
        clock.advance(100ms);
        co_await asio::post(io.get_executor(), asio::use_awaitable);
      }
    });
    ASSERT_TRUE(done) << done.error().detail;
  }
  std::string first(std::string question) {
    auto found = search(std::move(question));
    return found.empty() ? "nothing" : found.front().document_name;
  }

  FourMeanings embedder;
  testkit::ChromaWorld chroma;
  std::unique_ptr<VectorIndex> vectors;
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
  auto left = run([&] { return vectors->count(ctx, BusinessId("biz_1")); });
  ASSERT_TRUE(left) << left.error().detail;
  EXPECT_EQ(*left, 0u);
}

}  // namespace
}  // namespace parley::knowledge
