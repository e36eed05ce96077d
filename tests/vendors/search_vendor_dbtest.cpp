#include "chroma_world.hpp"
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

}  // namespace
}  // namespace parley::knowledge
