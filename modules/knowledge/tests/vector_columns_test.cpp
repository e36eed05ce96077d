#include "vector_columns.hpp"

#include <gtest/gtest.h>

#include <random>

namespace parley::knowledge {
namespace {

constexpr std::size_t dimensions = 24;

/// Vectors with a third of their components zero, as words leave them.
ByteVector draw(std::mt19937& random) {
  std::vector<float> values(dimensions);
  std::normal_distribution<float> normal;
  for (auto& value : values) value = random() % 3 == 0 ? 0.0F : normal(random);
  return in_bytes(values);
}

VectorColumns::Blocks blocks_of(std::initializer_list<std::size_t> sizes, unsigned seed = 1) {
  std::mt19937 random(seed);
  VectorColumns::Blocks blocks;
  for (auto size : sizes) {
    auto block = std::make_shared<VectorBlock>(dimensions);
    for (std::size_t p = 0; p < size; ++p) block->add(draw(random));
    blocks.push_back(std::move(block));
  }
  return blocks;
}

TEST(VectorColumns, TheNearestAreThoseOfComparingAll) {
  // Blocks that end before, at and behind the places where the columns are divided.
  auto blocks = blocks_of({1, 4000, 95, 0, 4096, 700});
  auto columns = VectorColumns::build(blocks);
  ASSERT_EQ(columns->passages(), 8892u);
  std::mt19937 random(7);
  for (int q = 0; q < 20; ++q) {
    auto query = draw(random);
    std::vector<float> all;
    for (const auto& block : blocks)
      for (std::size_t p = 0; p < block->size(); ++p) all.push_back(block->cosine(query, p));
    std::ranges::sort(all, std::greater{});
    auto found = columns->nearest(query, 30);
    ASSERT_EQ(found.size(), 30u);
    for (std::size_t i = 0; i < found.size(); ++i) {
      auto [likeness, place] = found[i];
      EXPECT_NEAR(likeness, all[i], 1e-6F);
      EXPECT_NEAR(place.block->cosine(query, place.passage), likeness, 1e-6F);
    }
  }
}

TEST(VectorColumns, FewAndNoneAreFine) {
  std::mt19937 random(1);
  auto query = draw(random);
  EXPECT_TRUE(VectorColumns::build({})->nearest(query, 10).empty());
  auto blocks = blocks_of({3, 0});
  auto columns = VectorColumns::build(blocks);
  EXPECT_EQ(columns->nearest(query, 10).size(), 3u);
  EXPECT_EQ(columns->nearest(query, 2).size(), 2u);
  EXPECT_TRUE(columns->nearest(query, 0).empty());
  ByteVector longer{std::vector<std::int8_t>(dimensions + 1, 1), 0.2F};
  EXPECT_TRUE(columns->nearest(longer, 10).empty());
  EXPECT_TRUE(columns->covers(blocks[1].get()));
  EXPECT_FALSE(columns->covers(blocks_of({1})[0].get()));
}

TEST(VectorColumns, MakingThemCanBeGivenUp) {
  int asked = 0;
  EXPECT_EQ(VectorColumns::build(blocks_of({5, 5, 5}), [&] { return ++asked == 2; }), nullptr);
  EXPECT_EQ(asked, 2);
}

}  // namespace
}  // namespace parley::knowledge
