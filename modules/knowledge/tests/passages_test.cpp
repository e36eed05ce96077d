#include "passages.hpp"

#include <gtest/gtest.h>

#include "parley/base/strings.hpp"
#include "words.hpp"

namespace parley::knowledge {
namespace {

std::string words(int from, int to) {
  std::string out;
  for (int i = from; i <= to; ++i) out += (out.empty() ? "w" : " w") + std::to_string(i);
  return out;
}
std::size_t count(const std::string& text) {
  std::size_t n = 1;
  for (char c : text)
    if (c == ' ' || c == '\n') ++n;
  return n;
}

TEST(Passages, FiveHundredWordsWithFiftyInCommon) {
  auto cuts = cut_passages({{{}, 0, words(1, 1200)}}, {});
  ASSERT_EQ(cuts.size(), 3u);
  EXPECT_EQ(cuts[0].text, words(1, 500));
  EXPECT_EQ(cuts[1].text, words(451, 950));
  EXPECT_EQ(cuts[2].text, words(901, 1200));
}

TEST(Passages, ShortDocumentsAreOne) {
  auto cuts = cut_passages({{{}, 0, words(1, 20)}, {{}, 0, words(21, 40)}}, {});
  ASSERT_EQ(cuts.size(), 1u);
  EXPECT_EQ(cuts[0].text, words(1, 20) + "\n" + words(21, 40));
  EXPECT_TRUE(cut_passages({}, {}).empty());
}

TEST(Passages, EndAtSentencesWhenOneIsNear) {
  auto text = words(1, 460) + ". " + words(461, 900) + ".";
  auto cuts = cut_passages({{{}, 0, text}}, {});
  ASSERT_EQ(cuts.size(), 2u);
  EXPECT_TRUE(cuts[0].text.ends_with("w460."));
  EXPECT_LE(count(cuts[1].text), 500u);
}

TEST(Passages, TopLevelHeadingsAreNotCrossed) {
  std::vector<Block> blocks{{{"Guide", "Hours"}, 1, words(1, 30)},
                            {{"Guide", "Hours", "Summer"}, 1, words(31, 60)},
                            {{"Guide", "Prices"}, 2, words(61, 90)}};
  auto cuts = cut_passages(blocks, {});
  ASSERT_EQ(cuts.size(), 2u);
  EXPECT_EQ(cuts[0].heading, "Guide > Hours");
  EXPECT_EQ(cuts[0].text, words(1, 30) + "\n" + words(31, 60));
  EXPECT_EQ(cuts[1].heading, "Guide > Prices");
  EXPECT_EQ(cuts[1].page, 2);
}

TEST(Passages, APageOfItsOwnKeepsItsNumber) {
  auto cuts = cut_passages(
      {{{}, 1, words(1, 150)}, {{}, 2, words(151, 300)}, {{}, 3, words(301, 310)}}, {});
  ASSERT_EQ(cuts.size(), 3u);
  EXPECT_EQ(cuts[0].page, 1);
  EXPECT_EQ(cuts[0].text, words(1, 150));
  EXPECT_EQ(cuts[1].page, 2);
  EXPECT_TRUE(cuts[1].text.starts_with("w101 ")) << "the overlap";
  EXPECT_EQ(cuts[2].page, 3);
  EXPECT_TRUE(cuts[2].text.ends_with("w310"));
}

TEST(Passages, OddOptionsStillEnd) {
  auto cuts = cut_passages({{{}, 0, words(1, 30)}}, {1, 50});
  EXPECT_EQ(cuts.size(), 30u);
  EXPECT_EQ(cut_passages({{{}, 0, words(1, 30)}}, {10, 10}).back().text.substr(0, 1), "w");
}

TEST(Sentences, KnowAbbreviationsAndRows) {
  EXPECT_EQ(split_sentences("Dr. Lee is in. We open at 9 a.m. on Mondays! Really?\nFilling: $1.50"),
            (std::vector<std::string>{"Dr. Lee is in.", "We open at 9 a.m. on Mondays!", "Really?",
                                      "Filling: $1.50"}));
}

TEST(Words, PlainWords) {
  auto plain = [](std::string_view text) { return join(plain_words(text), " "); };
  EXPECT_EQ(plain("The Children's X-ray, €1,200.00!"), "the children x ray 1200 euros");
  EXPECT_EQ(plain("Café Zürich don’t"), "cafe zurich dont");
  EXPECT_EQ(plain("one hundred and eighty dollars"), "180 dollars");
  EXPECT_EQ(plain("twenty-five and twenty five"), "25 and 25");
  EXPECT_EQ(plain("two thousand three hundred"), "2300");
  EXPECT_EQ(plain("five five five"), "5 5 5");
  EXPECT_EQ(plain("one eighty"), "1 180 80");
  EXPECT_EQ(plain("hundred thousand and"), "hundred thousand and");
  EXPECT_EQ(plain("the 3rd at 5pm, 24/7, 1,20"), "the 3 at 5 pm 24 7 1 20");
  EXPECT_EQ(plain(std::string(5000, 'x')), "");
  EXPECT_EQ(plain("\xFF\xFE\xC3"), plain("\xFF\xFE\xC3")) << "broken text ends";
}

TEST(Words, StemsMeetAcrossForms) {
  for (auto [a, b] :
       std::vector<std::pair<const char*, const char*>>{{"price", "prices"},
                                                        {"pricing", "prices"},
                                                        {"filling", "fillings"},
                                                        {"cancel", "cancelled"},
                                                        {"cancelling", "cancellation"},
                                                        {"cavity", "cavities"},
                                                        {"park", "parking"},
                                                        {"whiten", "whitening"},
                                                        {"payment", "pay"},
                                                        {"emergency", "emergencies"},
                                                        {"accept", "accepted"}})
    EXPECT_EQ(stem(a), stem(b)) << a << " " << b;
  EXPECT_NE(stem("thing"), stem("the"));
  EXPECT_EQ(stem("is"), "is");
}

TEST(Words, QueriesLoseSmallWordsAndGainRelatedOnes) {
  auto terms = query_terms("um how much is a filling please");
  ASSERT_FALSE(terms.empty());
  EXPECT_EQ(terms[0].stem, stem("filling"));
  EXPECT_TRUE(
      std::ranges::any_of(terms, [](auto& t) { return t.stem == stem("price") && t.weight < 1; }));
  EXPECT_FALSE(query_terms("what is it").empty()) << "nothing but small words is still a question";
  EXPECT_TRUE(query_terms("?!").empty());
  std::string many;
  for (int i = 0; i < 500; ++i) many += "word" + std::to_string(i) + "x ";
  EXPECT_LE(query_terms(many).size(), 48u);
}

TEST(Words, SpokenForTheRecognizer) {
  EXPECT_EQ(spoken_words("We open at 8:30, from $180."),
            "we open at eight thirty from one hundred eighty dollars");
  EXPECT_EQ(spoken_words("Call 5550100"), "call five five five zero one zero zero");
}

}  // namespace
}  // namespace parley::knowledge
