#pragma once
#include "four_meanings.hpp"
#include "knowledge_fixture.hpp"

namespace parley::knowledge {

/// A knowledge base that knows four meanings, by the vectors of a store which the suite names.
class SemanticKnowledgeTest : public KnowledgeDbTest {
 protected:
  virtual std::unique_ptr<VectorIndex> open_vectors(VectorSpace space) = 0;

  void SetUp() override {
    KnowledgeDbTest::SetUp();
    if (HasFatalFailure() || IsSkipped()) return;
    open();
  }
  void TearDown() override {
    stop();
    knowledge.reset();
    vectors.reset();
    KnowledgeDbTest::TearDown();
  }
  /// With the embedder as it is called now.
  void open() {
    stop();
    knowledge.reset();
    vectors = open_vectors({embedder.name(), embedder.dimensions()});
    auto options = default_options();
    options.semantic = {&embedder, vectors.get(), patience};
    make(options);
    start();
  }
  /// Documents whose vectors are not as they should be.
  std::int64_t behind() {
    return run([&] { return knowledge->without_vectors(ctx); }).value();
  }
  /// Until there are none; pauses between attempts end at once.
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
  /// Passages with vectors of the one business.
  std::size_t written() {
    return run([&] { return vectors->count(ctx, BusinessId("biz_1")); }).value();
  }
  /// The document that answers best.
  std::string first(std::string question) {
    auto found = search(std::move(question));
    return found.empty() ? "nothing" : found.front().document_name;
  }

  static constexpr Duration patience = 30s;  ///< of the test's time
  FourMeanings embedder;
  std::unique_ptr<VectorIndex> vectors;
};

}  // namespace parley::knowledge
