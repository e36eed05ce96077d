#pragma once
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <numeric>
#include <random>
#include <set>

#include "parley/knowledge/vector_index.hpp"

namespace parley::testkit {

/// What an implementation of VectorIndex needs to be tried.
class VectorIndexWorld {
 public:
  virtual ~VectorIndexWorld() = default;
  /// One on the same place each time; an index outlives no world.
  virtual std::unique_ptr<knowledge::VectorIndex> open(knowledge::VectorSpace space) = 0;
  /// What is waited for before reading what was just written.
  virtual void settle() {}
  /// Among how many passages the nearest are looked for: fewer where a stand-in is slow.
  virtual std::size_t many() const { return 10'000; }
  asio::io_context io;
};

/// What every VectorIndex has to do: include this in a test program and
///   INSTANTIATE_TEST_SUITE_P(InChroma, VectorIndexSuite, ::testing::Values(&make_world));
class VectorIndexSuite : public ::testing::TestWithParam<std::unique_ptr<VectorIndexWorld> (*)()> {
 protected:
  using Vector = knowledge::Vector;
  using Matches = std::vector<knowledge::VectorMatch>;
  using Ids = std::vector<std::string>;
  static constexpr std::size_t dimensions = 32;

  void SetUp() override {
    world = GetParam()();
    index = world->open({"words/1", dimensions});
    ctx.organization = OrganizationId("org_1");
  }
  void TearDown() override {
    index.reset();
    world.reset();
  }
  template <class T>
  Result<T> run(Task<T> task) {
    auto future = asio::co_spawn(world->io, std::move(task), asio::use_future);
    world->io.restart();
    while (future.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
      world->io.run_one();
    return future.get();
  }

  /// A direction that is mostly axis `axis`, leaning a little to the next.
  static Vector along(std::size_t axis, float lean = 0.0F) {
    Vector out(dimensions);
    out[axis] = 1.0F;
    out[(axis + 1) % dimensions] = lean;
    return out;
  }
  static knowledge::VectorEntry entry(std::string id, std::string document, Vector values) {
    return {ChunkId("chunk_" + id), DocumentId("doc_" + document), std::move(values)};
  }
  void put(std::vector<knowledge::VectorEntry> entries, std::string business = "biz_1") {
    auto put = run(index->upsert(ctx, BusinessId(business), std::move(entries)));
    ASSERT_TRUE(put) << put.error().detail;
    world->settle();
  }
  Result<Matches> ask(Vector values, std::size_t limit = 10,
                      std::vector<DocumentId> of_documents = {}, std::string business = "biz_1") {
    knowledge::VectorQuery query{BusinessId(business), std::move(values), limit,
                                 std::move(of_documents)};
    return run(index->query(soon(), std::move(query)));
  }
  Ids found(Vector values, std::size_t limit = 10, std::vector<DocumentId> of_documents = {},
            std::string business = "biz_1") {
    auto matches = ask(std::move(values), limit, std::move(of_documents), std::move(business));
    if (!matches) return {"error: " + matches.error().detail};
    Ids ids;
    for (const auto& match : *matches) ids.push_back(match.id.str().substr(6));
    return ids;
  }
  std::size_t count(std::string business = "biz_1") {
    return run(index->count(ctx, BusinessId(business))).value();
  }
  /// The context of a call; a suite may be less patient.
  virtual Context soon() { return ctx; }
  void remove(std::string document, std::string business = "biz_1") {
    auto removed = run(index->remove(ctx, BusinessId(business), DocumentId("doc_" + document)));
    ASSERT_TRUE(removed) << removed.error().detail;
    world->settle();
  }

  std::unique_ptr<VectorIndexWorld> world;
  std::unique_ptr<knowledge::VectorIndex> index;
  Context ctx;
};

TEST_P(VectorIndexSuite, TheNearestComeFirstWithTheirCosine) {
  put({entry("a", "1", along(0)), entry("b", "1", along(0, 0.5F)), entry("c", "2", along(5))});
  auto matches = ask(along(0), 2);
  ASSERT_TRUE(matches) << matches.error().detail;
  ASSERT_EQ(matches->size(), 2u);
  EXPECT_EQ((*matches)[0].id.str(), "chunk_a");
  EXPECT_EQ((*matches)[0].document.str(), "doc_1");
  EXPECT_NEAR((*matches)[0].similarity, 1.0F, 0.01F);
  EXPECT_EQ((*matches)[1].id.str(), "chunk_b");
  EXPECT_NEAR((*matches)[1].similarity, 1.0F / std::sqrt(1.25F), 0.01F);
  EXPECT_EQ(count(), 3u);
  auto lengths = along(0);
  for (auto& value : lengths) value *= 7.5F;
  EXPECT_EQ(found(lengths, 2), (Ids{"a", "b"})) << "a direction has no length";
}

TEST_P(VectorIndexSuite, BusinessesAndOrganizationsAreApart) {
  put({entry("a", "1", along(0))});
  put({entry("a", "1", along(3))}, "biz_2");
  ctx.organization = OrganizationId("org_2");
  EXPECT_EQ(count(), 0u);
  EXPECT_EQ(found(along(0)), Ids{});
  put({entry("a", "1", along(9)), entry("b", "1", along(8))});
  remove("1");
  put({entry("b", "1", along(8))});
  ctx.organization = OrganizationId("org_1");
  EXPECT_EQ(count(), 1u);
  EXPECT_EQ(found(along(0), 10, {DocumentId("doc_1")}), Ids{"a"});
  EXPECT_NEAR(ask(along(0)).value().at(0).similarity, 1.0F, 0.01F) << "still its own vector";
  remove("1");
  EXPECT_EQ(count(), 0u);
  EXPECT_EQ(count("biz_2"), 1u);
  EXPECT_NEAR(ask(along(3), 10, {}, "biz_2").value().at(0).similarity, 1.0F, 0.01F);
}

TEST_P(VectorIndexSuite, AnIdWrittenAgainIsReplaced) {
  put({entry("a", "1", along(0)), entry("b", "1", along(1))});
  put({entry("a", "1", along(7))});
  EXPECT_EQ(count(), 2u);
  EXPECT_EQ(found(along(7), 1), Ids{"a"});
  EXPECT_LT(ask(along(0), 10).value().at(0).similarity, 0.5F);
}

TEST_P(VectorIndexSuite, ARemovedDocumentIsGoneAndNoOther) {
  put({entry("a", "1", along(0)), entry("b", "1", along(1)), entry("c", "2", along(2))});
  EXPECT_EQ(found(along(0)).size(), 3u);
  remove("1");
  EXPECT_EQ(count(), 1u);
  EXPECT_EQ(found(along(0)), Ids{"c"});
  remove("1");
  remove("none");
  put({entry("a", "1", along(0))});
  EXPECT_EQ(found(along(0), 1), Ids{"a"}) << "it may come back";
}

TEST_P(VectorIndexSuite, OnlySomeDocumentsMayBeAskedFor) {
  put({entry("a", "1", along(0)), entry("b", "2", along(0, 0.1F)), entry("c", "3", along(0, 0.2F)),
       entry("d", "3", along(0, 0.3F))});
  EXPECT_EQ(found(along(0), 10, {DocumentId("doc_2"), DocumentId("doc_3")}), (Ids{"b", "c", "d"}));
  EXPECT_EQ(found(along(0), 2, {DocumentId("doc_3")}), (Ids{"c", "d"}));
  EXPECT_EQ(found(along(0), 10, {DocumentId("doc_none")}), Ids{});
}

TEST_P(VectorIndexSuite, NothingIsNothing) {
  EXPECT_EQ(count(), 0u);
  EXPECT_EQ(found(along(0)), Ids{});
  put({});
  remove("1");
  EXPECT_EQ(count(), 0u);
  put({entry("zero", "1", Vector(dimensions)), entry("a", "1", along(0))});
  EXPECT_EQ(count(), 1u) << "a vector of zeros points nowhere";
  EXPECT_EQ(found(along(0)), Ids{"a"});
  EXPECT_EQ(found(Vector(dimensions)), Ids{});
}

TEST_P(VectorIndexSuite, WrongSizesAndLimitsAreRefused) {
  put({entry("a", "1", along(0))});
  auto code = [&](Vector values) {
    auto put = run(index->upsert(ctx, BusinessId("biz_1"), {entry("b", "1", std::move(values))}));
    return put ? Errc::end_of_stream : put.error().code;
  };
  EXPECT_EQ(code(Vector(dimensions + 1, 1.0F)), Errc::invalid);
  EXPECT_EQ(code({}), Errc::invalid);
  EXPECT_EQ(ask(Vector(dimensions - 1, 1.0F)).error().code, Errc::invalid);
  EXPECT_EQ(ask(along(0), 0).error().code, Errc::invalid);
  EXPECT_EQ(ask(along(0), 1001).error().code, Errc::invalid);
  EXPECT_EQ(count(), 1u);
}

TEST_P(VectorIndexSuite, WhatAnotherEmbedderMadeIsNotSeen) {
  put({entry("a", "1", along(0))});
  auto first = std::exchange(index, world->open({"words/2", dimensions}));
  EXPECT_EQ(count(), 0u);
  EXPECT_EQ(found(along(0)), Ids{});
  put({entry("b", "1", along(0))});
  index = world->open({"words/2", 2 * dimensions});
  index = std::move(first);
  EXPECT_EQ(found(along(0)), Ids{"a"});
}

TEST_P(VectorIndexSuite, ItIsThereAfterARestart) {
  put({entry("a", "1", along(0)), entry("b", "2", along(1))});
  EXPECT_EQ(found(along(0), 1), Ids{"a"});
  index = world->open({"words/1", dimensions});
  EXPECT_EQ(found(along(0), 1), Ids{"a"});
  EXPECT_EQ(count(), 2u);
}

TEST_P(VectorIndexSuite, AmongThousandsTheNearestAreFound) {
  // Directions in clusters, as texts about the same things are.
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  std::vector<Vector> centres(100);
  for (auto& centre : centres)
    for (std::size_t i = 0; i < dimensions; ++i) centre.push_back(normal(random));
  auto draw = [&] {
    auto out = centres[random() % centres.size()];
    for (auto& value : out) value += 0.5F * normal(random);
    auto length = std::sqrt(std::inner_product(out.begin(), out.end(), out.begin(), 0.0F));
    for (auto& value : out) value /= length;
    return out;
  };
  std::vector<Vector> all;
  for (std::size_t d = 0; d < world->many() / 1000; ++d) {
    std::vector<knowledge::VectorEntry> entries;
    for (std::size_t p = 0; p < 1000; ++p) {
      all.push_back(draw());
      entries.push_back(
          entry(std::to_string(all.size() - 1), "doc" + std::to_string(d), all.back()));
    }
    put(std::move(entries));
  }
  EXPECT_EQ(count(), world->many());
  constexpr std::size_t queries = 50;
  constexpr std::size_t nearest = 10;
  std::size_t same = 0;
  for (std::size_t q = 0; q < queries; ++q) {
    auto query = draw();
    std::vector<std::pair<float, std::string>> exact;
    for (std::size_t i = 0; i < all.size(); ++i)
      exact.emplace_back(-std::inner_product(query.begin(), query.end(), all[i].begin(), 0.0F),
                         std::to_string(i));
    std::ranges::partial_sort(exact, exact.begin() + nearest);
    std::set<std::string> expected;
    for (std::size_t i = 0; i < nearest; ++i) expected.insert(exact[i].second);
    for (const auto& id : found(query, nearest)) same += expected.contains(id);
  }
  auto recall = static_cast<double>(same) / (queries * nearest);
  std::printf("recall@10 of %zu: %.3f\n", all.size(), recall);
  EXPECT_GE(recall, 0.95);
}

}  // namespace parley::testkit
