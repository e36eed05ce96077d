#include "parley/knowledge/tools.hpp"

#include <gtest/gtest.h>

#include "parley/testkit/sim_world.hpp"

namespace parley::knowledge {
namespace {

/// Answers with what it was asked, so that the tool's own work shows.
class Asked final : public KnowledgeBase {
 public:
  Task<Document> upload(Context, Upload) override { co_return fail(Errc::unavailable, "x"); }
  Task<Document> get(Context, DocumentId) override { co_return fail(Errc::unavailable, "x"); }
  Task<DocumentList> list(Context, DocumentQuery) override {
    co_return fail(Errc::unavailable, "x");
  }
  Task<void> remove(Context, DocumentId) override { co_return fail(Errc::unavailable, "x"); }
  Task<Document> reprocess(Context, DocumentId) override { co_return fail(Errc::unavailable, "x"); }
  Task<std::vector<Passage>> search(Context ctx, BusinessId business, std::string query,
                                    std::size_t limit) override {
    if (away) co_return fail(Errc::unavailable, "x");
    Passage passage{ChunkId("chunk_1"),
                    DocumentId("doc_1"),
                    "prices.pdf",
                    query + " for " + business.str() + " of " + ctx.organization.str(),
                    "Prices",
                    3,
                    0.8,
                    4.5};
    co_return std::vector<Passage>(limit, passage);
  }
  Task<std::vector<std::string>> sentences(Context, BusinessId, std::size_t limit) override {
    if (away) co_return fail(Errc::unavailable, "x");
    co_return std::vector<std::string>(limit, "we are open");
  }
  Task<std::int64_t> without_vectors(Context) override { co_return 0; }
  Task<std::int64_t> version(Context, BusinessId) override {
    if (away) co_return fail(Errc::unavailable, "x");
    co_return 7;
  }
  asio::awaitable<void> start() override { co_return; }
  asio::awaitable<void> stop() override { co_return; }
  bool away = false;
};

class ToolTest : public ::testing::Test {
 protected:
  Result<json::object> call(json::object arguments) {
    return world.run([&]() -> Task<json::object> {
      Context ctx;
      ctx.organization = OrganizationId("org_1");
      dialog::ToolScope scope;
      scope.business = BusinessId("biz_1");
      auto calling = tool->call(ctx, scope, {"search_knowledge", arguments, "k"});
      co_return co_await std::move(calling);
    });
  }
  testkit::SimWorld world;
  Asked knowledge;
  std::unique_ptr<dialog::Tool> tool = make_search_tool(knowledge);
};

TEST_F(ToolTest, GivesPassagesOfTheScopesBusiness) {
  EXPECT_EQ(tool->spec().name, "search_knowledge");
  EXPECT_FALSE(tool->spec().has_effect);
  auto answer = call({{"query", "prices"}, {"business", "biz_other"}});
  ASSERT_TRUE(answer) << answer.error().detail;
  const auto& passages = answer->at("passages").as_array();
  ASSERT_EQ(passages.size(), 3u);
  const auto& first = passages[0].as_object();
  EXPECT_EQ(first.at("text").as_string(), "prices for biz_1 of org_1");
  EXPECT_EQ(first.at("document").as_string(), "prices.pdf");
  EXPECT_EQ(first.at("documentId").as_string(), "doc_1");
  EXPECT_EQ(first.at("heading").as_string(), "Prices");
  EXPECT_EQ(first.at("page").as_int64(), 3);
  EXPECT_DOUBLE_EQ(first.at("score").as_double(), 0.8);
}

TEST_F(ToolTest, BadArgumentsAndAnAbsentDatabase) {
  EXPECT_EQ(call({}).error().code, Errc::invalid);
  EXPECT_EQ(call({{"query", 7}}).error().code, Errc::invalid);
  EXPECT_EQ(call({{"query", "  "}}).error().code, Errc::invalid);
  knowledge.away = true;
  EXPECT_EQ(call({{"query", "prices"}}).error().code, Errc::unavailable);
}

TEST_F(ToolTest, VocabularyNeverFails) {
  auto vocabulary = make_vocabulary(knowledge);
  auto ask = [&](std::size_t limit) {
    return world
        .run([&]() -> Task<std::vector<std::string>> {
          auto asking = vocabulary->sentences(Context{}, BusinessId("biz_1"), limit);
          co_return co_await std::move(asking);
        })
        .value();
  };
  auto version = [&] {
    return world
        .run([&]() -> Task<std::optional<std::int64_t>> {
          auto asking = vocabulary->version(Context{}, BusinessId("biz_1"));
          co_return co_await std::move(asking);
        })
        .value();
  };
  EXPECT_EQ(version(), 7);
  EXPECT_EQ(ask(2).size(), 2u);
  EXPECT_TRUE(ask(0).empty());
  knowledge.away = true;
  EXPECT_TRUE(ask(2).empty());
  EXPECT_EQ(version(), std::nullopt);
}

}  // namespace
}  // namespace parley::knowledge
