#include <gtest/gtest.h>

#include "parley/testkit/database_on_trial.hpp"
#include "semantic_fixture.hpp"

namespace parley::knowledge {
namespace {

/// Another index, which can be away.
class IndexOnTrial final : public VectorIndex {
 public:
  explicit IndexOnTrial(std::unique_ptr<VectorIndex> below) : below_(std::move(below)) {}
  const std::string& name() const noexcept override { return below_->name(); }
  Task<void> upsert(Context ctx, BusinessId business, std::vector<VectorEntry> entries) override {
    if (away) co_return gone();
    auto working = below_->upsert(std::move(ctx), std::move(business), std::move(entries));
    co_return co_await std::move(working);
  }
  Task<void> remove(Context ctx, BusinessId business, DocumentId document) override {
    if (away) co_return gone();
    auto working = below_->remove(std::move(ctx), std::move(business), std::move(document));
    co_return co_await std::move(working);
  }
  Task<std::vector<VectorMatch>> query(Context ctx, VectorQuery query) override {
    if (away) co_return gone();
    auto working = below_->query(std::move(ctx), std::move(query));
    co_return co_await std::move(working);
  }
  Task<std::size_t> count(Context ctx, BusinessId business) override {
    if (away) co_return gone();
    auto working = below_->count(std::move(ctx), std::move(business));
    co_return co_await std::move(working);
  }
  std::atomic<bool> away = false;

 private:
  static std::unexpected<Error> gone() { return fail(Errc::unavailable, "the store is away"); }
  std::unique_ptr<VectorIndex> below_;
};

class SemanticDbTest : public SemanticKnowledgeTest {
 protected:
  std::unique_ptr<VectorIndex> open_vectors(VectorSpace space) override {
    auto made = std::make_unique<IndexOnTrial>(make_embedded_vectors(db(), pool, std::move(space)));
    store = made.get();
    return made;
  }
  IndexOnTrial* store = nullptr;
};
PARLEY_ON_BOTH_DATABASES(SemanticDbTest);

TEST_P(SemanticDbTest, AQuestionWithoutACommonWordIsAnswered) {
  taken_up("yard.txt", "You can park behind the house.");
  taken_up("list.txt", "We charge eighty for a filling.");
  wait_until_written();
  EXPECT_EQ(written(), 2u);
  EXPECT_EQ(first("automobile"), "yard.txt");
  EXPECT_EQ(first("whats the price"), "list.txt");
  EXPECT_EQ(first("filling"), "list.txt") << "words count as before";
}

TEST_P(SemanticDbTest, WithoutEmbedderOrStoreWordsAnswer) {
  taken_up("yard.txt", "You can park behind the house.");
  wait_until_written();
  embedder.away = true;
  EXPECT_EQ(first("where to park"), "yard.txt");
  EXPECT_EQ(first("automobile"), "nothing");
  embedder.away = false;
  store->away = true;
  EXPECT_EQ(first("where to park"), "yard.txt");
  EXPECT_EQ(first("automobile"), "nothing");
  store->away = false;
  EXPECT_EQ(first("automobile"), "yard.txt");
}

TEST_P(SemanticDbTest, WhatWasMissedIsWrittenWhenTheyComeBack) {
  auto removed = taken_up("dog.txt", "The hound barks.");
  wait_until_written();
  store->away = true;
  taken_up("yard.txt", "You can park behind the house.");
  ASSERT_TRUE(run([&] { return knowledge->remove(ctx, removed.id); }));
  EXPECT_EQ(behind(), 2);
  EXPECT_EQ(first("park"), "yard.txt");
  store->away = false;
  embedder.away = true;
  taken_up("list.txt", "We charge eighty for a filling.");
  EXPECT_EQ(first("filling"), "list.txt");
  embedder.away = false;
  wait_until_written();
  EXPECT_EQ(written(), 2u) << "the removed one is gone there too";
  EXPECT_EQ(first("automobile"), "yard.txt");
  EXPECT_EQ(first("price"), "list.txt");
}

TEST_P(SemanticDbTest, AnotherEmbedderEmbedsEverythingAnew) {
  auto document = taken_up("yard.txt", "You can park behind the house.");
  wait_until_written();
  auto calls = embedder.calls.load();
  open();
  EXPECT_EQ(behind(), 0) << "the same embedder has nothing to do";
  stop();
  embedder.name_ = "four/2";
  open();
  wait_until_written();
  EXPECT_GT(embedder.calls.load(), calls);
  EXPECT_EQ(first("automobile"), "yard.txt");
  EXPECT_EQ(written(), 1u);
  EXPECT_EQ(count("knowledge_vectors"), 1) << "what the other one made is gone";
  ASSERT_TRUE(run([&] { return knowledge->remove(ctx, document.id); }));
  EXPECT_EQ(count("knowledge_vectors"), 0);
}

TEST_P(SemanticDbTest, ADocumentReadAgainIsWrittenAgain) {
  auto document = taken_up("yard.txt", "You can park behind the house.");
  wait_until_written();
  run([&] { return knowledge->reprocess(ctx, document.id); });
  settled(document.id);
  wait_until_written();
  EXPECT_EQ(written(), 1u);
  EXPECT_EQ(first("automobile"), "yard.txt");
  ctx.organization = OrganizationId("org_other");
  EXPECT_EQ(first("automobile"), "nothing");
}

using RememberedDbTest = KnowledgeDbTest;
PARLEY_ON_BOTH_DATABASES(RememberedDbTest);

TEST_P(RememberedDbTest, WithoutTheDatabaseWhatWasSearchedLatelyAnswers) {
  start();
  taken_up("yard.txt", "You can park behind the house.");
  taken_up("other.txt", "Dogs are welcome.", "biz_2");
  stop();
  knowledge.reset();
  testkit::DatabaseOnTrial frail(db(), clock);
  auto away = make_knowledge_base(io.get_executor(), clock, random, frail, *objects, pool,
                                  default_options());
  auto ask = [&](std::string question, std::string business) {
    return run([&] { return away->search(ctx, BusinessId(business), question, 5); });
  };
  EXPECT_FALSE(ask("parking", "biz_1").value().at(0).remembered);
  frail.go_away();
  auto found = ask("where to park", "biz_1");
  ASSERT_TRUE(found) << found.error().detail;
  ASSERT_EQ(found->size(), 1u);
  EXPECT_TRUE((*found)[0].remembered);
  EXPECT_EQ((*found)[0].document_name, "yard.txt");
  EXPECT_EQ((*found)[0].text, "You can park behind the house.");
  EXPECT_EQ(ask("dogs", "biz_2").error().code, Errc::unavailable) << "never searched here";
  ctx.organization = OrganizationId("org_other");
  EXPECT_EQ(ask("where to park", "biz_1").error().code, Errc::unavailable);
  ctx.organization = OrganizationId("org_test");
  frail.come_back();
  EXPECT_FALSE(ask("parking", "biz_1").value().at(0).remembered);
}

}  // namespace
}  // namespace parley::knowledge
