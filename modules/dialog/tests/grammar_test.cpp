#include "grammar.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sphinxbase/fsg_model.h>
#include <sphinxbase/jsgf.h>
#include <sphinxbase/logmath.h>

#include <fstream>

#include "dental.hpp"
#include "expectations.hpp"
#include "jsgf_sampler.hpp"

namespace parley::dialog::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr int samples_per_state = 1200;
constexpr int most_arcs = 9000;

std::vector<Asked> states_with_grammar() {
  return {Asked::open,      Asked::service,     Asked::when,    Asked::choice,
          Asked::name,      Asked::phone,       Asked::confirm, Asked::doubt,
          Asked::what_else, Asked::appointment, Asked::offer};
}

class Grammars : public ::testing::TestWithParam<Asked> {
 protected:
  business::Profile profile = dental_practice();
  Understanding understanding{profile};
  Grammar grammar{profile, understanding.lexicon()};
  calendar::LocalTime now = calendar::parse_local("2026-03-02T10:00").value();

  Situation situation(Asked asked) const {
    Situation made{.asked = asked,
                   .busy = asked != Asked::open && asked != Asked::offer,
                   .now = now,
                   .offers = {},
                   .offer_services = {}};
    if (asked == Asked::choice || asked == Asked::appointment)
      made.offers = {now + hours(23), now + hours(25) + minutes(30), now + hours(54)};
    if (asked == Asked::appointment) made.offer_services = {4, 4, 4};
    return made;
  }
};

/// What digit words mean, told independently of the code under test.
std::string digits_meant(const std::vector<std::string>& words) {
  const std::vector<std::string> units{"zero", "one", "two",   "three", "four",
                                       "five", "six", "seven", "eight", "nine"};
  std::string digits;
  int times = 1;
  for (const auto& word : words) {
    if (word == "double") {
      times = 2;
      continue;
    }
    if (word == "hundred") {
      digits += "00";
      continue;
    }
    auto found = std::ranges::find(units, word == "oh" ? "zero" : word);
    if (found == units.end()) continue;
    digits += std::string(static_cast<std::size_t>(times),
                          static_cast<char>('0' + (found - units.begin())));
    times = 1;
  }
  return digits;
}

std::vector<std::string> words_in(const Sample& sample, const Sample::Part& part) {
  return {sample.words.begin() + static_cast<std::ptrdiff_t>(part.begin),
          sample.words.begin() + static_cast<std::ptrdiff_t>(part.end)};
}

void check_dates(const Sample& sample, const Act& act, calendar::LocalTime now) {
  auto* when = sample.part("when");
  if (!when) when = sample.part("the_day");
  if (!when) return;
  auto plain = join(words_of(sample.text(*when)));
  if (plain.starts_with("the ")) plain = "on " + plain;
  auto alone = calendar::parse_natural_date(plain, now);
  EXPECT_EQ(act.date.problem, alone.problem);
  EXPECT_EQ(act.date.when.first_day, alone.when.first_day);
  EXPECT_EQ(act.date.when.last_day, alone.when.last_day);
  EXPECT_EQ(act.date.when.earliest, alone.when.earliest);
  EXPECT_EQ(act.date.when.latest, alone.when.latest);
  if (alone.problem != calendar::DateProblem::none) return;
  if (auto* ordinal = sample.part("ordinal"); ordinal && !sample.part("pick")) {
    // "The third" alone says too little without the question it answers.
    EXPECT_TRUE(act.date.when.exact_day());
  }
  // And not only the same as alone, but right.
  if (auto* weekday = sample.part("weekday")) {
    ASSERT_TRUE(act.date.when.exact_day());
    std::chrono::weekday day{std::chrono::local_days(*act.date.when.first_day)};
    const std::vector<std::string> names{"sunday",   "monday", "tuesday", "wednesday",
                                         "thursday", "friday", "saturday"};
    EXPECT_EQ(names[day.c_encoding()], sample.text(*weekday));
  }
  auto* hour = sample.part("hour");
  auto* time = sample.part("time");
  if (!hour || !time) return;
  const std::vector<std::string> names{"twelve", "one",   "two",   "three", "four", "five",
                                       "six",    "seven", "eight", "nine",  "ten",  "eleven"};
  ASSERT_TRUE(act.date.when.exact_time());
  auto expected = std::ranges::find(names, sample.text(*hour)) - names.begin();
  auto got = *act.date.when.earliest;
  if (sample.text(*time).find("quarter to") != std::string::npos) got += minutes(15);
  EXPECT_EQ(got.count() / 60 % 12, expected);
}

