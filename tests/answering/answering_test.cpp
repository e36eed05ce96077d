// How often, and how soon, the detector knows who picked up.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "answers.hpp"

namespace parley::answering {
namespace {

using namespace std::chrono_literals;
using audio::AnswerDetector;
using audio::AnswerKind;

double seconds(Duration length) { return std::chrono::duration<double>(length).count(); }

struct Outcome {
  audio::AnswerVerdict verdict;
  AnswerKind first = AnswerKind::undecided;  ///< before anything corrected it
};

enum class Words { none, as_said };

/// The words known so far, when they are recognized 600 ms after they are said.
std::string words_by(const Answer& answer, Duration now) {
  auto length = answer.words_end - answer.words_begin;
  auto share = seconds(now - 600ms - answer.words_begin) / std::max(0.1, seconds(length));
  auto count = static_cast<std::size_t>(static_cast<double>(answer.words.size()) *
                                        std::clamp(share, 0.0, 1.0));
  return answer.words.substr(0, answer.words.rfind(' ', count) == std::string::npos || share >= 1
                                    ? (share >= 1 ? answer.words.size() : 0)
                                    : answer.words.rfind(' ', count));
}

Outcome listen_to(const Answer& answer, Words words) {
  AnswerDetector detector;
  Outcome outcome;
  auto samples = std::span(answer.samples);
  for (std::size_t at = 0; at + 160 <= samples.size(); at += 160) {
    detector.process(samples.subspan(at, 160));
    if (words == Words::as_said) detector.hear(words_by(answer, detector.now()));
    if (outcome.first == AnswerKind::undecided) outcome.first = detector.verdict().kind;
  }
  outcome.verdict = detector.verdict();
  return outcome;
}

struct Tally {
  int right = 0, wrong = 0, undecided = 0, all = 0;
  int corrected = 0;  ///< right in the end, after a first verdict that was not
  std::vector<double> took;
  double at(double share) {
    if (took.empty()) return 0;
    std::ranges::sort(took);
    return took[static_cast<std::size_t>(share * static_cast<double>(took.size() - 1))];
  }
};
struct Beeps {
  int there = 0, heard = 0, false_ones = 0;
  double latest_ms = 0;
};
struct Measured {
  std::map<AnswerKind, Tally> by_kind;
  Beeps beeps;
  int right = 0, all = 0;
};

Measured measure(Set set, Words words) {
  Measured measured;
  for (const auto& answer : answers(set)) {
    auto outcome = listen_to(answer, words);
    auto& tally = measured.by_kind[answer.kind];
    ++tally.all;
    ++measured.all;
    auto kind = outcome.verdict.kind;
    // Without words an assistant's question and a mailbox's greeting sound the same.
    bool right = kind == answer.kind || (words == Words::none && kind == AnswerKind::machine &&
                                         answer.kind == AnswerKind::screening);
    if (right) {
      ++tally.right;
      ++measured.right;
      tally.corrected += outcome.first != kind ? 1 : 0;
      tally.took.push_back(seconds(outcome.verdict.at - answer.words_begin));
    } else {
      ++(kind == AnswerKind::undecided ? tally.undecided : tally.wrong);
      fmt::print("  {} taken for {}: {}\n", to_string(answer.kind), to_string(kind), answer.name);
    }
    if (answer.beep_end) {
      ++measured.beeps.there;
      auto& beep = outcome.verdict.beep;
      bool heard = beep && *beep >= *answer.beep_end && *beep < *answer.beep_end + 300ms;
      measured.beeps.heard += heard ? 1 : 0;
      if (heard)
        measured.beeps.latest_ms =
            std::max(measured.beeps.latest_ms, 1000 * seconds(*beep - *answer.beep_end));
      else
        fmt::print("  beep {}: {}\n", beep ? "at another time" : "not heard", answer.name);
    } else if (outcome.verdict.beep) {
      ++measured.beeps.false_ones;
      fmt::print("  a beep that was none: {}\n", answer.name);
    }
  }
  fmt::print("{:<10} {:>5} {:>6} {:>6} {:>10} {:>10} {:>8} {:>8}\n", "", "all", "right", "wrong",
             "undecided", "corrected", "p50 s", "p95 s");
  for (auto& [kind, tally] : measured.by_kind)
    fmt::print("{:<10} {:>5} {:>6} {:>6} {:>10} {:>10} {:>8.2f} {:>8.2f}\n", to_string(kind),
               tally.all, tally.right, tally.wrong, tally.undecided, tally.corrected, tally.at(0.5),
               tally.at(0.95));
  auto& beeps = measured.beeps;
  fmt::print("beeps: {} of {} heard, at most {:.0f} ms after their end; {} false\n\n", beeps.heard,
             beeps.there, beeps.latest_ms, beeps.false_ones);
  return measured;
}

double share(int part, int of) { return static_cast<double>(part) / of; }

TEST(Answering, KnownAnswersBySoundAlone) {
  auto measured = measure(Set::known, Words::none);
  EXPECT_GE(share(measured.right, measured.all), 0.93);
  EXPECT_GE(share(measured.beeps.heard, measured.beeps.there), 0.95);
  EXPECT_EQ(measured.beeps.false_ones, 0);
}

TEST(Answering, UnseenAnswersBySoundAlone) {
  auto measured = measure(Set::unseen, Words::none);
  EXPECT_GE(share(measured.right, measured.all), 0.90);
  EXPECT_GE(share(measured.beeps.heard, measured.beeps.there), 0.95);
  EXPECT_EQ(measured.beeps.false_ones, 0);
}

TEST(Answering, UnseenAnswersWithTheirWords) {
  auto measured = measure(Set::unseen, Words::as_said);
  EXPECT_GE(share(measured.right, measured.all), 0.90);
  auto& screening = measured.by_kind[AnswerKind::screening];
  EXPECT_GE(share(screening.right, screening.all), 0.95);
}

}  // namespace
}  // namespace parley::answering
