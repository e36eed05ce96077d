#include "understanding.hpp"

#include <gtest/gtest.h>

#include "dental.hpp"

namespace parley::dialog {
namespace {

/// Sentences that no grammar writes, and what they must mean.
struct Heard {
  Asked asked;
  const char* text;
  const char* meaning;  ///< "intent; fact; fact"
};

std::string described(const Act& act, const business::Profile& profile) {
  std::string out(to_string(act.intent));
  if (act.answer) out += *act.answer ? "; yes" : "; no";
  for (auto index : act.services) out += "; " + profile.services[index].id.str().substr(4);
  const auto& when = act.date.when;
  if (when.first_day)
    out += "; " + calendar::to_text(*when.first_day) +
           (when.exact_day() ? "" : ".." + calendar::to_text(*when.last_day));
  if (when.earliest) {
    auto clock = [](std::chrono::minutes m) {
      return std::to_string(m.count() / 60) + ":" + (m.count() % 60 < 10 ? "0" : "") +
             std::to_string(m.count() % 60);
    };
    out += "; " + clock(*when.earliest) + (when.exact_time() ? "" : ".." + clock(*when.latest));
  }
  if (when.soonest) out += "; soonest";
  if (act.date.problem != calendar::DateProblem::none) out += "; impossible";
  if (!act.name.empty()) out += "; " + act.name;
  if (!act.phone.empty()) out += "; " + act.phone;
  if (!act.digits.empty()) out += "; digits " + act.digits;
  if (act.choice) out += "; choice " + std::to_string(*act.choice + 1);
  if (act.same_time) out += "; same time";
  return out;
}

class Sentences : public ::testing::TestWithParam<Heard> {};

TEST_P(Sentences, MeanWhatTheyMean) {
  auto profile = testing::dental_practice();
  Understanding understanding(profile);
  auto now = calendar::parse_local("2026-03-02T10:00").value();
  Situation situation{.asked = GetParam().asked,
                      .busy = GetParam().asked != Asked::open,
                      .now = now,
                      .offers = {},
                      .offer_services = {}};
  if (situation.asked == Asked::choice)
    situation.offers = {now + std::chrono::minutes(270),
                        now + std::chrono::hours(6)};  // 2:30 PM, 4 PM
  auto act = understanding.understand(
      {.text = GetParam().text, .confidence = 1.0, .alternatives = {}}, situation);
  EXPECT_EQ(described(act, profile), GetParam().meaning) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Open, Sentences,
    ::testing::Values(
        Heard{Asked::open, "I'd like to book a cleaning tomorrow at two, my name is Anna",
              "book; cleaning; 2026-03-03; 14:00; Anna"},
        Heard{Asked::open,
              "hi this is john smith i need to come in for a filling next monday morning",
              "book; filling; 2026-03-09; 6:00..12:00; John Smith"},
        Heard{Asked::open, "do you have anything on thursday after three",
              "book; 2026-03-05; 15:00..24:00"},
        Heard{Asked::open, "can you fit me in today", "book; 2026-03-02"},
        Heard{Asked::open, "i have two questions", "question"},
        Heard{Asked::open, "when is your next opening", "book; soonest"},
        Heard{Asked::open, "whats the earliest you can see me for a root canal",
              "inform; root; soonest"},
        Heard{Asked::open, "i can't make it on wednesday", "cancel"},
        Heard{Asked::open, "i have to push my cleaning back", "move; cleaning"},
        Heard{Asked::open, "when am i booked", "lookup"},
        Heard{Asked::open, "what is my wife's appointment", "lookup"},
        Heard{Asked::open, "please tell doctor lee that i will be late", "message"},
        Heard{Asked::open, "are you open this saturday", "hours; 2026-03-07"},
        Heard{Asked::open, "what time do you close on friday", "hours; 2026-03-06"},
        Heard{Asked::open, "how much do you charge for a filling", "prices; filling"},
        Heard{Asked::open, "does whitening hurt", "question; whitening"},
        Heard{Asked::open, "do you guys do root canals", "offered; root"},
        Heard{Asked::open, "where can i park", "question"},
        Heard{Asked::open, "do you take insurance", "question"},
        Heard{Asked::open, "are you a real person or a robot", "robot"},
        Heard{Asked::open, "let me talk to a human", "human"},
        Heard{Asked::open, "no thank you that's all", "goodbye; no"},
        Heard{Asked::open, "", "none"}, Heard{Asked::open, "um uh", "none"},
        Heard{Asked::open, "february 30th at two", "inform; 14:00; impossible"}),
    [](const auto& test) { return "s" + std::to_string(test.index); });

INSTANTIATE_TEST_SUITE_P(
    Asked, Sentences,
    ::testing::Values(Heard{Asked::confirm, "no, make it thursday", "inform; no; 2026-03-05"},
                      Heard{Asked::confirm, "actually three o'clock", "inform; 15:00"},
                      Heard{Asked::confirm, "not the cleaning, a filling", "inform; no; filling"},
                      Heard{Asked::confirm, "yeah that's perfect thank you", "thanks; yes"},
                      Heard{Asked::confirm, "nope", "none; no"},
                      Heard{Asked::confirm, "uh huh", "none; yes"},
                      Heard{Asked::confirm, "no problem", "none; yes"},
                      Heard{Asked::choice, "two", "inform; 14:00; choice 2"},
                      Heard{Asked::choice, "four", "inform; 16:00; choice 2"},
                      Heard{Asked::choice, "the earlier one", "none; choice 1"},
                      Heard{Asked::choice, "two thirty works", "inform; 14:30; choice 1"},
                      Heard{Asked::choice, "the last one please", "none; choice 2"},
                      Heard{Asked::name, "john price", "inform; John Price"},
                      Heard{Asked::name, "what are your hours", "hours"},
                      Heard{Asked::name, "it's for my son tommy baker", "inform; Tommy Baker"},
                      Heard{Asked::phone, "two one two", "none; digits 212"},
                      Heard{Asked::phone, "it's two one two five five five oh one double zero",
                            "inform; +12125550100"},
                      Heard{Asked::when, "the third", "inform; 2026-03-03"},
                      Heard{Asked::when, "whenever", "inform; soonest"},
                      Heard{Asked::when, "three", "inform; 15:00"},
                      Heard{Asked::when, "the same time", "inform; same time"},
                      Heard{Asked::service, "a feeling", "inform; filling"}),
    [](const auto& test) { return "s" + std::to_string(test.index); });

}  // namespace
}  // namespace parley::dialog
