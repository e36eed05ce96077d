#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include "confidence.hpp"
#include "decoder_pool.hpp"
#include "language.hpp"
#include "ngram.hpp"
#include "parley/testkit/caller_audio.hpp"
#include "telephone_map.hpp"

namespace parley::providers::pocketsphinx {
namespace {

const Lexicon& lexicon() {
  static const auto loaded =
      Lexicon::load("/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict");
  return **loaded;
}

TEST(Lexicon, KnowsSeveralWaysToSayAWord) {
  EXPECT_GT(lexicon().size(), 100000U);
  EXPECT_TRUE(lexicon().contains("appointment"));
  EXPECT_FALSE(lexicon().contains("kowalewska"));
  const auto ways = lexicon().pronunciations("either");
  ASSERT_GE(ways.size(), 2U);
  EXPECT_NE(ways[0], ways[1]);
}

TEST(Lexicon, GuessesNamesAndRefusesNonsense) {
  const auto guess = lexicon().pronunciations("kowalewska");
  ASSERT_EQ(guess.size(), 1U);
  EXPECT_EQ(lexicon().pronunciations("kowalewska"), guess);
  EXPECT_TRUE(lexicon().pronunciations("42").empty());
  EXPECT_TRUE(lexicon().pronunciations("").empty());
}

/// Log probabilities of an ARPA text by n-gram.
std::map<std::string, std::pair<double, double>> read_arpa(const std::string& text) {
  std::map<std::string, std::pair<double, double>> grams;
  std::istringstream in(text);
  std::string line;
  std::size_t order = 0;
  while (std::getline(in, line)) {
    if (line.size() > 2 && line[0] == '\\' && std::isdigit(static_cast<unsigned char>(line[1])))
      order = static_cast<std::size_t>(line[1] - '0');
    std::istringstream fields(line);
    double p = 0.0, backoff = 0.0;
    if (order == 0 || !(fields >> p)) continue;
    std::string words, word;
    for (std::size_t i = 0; i < order && fields >> word; ++i) words += (i > 0 ? " " : "") + word;
    fields >> backoff;
    grams[words] = {p, backoff};
  }
  return grams;
}

TEST(Ngram, ProbabilitiesAfterEachHistoryAddUpToOne) {
  const auto arpa =
      make_arpa({{{"book", "a", "cleaning"}, 2.0}, {{"book", "a", "filling"}, 1.0}, {{"yes"}, 1.0}},
                {"book", "a", "cleaning", "filling", "yes", "crown"});
  const auto grams = read_arpa(arpa);
  const std::vector<std::string> words{"book", "a", "cleaning", "filling", "yes", "crown", "</s>"};
  auto unigram = [&](const std::string& word) { return std::pow(10.0, grams.at(word).first); };
  double sum = 0.0;
  for (const auto& word : words) sum += unigram(word);
  EXPECT_NEAR(sum, 1.0, 1e-3);
  sum = 0.0;
  for (const auto& word : words) {
    const auto found = grams.find("a " + word);
    sum += found != grams.end() ? std::pow(10.0, found->second.first)
                                : std::pow(10.0, grams.at("a").second) * unigram(word);
  }
  EXPECT_NEAR(sum, 1.0, 1e-3);
  EXPECT_GT(grams.at("a cleaning").first, grams.at("a filling").first);
}

TEST(Ngram, NothingMakesNoModel) { EXPECT_EQ(make_arpa({}, {}), ""); }

TEST(Language, PlainWordsLeaveOutWhatIsNoWord) {
  EXPECT_EQ(plain_words("It's $90, a COLD-hearted 2nd caf\xC3\xA9 man's."),
            (std::vector<std::string>{"it's", "a", "cold", "hearted", "man's"}));
  EXPECT_TRUE(plain_words("' '' 12").empty());
}

TEST(Language, SamplesOfTheGrammarMakeTheNgramModel) {
  speech::Expectation expectation{.grammar = "public <utterance> = book a (cleaning | filling) ;",
                                  .keywords = {"Invisalign"}};
  auto language = compile(expectation, lexicon());
  ASSERT_TRUE(language);
  const auto grams = read_arpa((*language)->arpa);
  EXPECT_TRUE(grams.contains("book a cleaning"));
  EXPECT_TRUE(grams.contains("book a filling"));
  EXPECT_TRUE(grams.contains("invisalign"));
}

TEST(Language, AnEndlessGrammarIsSampledAllTheSame) {
  speech::Expectation expectation{.grammar = "public <utterance> = <d>+ ; <d> = one | two ;"};
  EXPECT_TRUE(compile(expectation, lexicon()));
  speech::Expectation recursive{.grammar = "public <utterance> = one <utterance> | two ;"};
  auto compiled = compile(recursive, lexicon());
  EXPECT_TRUE(compiled || compiled.error().code == Errc::invalid);
}

TEST(Confidence, AgreementCountsWordsInOrder) {
  EXPECT_DOUBLE_EQ(word_agreement("a b c", "a b c"), 1.0);
  EXPECT_DOUBLE_EQ(word_agreement("a b c d", "a x c d"), 0.75);
  EXPECT_DOUBLE_EQ(word_agreement("a", "b"), 0.0);
  EXPECT_DOUBLE_EQ(word_agreement("", ""), 1.0);
  EXPECT_DOUBLE_EQ(word_agreement("a", ""), 0.0);
}

TEST(Confidence, TheOtherReadingIsAnAlternative) {
  const Reading grammar{
      .text = "yes", .valid = true, .score = -20, .acoustic = -20, .word_frames = 40};
  const Reading ngram{.text = "yes please",
                      .valid = true,
                      .score = -80,
                      .acoustic = -80,
                      .word_frames = 40,
                      .alternatives = {"yes", "yep"}};
  const auto judged = judge(grammar, ngram);
  EXPECT_TRUE(judged.is_final);
  EXPECT_EQ(judged.text, "yes");
  EXPECT_EQ(judged.alternatives, (std::vector<std::string>{"yes please", "yep"}));
  EXPECT_EQ(judge({}, ngram).text, "yes please");
  EXPECT_EQ(judge({}, {}).text, "");
  EXPECT_EQ(judge({}, {}).confidence, 0.0);
}

TEST(Features, FramesAreTheSameHoweverTheAudioIsCut) {
  const auto voice = testkit::human_voice("human_0880");
  MelAnalyzer whole, pieces;
  whole.push(voice.samples);
  const auto expected = whole.take();
  std::vector<MelFrame> made;
  std::span<const std::int16_t> rest(voice.samples);
  for (std::size_t size = 1; !rest.empty(); size = size % 333 + 7) {
    const auto count = std::min(size, rest.size());
    pieces.push(rest.first(count));
    rest = rest.subspan(count);
    for (const auto& frame : pieces.take()) made.push_back(frame);
  }
  EXPECT_EQ(made, expected);
  EXPECT_EQ(expected.size(), (voice.samples.size() - 205) / 80 + 1);
}

TEST(Features, AnUtteranceGivesOneCepstrumForEachFrame) {
  const auto voice = testkit::human_voice("human_0880");
  MelAnalyzer analyzer;
  analyzer.push(voice.samples);
  NoiseFloor floor;
  LineAverage average;
  UtteranceFeatures utterance(average);
  std::size_t made = 0, pushed = 0;
  for (const auto& mel : analyzer.take()) {
    utterance.push({mel, floor.follow(mel)});
    ++pushed;
    made += utterance.take(false).size();
  }
  EXPECT_GT(made, 0U) << "given while the caller still speaks";
  made += utterance.take(true).size();
  EXPECT_EQ(made, pushed);
  EXPECT_EQ(utterance.frames(), pushed);
  EXPECT_TRUE(average.settled());
}

TEST(TelephoneMap, TheShippedOneIsWhole) {
  std::array<float, map_inputs> quiet{};
  for (float value : TelephoneMap::instance().run(quiet)) EXPECT_TRUE(std::isfinite(value));
}

TEST(TelephoneMap, DamageIsRefusedAndNeverReadOutside) {
  std::ifstream file(PARLEY_SOURCE_DIR "/providers/speech/pocketsphinx/data/telephone_map.bin",
                     std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::byte> good(text.size());
  std::memcpy(good.data(), text.data(), text.size());
  ASSERT_TRUE(TelephoneMap::parse(good));
  for (std::size_t size :
       {std::size_t{0}, std::size_t{4}, std::size_t{9}, std::size_t{100}, good.size() - 1}) {
    auto cut = TelephoneMap::parse(std::span(good).first(size));
    ASSERT_FALSE(cut) << size;
    EXPECT_EQ(cut.error().code, Errc::corrupt);
  }
  for (std::size_t at : {0U, 4U, 8U, 12U}) {
    auto damaged = good;
    damaged[at] = std::byte{0xFF};
    EXPECT_FALSE(TelephoneMap::parse(damaged)) << at;
  }
  auto longer = good;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(TelephoneMap::parse(longer));
}

TEST(DecoderPool, LendsSoManyAndCallsTheFirstWhoStillWants) {
  DecoderPool pool(1, 1);
  auto set = pool.take();
  ASSERT_TRUE(set);
  EXPECT_FALSE(pool.take());
  std::string called;
  pool.when_free([&] {
    called += "gone ";
    return false;
  });
  pool.when_free([&] {
    called += "waiting ";
    return true;
  });
  pool.when_free([&] {
    called += "third ";
    return true;
  });
  pool.give_back(std::move(set));
  EXPECT_EQ(called, "gone waiting ");
  EXPECT_EQ(pool.idle(), 1U);
  set = pool.take();
  EXPECT_EQ(pool.busy(), 1U);
  set.reset();
  pool.lost();
  EXPECT_EQ(called, "gone waiting third ");
  EXPECT_EQ(pool.busy(), 0U);
  pool.when_free([&] {
    called += "at once";
    return true;
  });
  EXPECT_EQ(called, "gone waiting third at once");
}

}  // namespace
}  // namespace parley::providers::pocketsphinx
