#include "text.hpp"

#include <gtest/gtest.h>

#include "dental.hpp"
#include "opening.hpp"
#include "own_words.hpp"
#include "phrases.hpp"
#include "services.hpp"
#include "spoken.hpp"

namespace parley::dialog {
namespace {

TEST(Text, WordsWithoutPunctuation) {
  EXPECT_EQ(words_of("At 2:30 p.m., O\xE2\x80\x99"
                     "Brien's check-up!"),
            (Words{"at", "2:30", "pm", "o'brien's", "check", "up"}));
  EXPECT_EQ(words_of("2pm, 10:15AM 3/14 2026-03-14 $12"),
            (Words{"2", "pm", "10:15", "am", "3/14", "2026-03-14", "12"}));
  EXPECT_EQ(words_of(" \n\t ... -- '' "), Words{});
  EXPECT_EQ(words_of("a.m. p. m."), (Words{"am", "p", "m"}));
  EXPECT_EQ(words_of(std::string(100000, 'x')).size(), 1u);
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "w ";
  EXPECT_EQ(words_of(many).size(), 200u);
}

TEST(Text, Patterns) {
  Words words{"please", "say", "that", "again"};
  EXPECT_TRUE(has(words, "say that|it again"));
  EXPECT_TRUE(has(words, "say * again$"));
  EXPECT_TRUE(has(words, "^please say"));
  EXPECT_FALSE(has(words, "^say"));
  EXPECT_FALSE(has(words, "that$"));
  EXPECT_TRUE(has(words, "please kindly? say"));
  EXPECT_FALSE(has(words, "sa"));
  EXPECT_FALSE(has({}, "any"));
}

TEST(Text, Stems) {
  for (auto* word : {"cleaning", "cleanings", "cleaned", "cleans", "clean"})
    EXPECT_EQ(stem_of(word), "clean");
  EXPECT_EQ(stem_of("policies"), stem_of("policy"));
  EXPECT_EQ(stem_of("cancelled"), stem_of("cancel"));
  EXPECT_EQ(stem_of("prices"), stem_of("price"));
}

TEST(Spoken, PhoneNumbers) {
  const std::pair<const char*, const char*> cases[] = {
      {"two one two five five five oh one double zero", "+12125550100"},
      {"my number is 212 555 0100", "+12125550100"},
      {"(212) 555-0100", "+12125550100"},
      {"one two one two five five five oh one oh oh", "+12125550100"},
      {"two twelve five fifty five zero one hundred", "+12125550100"},
      {"area code two one two uh five five five twenty one forty two", "+12125552142"},
      {"eight hundred five five five one two three four", "+18005551234"},
      {"it's triple five two one two four six eight oh", "+15552124680"}};
  for (auto [text, phone] : cases) {
    auto found = find_digits(words_of(text));
    ASSERT_TRUE(found) << text;
    EXPECT_EQ(phone_from(found->digits), phone) << text << " -> " << found->digits;
  }
  for (auto* digits : {"", "123", "0125550100", "1125550100", "22125550100", "212555010012"})
    EXPECT_EQ(phone_from(digits), "") << digits;
}

TEST(Spoken, Names) {
  NameFinder names;
  const std::pair<const char*, const char*> answered[] = {
      {"john smith", "John Smith"},
      {"my name is john smith", "John Smith"},
      {"it's mary", "Mary"},
      {"uh this is anna o'brien", "Anna O'Brien"},
      {"sure it's anna", "Anna"},
      {"j o h n smith", "John Smith"},
      {"smyth s m y t h", "Smyth"},
      {"anna s m i double t", "Anna Smitt"},
      {"zbigniew brzezinski", "Zbigniew Brzezinski"},
      {"will smith", "Will Smith"},
      {"the appointment is for mary jones please", "Mary Jones"},
      {"jos\xC3\xA9 garcia", "Jos\xC3\xA9 Garcia"}};
  for (auto [text, name] : answered) {
    auto found = names.answered(words_of(text));
    ASSERT_TRUE(found) << text;
    EXPECT_EQ(found->name, name) << text;
  }
  for (auto* text : {"", "uh um the", "at two tomorrow", "and the"})
    EXPECT_FALSE(names.answered(words_of(text))) << text;
  for (auto* text : {"i'm calling about my bill", "it's tomorrow", "for tomorrow at two",
                     "for april third", "i am sure", "this is about a filling", "for a while"})
    EXPECT_FALSE(names.announced(words_of(text)))
        << text << " -> " << names.announced(words_of(text))->name;
}

TEST(Services, AreFoundDespiteMishearing) {
  auto profile = testing::dental_practice();
  ServiceLexicon lexicon(profile);
  auto found = [&](const char* text,
                   ServiceLexicon::Context context = ServiceLexicon::Context::any) {
    std::string ids;
    for (const auto& hit : lexicon.find(words_of(text), context))
      ids += (hit.negated ? "-" : "+") + profile.services[hit.index].id.str().substr(4);
    return ids;
  };
  EXPECT_EQ(found("a teeth cleaning please"), "+cleaning");
  EXPECT_EQ(found("two cleanings"), "+cleaning");
  EXPECT_EQ(found("tooth cleaning"), "+cleaning");
  EXPECT_EQ(found("whitening"), "+whitening");
  EXPECT_EQ(found("a checkup"), "+checkup");
  EXPECT_EQ(found("a check up"), "+checkup");
  EXPECT_EQ(found("root canal treatment"), "+root");
  EXPECT_EQ(found("not the cleaning a filling"), "-cleaning+filling");
  EXPECT_EQ(found("a feeling", ServiceLexicon::Context::asked), "+filling");
  EXPECT_EQ(found("i'm feeling sick"), "");
  EXPECT_EQ(found("for example this"), "");
  EXPECT_EQ(found("check my appointment"), "");
}

TEST(Services, TwoThatFitEquallyAreBothGiven) {
  auto profile = testing::dental_practice();
  profile.services[0].aliases = {"consultation"};
  profile.services[1].aliases = {"consultation"};
  ServiceLexicon lexicon(profile);
  EXPECT_EQ(lexicon.find(words_of("a consultation"), ServiceLexicon::Context::any).size(), 2u);
}

TEST(Opening, RefusalsInOrderOfWhatHelpsMost) {
  auto profile = testing::dental_practice();
  auto zone = calendar::Zone::find(profile.time_zone).value();
  auto now = parse_rfc3339("2026-03-02T15:00:00Z").value();
  auto refusal = [&](const char* start) {
    return refusal_of(profile, zone, std::chrono::minutes(60), calendar::parse_local(start).value(),
                      now);
  };
  EXPECT_EQ(refusal("2026-03-03T14:00"), std::nullopt);
  EXPECT_EQ(refusal("2026-03-02T09:00"), Refusal::past);
  EXPECT_EQ(refusal("2026-03-01T09:00"), Refusal::past);
  EXPECT_EQ(refusal("2026-03-02T10:30"), Refusal::too_soon);
  EXPECT_EQ(refusal("2026-03-06T10:00"), Refusal::holiday);
  EXPECT_EQ(refusal("2026-03-08T10:00"), Refusal::closed_day);
  EXPECT_EQ(refusal("2026-03-08T02:30"), Refusal::no_such_time);
  EXPECT_EQ(refusal("2026-03-03T16:30"), Refusal::outside_hours);
  EXPECT_EQ(refusal("2026-12-01T10:00"), Refusal::too_far);
}

TEST(Opening, TheWeekInOneSentence) {
  using std::chrono::minutes;
  auto profile = testing::dental_practice();
  EXPECT_EQ(spoken_week(profile.hours),
            "Monday to Friday, 8 AM to 5 PM, and Saturday, 9 AM to 1 PM");
  business::WeekHours none;
  EXPECT_EQ(spoken_week(none), "");
  business::WeekHours odd;
  odd[0] = odd[1] = {{minutes(540), minutes(720)}, {minutes(780), minutes(1440)}};
  EXPECT_EQ(
      spoken_week(odd),
      "Monday, 9 AM to noon and 1 PM to midnight, and Sunday, 9 AM to noon and 1 PM to midnight");
}

TEST(Phrases, MoneyAndArticles) {
  EXPECT_EQ(phrases::money(12000, "USD"), "120 dollars");
  EXPECT_EQ(phrases::money(8950, "GBP"), "89 pounds and 50 pence");
  EXPECT_EQ(phrases::money(500, "CHF"), "5 CHF");
  EXPECT_EQ(phrases::with_article("Exam"), "an exam");
  EXPECT_EQ(phrases::with_article("X-ray"), "an X-ray");
  EXPECT_EQ(phrases::with_article("MRI scan"), "an MRI scan");
  EXPECT_EQ(phrases::with_article("Braces"), "braces");
  EXPECT_EQ(phrases::listed({"a", "b", "c"}, "or"), "a, b or c");
}

TEST(Phrases, AnOwnGreetingStillSaysWhoAndWhat) {
  auto profile = testing::dental_practice();
  profile.agent.greeting = "Hi there, what can we do for you?";
  auto said = phrases::greeting(profile, true);
  std::string all;
  for (const auto& sentence : said) all += sentence + " ";
  EXPECT_NE(all.find("Bright Smile Dental"), std::string::npos);
  EXPECT_NE(all.find("automated assistant"), std::string::npos);
  EXPECT_NE(all.find("recorded"), std::string::npos);
}

TEST(Phrases, TheQuestionOfAnOwnGreetingIsAskedOnceAndLast) {
  auto profile = testing::dental_practice();
  profile.agent.greeting =
      "Welcome to Bright Smile Dental! I'm the virtual receptionist. What may I do? ";
  std::vector<std::string> wanted{"Welcome to Bright Smile Dental! I'm the virtual receptionist.",
                                  "This call is recorded.", "What may I do?"};
  EXPECT_EQ(phrases::greeting(profile, true), wanted);
  auto model = own_greeting(profile, true);
  EXPECT_EQ(model.front(), wanted.front());
  EXPECT_EQ(model.back(), wanted.back());
  profile.agent.greeting = "?";
  EXPECT_EQ(own_greeting_of(profile.agent).said, "?");
}

}  // namespace
}  // namespace parley::dialog