void check_people(const Sample& sample, const Act& act) {
  for (auto rule : {"name", "full_name"})
    if (auto* name = sample.part(rule)) EXPECT_EQ(act.name, as_name(words_in(sample, *name)));
  if (auto* spelled = sample.part("spelled_name")) {
    std::string letters;
    for (const auto& word : words_in(sample, *spelled)) letters += word[0];
    EXPECT_EQ(act.name, as_name({letters}));
  }
  auto* phone = sample.part("phone");
  if (!phone) phone = sample.part("phone_part");
  if (!phone) return;
  auto digits = digits_meant(words_in(sample, *phone));
  if (auto number = phone_from(digits); !number.empty())
    EXPECT_EQ(act.phone, number);
  else
    EXPECT_EQ(act.digits, digits);
}

void check_intent(const Sample& sample, const Act& act) {
  const std::map<std::string, Intent> intents{
      {"repeat", Intent::repeat},   {"help", Intent::help},         {"human", Intent::human},
      {"goodbye", Intent::goodbye}, {"abandon", Intent::abandon},   {"message", Intent::message},
      {"hours", Intent::hours},     {"prices", Intent::prices},     {"address", Intent::address},
      {"contact", Intent::contact}, {"services", Intent::services}, {"robot", Intent::robot},
      {"booking", Intent::book},    {"move", Intent::move},         {"cancel", Intent::cancel},
      {"lookup", Intent::lookup},   {"thanks", Intent::thanks}};
  for (const auto& [rule, intent] : intents)
    if (sample.part(rule)) EXPECT_EQ(to_string(act.intent), to_string(intent));
  if (sample.part("yes")) EXPECT_EQ(act.answer, std::optional(true));
  if (sample.part("no")) EXPECT_EQ(act.answer, std::optional(false));
  if (sample.part("soonest")) EXPECT_TRUE(act.date.when.soonest);
}

void check_choices(const Sample& sample, const Act& act) {
  if (auto* nth = sample.part("nth")) {
    const std::vector<std::string> names{"first", "second", "third"};
    EXPECT_EQ(act.choice, std::ranges::find(names, sample.text(*nth)) - names.begin());
  }
  if (auto* number = sample.part("number")) {
    const std::vector<std::string> names{"one", "two", "three"};
    EXPECT_EQ(act.choice, std::ranges::find(names, sample.text(*number)) - names.begin());
  }
  if (auto* part = sample.part("part_wrong")) {
    const std::map<std::string, Act::Part> parts{{"time", Act::Part::time},
                                                 {"day", Act::Part::day},
                                                 {"date", Act::Part::day},
                                                 {"name", Act::Part::name},
                                                 {"service", Act::Part::service}};
    EXPECT_EQ(act.part, parts.at(sample.text(*part)));
  }
}

/// The property that makes booking by voice work: what the recognizer may hear is understood.
TEST_P(Grammars, EverySentenceIsUnderstoodAsMeant) {
  JsgfSampler sampler(grammar.body(GetParam()));
  auto* seed = std::getenv("SEED");  // draws other sentences; a failure prints them
  SeededRandom random(seed ? std::strtoull(seed, nullptr, 10) : 42);
  std::set<std::string> wrong;
  auto problems = [] {
    return ::testing::UnitTest::GetInstance()->current_test_info()->result()->total_part_count();
  };
  for (int i = 0; i < samples_per_state && wrong.size() < 25; ++i) {
    auto before = problems();
    auto sample = sampler.draw(random);
    SCOPED_TRACE(fmt::format("\"{}\"", sample.text()));
    auto act = understanding.understand(
        {.text = sample.text(), .confidence = 0.9, .alternatives = {}}, situation(GetParam()));
    check_dates(sample, act, now);
    check_people(sample, act);
    check_intent(sample, act);
    check_choices(sample, act);
    for (std::size_t service = 0; service < profile.services.size(); ++service)
      if (sample.part(fmt::format("service_{}", service)))
        EXPECT_EQ(act.services, std::vector<std::size_t>{service});
    if (problems() > before) wrong.insert(sample.text());
    if (problems() > before)
      ADD_FAILURE() << "intent " << to_string(act.intent) << ", name " << act.name
                    << ", date words " << act.date.words << ", choice " << act.choice.value_or(99);
  }
}

