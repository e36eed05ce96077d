#include "thought_filter.hpp"

#include <gtest/gtest.h>

namespace parley::providers::openai {
namespace {

/// What is given of `text` in pieces of `size` bytes.
std::string given(std::string_view text, std::size_t size) {
  ThoughtFilter filter;
  std::string all;
  for (; !text.empty(); text.remove_prefix(std::min(size, text.size())))
    all += filter.take(text.substr(0, size));
  return all + filter.rest();
}

TEST(ThoughtFilter, LeavesOutWhatTheModelThoughtFirst) {
  for (std::size_t size = 1; size < 12; ++size) {
    EXPECT_EQ(given("Hello there", size), "Hello there");
    EXPECT_EQ(given("<think>They said hello. 1 < 2</think>\n\nHello", size), "Hello") << size;
    EXPECT_EQ(given("\n<think>\n</think>\nHello", size), "Hello") << size;
    EXPECT_EQ(given("<think>one</think><think>two</think>Hello", size), "Hello") << size;
    EXPECT_EQ(given("<thin ice", size), "<thin ice");
    EXPECT_EQ(given("We say <think>this</think> too", size), "We say <think>this</think> too");
    EXPECT_EQ(given("<think>never ends", size), "");
    EXPECT_EQ(given("<th", size), "<th");
    EXPECT_EQ(given(" \n", size), "");
  }
}

}  // namespace
}  // namespace parley::providers::openai
