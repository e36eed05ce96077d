#include "seam.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace parley::dialog {
namespace {

/// What is given of the pieces of two engines, the first of which breaks off.
std::string joined(const std::vector<std::string>& first, const std::vector<std::string>& second) {
  Seam seam;
  std::string all;
  for (const auto& piece : first) all += seam.take(piece);
  seam.take_over();
  for (const auto& piece : second) all += seam.take(piece);
  all += seam.rest();
  EXPECT_EQ(all, seam.given());
  return all;
}

TEST(Seam, GivesWholeWordsAndInTheEndAll) {
  Seam seam;
  EXPECT_EQ(seam.take("We are op"), "We are ");
  EXPECT_EQ(seam.take("en. Gr\xC3\xBC"), "open. ");
  EXPECT_EQ(seam.take("\xC3\x9F"), "");
  EXPECT_EQ(seam.take("e!"),
            "Gr\xC3\xBC\xC3\x9F"
            "e!");
  EXPECT_EQ(seam.take("don't"), "");
  EXPECT_EQ(seam.rest(), "don't");
  EXPECT_EQ(seam.given(),
            "We are open. Gr\xC3\xBC\xC3\x9F"
            "e!don't");
}

TEST(Seam, HoldsBackOnlySoMuch) {
  Seam seam;
  EXPECT_EQ(seam.take("\xE6\x98\x8E\xE6\x97\xA5"), "\xE6\x98\x8E\xE6\x97\xA5")
      << "no spaces are waited for in such a script";
  EXPECT_EQ(seam.take(std::string(100, 'x')), std::string(100, 'x'));
}

TEST(Seam, HalfAWordIsForgottenAndSaidByTheNext) {
  EXPECT_EQ(joined({"We are open tomo"}, {"tomorrow", " at nine."}),
            "We are open tomorrow at nine.");
  EXPECT_EQ(joined({"We are open."}, {"Until", " five."}), "We are open. Until five.");
  EXPECT_EQ(joined({"We are open "}, {" until five."}), "We are open until five.");
  EXPECT_EQ(joined({"We are open"}, {", until five."}), "We are , until five.");
  EXPECT_EQ(joined({"Hel"}, {"Hello."}), "Hello.");
}

TEST(Seam, WhatTheNextRepeatsIsLeftOut) {
  EXPECT_EQ(joined({"We are open "}, {"We", " are", " open", " until five."}),
            "We are open until five.");
  EXPECT_EQ(joined({"Yes. On Friday until "}, {"On Fri", "day until", " noon."}),
            "Yes. On Friday until noon.");
  EXPECT_EQ(joined({"It is very "}, {"very", " good."}), "It is very very good.")
      << "one word may be meant twice";
  EXPECT_EQ(joined({"We are open. "}, {"We are", " closed on Sunday."}),
            "We are open. We are closed on Sunday.");
  EXPECT_EQ(joined({"We are open. "}, {"We are open."}), "We are open. ");
}

}  // namespace
}  // namespace parley::dialog