/// The grammars for a part of an answer: a day or a time alone, a name spelled, keep to the same
/// meaning.
TEST(PartGrammars, EverySentenceIsUnderstoodAsMeant) {
  auto profile = dental_practice();
  Understanding understanding(profile);
  Grammar grammar(profile, understanding.lexicon());
  auto now = calendar::parse_local("2026-03-02T10:00").value();
  Situation situation{
      .asked = Asked::when, .busy = true, .now = now, .offers = {}, .offer_services = {}};
  for (const auto& body : {grammar.day_body(), grammar.time_body(), grammar.spelling_body()}) {
    situation.asked = body == grammar.spelling_body() ? Asked::name : Asked::when;
    JsgfSampler sampler(body);
    SeededRandom random(42);
    for (int i = 0; i < samples_per_state; ++i) {
      auto sample = sampler.draw(random);
      SCOPED_TRACE(sample.text());
      auto act = understanding.understand(
          {.text = sample.text(), .confidence = 0.9, .alternatives = {}}, situation);
      check_intent(sample, act);
      check_people(sample, act);
      if (sample.part("day") && act.date.problem == calendar::DateProblem::none)
        EXPECT_TRUE(act.date.when.exact_day());
      if (sample.part("clock")) EXPECT_TRUE(act.date.when.exact_time());
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST_P(Grammars, SphinxReadsThemAndTheyAreSmall) {
  auto text = "#JSGF V1.0;\ngrammar parley;\n" + grammar.body(GetParam());
  auto* parsed = jsgf_parse_string(text.c_str(), nullptr);
  ASSERT_TRUE(parsed) << text;
  auto* rule = jsgf_get_public_rule(parsed);
  ASSERT_TRUE(rule);
  EXPECT_STREQ(jsgf_rule_name(rule), "<parley.utterance>");
  auto* math = logmath_init(1.0001, 0, 0);
  auto* fsg = jsgf_build_fsg(parsed, rule, math, 6.5F);
  ASSERT_TRUE(fsg);
  int arcs = 0;
  for (int state = 0; state < fsg_model_n_state(fsg); ++state) {
    for (auto* arc = fsg_model_arcs(fsg, state); arc; arc = fsg_arciter_next(arc)) ++arcs;
  }
  std::printf("%s: %d states, %d arcs, %zu words\n", std::string(to_string(GetParam())).c_str(),
              fsg_model_n_state(fsg), arcs, static_cast<std::size_t>(fsg_model_n_word(fsg)));
  EXPECT_GT(arcs, 10);
  EXPECT_LT(arcs, most_arcs);
  fsg_model_free(fsg);
  jsgf_grammar_free(parsed);
  logmath_free(math);
}

TEST_P(Grammars, WordsAreInTheSpeechDictionary) {
  std::ifstream file("/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict");
  if (!file) GTEST_SKIP() << "pocketsphinx-en-us is not installed";
  std::set<std::string> known;
  for (std::string line; std::getline(file, line);) known.insert(line.substr(0, line.find(' ')));
  JsgfSampler sampler(grammar.body(GetParam()));
  SeededRandom random(7);
  std::set<std::string> unknown;
  for (int i = 0; i < samples_per_state; ++i)
    for (const auto& word : sampler.draw(random).words)
      if (!known.contains(word)) unknown.insert(word);
  EXPECT_THAT(unknown, ::testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(States, Grammars, ::testing::ValuesIn(states_with_grammar()),
                         [](const auto& state) { return std::string(to_string(state.param)); });

std::vector<std::string> practice_documents() {
  return {"mouth guards for sports",
          "we make mouth guards for sports a mouth guard costs ninety five dollars",
          "free parking is behind the building",
          "we accept delta dental and most insurance plans",
          "the membership plan includes two cleanings a year",
          "children are welcome from their second birthday on"};
}

/// What the documents are about can be asked, and asking is no booking.
TEST(TopicGrammar, QuestionsAboutTheDocumentsAreQuestions) {
  auto profile = dental_practice();
  Understanding understanding(profile);
  Expectations expectations(profile, understanding.lexicon(), practice_documents());
  auto& grammar = expectations.get(Asked::open)->grammar;
  EXPECT_THAT(grammar, ::testing::HasSubstr("mouth guard |"));
  EXPECT_THAT(grammar, ::testing::HasSubstr("parking"));
  EXPECT_THAT(grammar, ::testing::Not(::testing::HasSubstr("dollars")));
  JsgfSampler sampler(grammar);
  SeededRandom random(42);
  int asked = 0;
  for (int i = 0; i < 20 * samples_per_state && asked < 500; ++i) {
    auto sample = sampler.draw(random);
    if (!sample.part("topic_question")) continue;
    ++asked;
    auto act = understanding.understand(
        {.text = sample.text(), .confidence = 0.9, .alternatives = {}},
        {.asked = Asked::open, .busy = false, .now = {}, .offers = {}, .offer_services = {}});
    EXPECT_THAT(act.intent, ::testing::AnyOf(Intent::question, Intent::prices, Intent::offered,
                                             Intent::duration, Intent::services))
        << sample.text() << ": " << to_string(act.intent);
  }
  EXPECT_EQ(asked, 500);
}

/// Many documents do not make the open question too large to listen for.
TEST(TopicGrammar, IsBounded) {
  auto profile = dental_practice();
  Understanding understanding(profile);
  std::vector<std::string> documents;
  auto word = [](int n) {
    std::string made = "sub";
    for (; n > 0; n /= 26) made += static_cast<char>('a' + n % 26);
    return made;
  };
  for (int i = 1; i < 2000; ++i)
    documents.push_back(word(i) + " " + word(i * 7) + " " + word(i * 3));
  Expectations expectations(profile, understanding.lexicon(), documents);
  JsgfSampler sampler(expectations.get(Asked::open)->grammar);
  EXPECT_LT(expectations.get(Asked::open)->grammar.size(), 64U << 10U);
  EXPECT_LE(expectations.get(Asked::open)->sentences.size(), 3000u);
}

TEST(Expectations, HaveDistinctStableFingerprints) {
  auto profile = dental_practice();
  ServiceLexicon lexicon(profile);
  std::vector<std::string> documents{"we accept most dental insurance plans"};
  Expectations first(profile, lexicon, documents);
  Expectations again(profile, lexicon, documents);
  Expectations other(profile, lexicon, {});
  std::set<std::string> seen;
  for (auto asked : states_with_grammar()) {
    EXPECT_TRUE(seen.insert(first.get(asked)->fingerprint).second);
    EXPECT_EQ(first.get(asked)->fingerprint, again.get(asked)->fingerprint);
  }
  EXPECT_NE(first.get(Asked::open)->fingerprint, other.get(Asked::open)->fingerprint);
  EXPECT_THAT(first.get(Asked::open)->sentences, ::testing::Contains(documents[0]));
  EXPECT_THAT(first.get(Asked::open)->sentences, ::testing::Contains("do you accept insurance"));
  EXPECT_THAT(first.get(Asked::open)->keywords, ::testing::Contains("Root canal"));
  EXPECT_EQ(first.get(Asked::message)->grammar, "") << "a message may be anything";
}

TEST(Expectations, NamesOfServicesCannotBreakTheGrammar) {
  auto profile = dental_practice();
  profile.services[0].name = "Cut; <evil> = (a | b)* {tag} // \"x\"";
  profile.services[1].name = "+++";
  profile.services[1].aliases = {};
  Understanding understanding(profile);
  Grammar grammar(profile, understanding.lexicon());
  auto text = "#JSGF V1.0;\ngrammar parley;\n" + grammar.body(Asked::open);
  auto* parsed = jsgf_parse_string(text.c_str(), nullptr);
  ASSERT_TRUE(parsed) << text;
  jsgf_grammar_free(parsed);
}

}  // namespace
}  // namespace parley::dialog::testing
