// How many callers get the appointment they want from the embedded engines: whole calls in virtual
// time, ten voices, noise of 20 and 10 dB, other noise with each seed.
//
//   booking_calls [--seeds N] [--first SEED] [--caller K] [--show]
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "simulated_call.hpp"

namespace parley {
namespace {

struct Tally {
  int calls = 0;
  int booked = 0;
  int by_voice = 0;
  int named = 0;
  int wrong = 0;
  int turns = 0;
};

void print(const std::string& title, const Tally& t) {
  std::printf(
      "%-34s %3d calls  booked %3d  by voice alone %3d  right name %3d  wrong %d  turns %.1f\n",
      title.c_str(), t.calls, t.booked, t.by_voice, t.named, t.wrong,
      static_cast<double>(t.turns) / std::max(1, t.calls));
  std::fflush(stdout);
}

}  // namespace
}  // namespace parley

int main(int argc, char** argv) {
  using namespace parley;
  int seeds = 3;
  std::uint64_t first = 1;
  int only = -1;
  bool show = false;
  CLI::App app("booking by voice with the embedded engines");
  app.add_option("--seeds", seeds)->check(CLI::PositiveNumber);
  app.add_option("--first", first);
  app.add_option("--caller", only, "one of the ten callers, from 0");
  app.add_flag("--show", show, "the calls that did not go straight to the appointment");
  CLI11_PARSE(app, argc, argv);
  simulation::Listener listener;
  auto people = callers::booking_callers();
  Tally all;
  for (std::size_t i = 0; i < people.size(); ++i) {
    if (only >= 0 && i != static_cast<std::size_t>(only)) continue;
    Tally tally;
    for (std::uint64_t seed = first; seed < first + static_cast<std::uint64_t>(seeds); ++seed) {
      auto call = simulation::book_by_voice(listener, i, seed);
      for (auto* t : {&tally, &all}) {
        ++t->calls;
        t->booked += call.booked;
        t->by_voice += call.booked && call.keys == 0;
        t->named += call.booked && call.named;
        t->wrong += call.wrong;
        t->turns += call.report.caller_turns;
      }
      if (show && !(call.booked && call.named && call.keys == 0))
        std::printf("---- seed %llu, %d keys%s\n%s", static_cast<unsigned long long>(seed),
                    call.keys, call.wrong ? ", WRONG" : "", call.transcript.c_str());
    }
    print(fmt::format("{} at {:.0f} dB", people[i].sound.voice, people[i].sound.noise_db), tally);
  }
  print("all", all);
  const std::vector<std::pair<std::string, std::string>> questions{
      {"how much is a mouth guard", "ninety five"},     {"is there parking", "behind the building"},
      {"do you accept delta dental", "cigna"},          {"do you take credit cards", "debit cards"},
      {"what about the membership plan", "membership"}, {"how much are whitening trays", "trays"}};
  int asked = 0, answered = 0, at_once = 0;
  for (std::size_t i = 0; i < people.size(); ++i) {
    if (only >= 0 && i != static_cast<std::size_t>(only)) continue;
    for (const auto& [question, answer] : questions) {
      auto sound = people[i].sound;
      sound.seed = first;
      auto call = simulation::ask_by_voice(listener, sound, question, answer);
      ++asked;
      answered += call.answered;
      at_once += call.answered && call.tries == 1;
      if (show && !(call.answered && call.tries == 1))
        std::printf("---- %s\n%s", sound.voice.c_str(), call.transcript.c_str());
    }
  }
  std::printf("questions that only documents answer: %d of %d answered, %d at the first try\n",
              answered, asked, at_once);
  return 0;
}
