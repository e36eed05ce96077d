// From the caller's first sound to `clear`, in whole calls in virtual time: synthesised callers and
// agents over noise, with and without the agent's echo on the caller's channel. And how often the
// echo alone stops the agent. Voices are the same on both sides in a quarter of the calls, which is
// the hardest case for the echo guard.
//
//   barge_in_bench [--calls N]
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "booking_corpus.hpp"
#include "parley/testkit/caller_audio.hpp"
#include "simulated_line.hpp"

namespace parley {
namespace {

using namespace std::chrono_literals;
using voice::testing::Call;

const std::vector<std::string> voices{"slt", "rms", "awb", "kal16"};

audio::Samples over_the_line(const std::string& voice, const std::string& words, std::uint64_t seed,
                             double level_dbfs) {
  auto spoken = corpus::speak(voice, words);
  return testkit::over_the_telephone(spoken.samples, spoken.rate_hz,
                                     {.snr_db = 100,
                                      .seed = seed,
                                      .level_dbfs = level_dbfs,
                                      .lead = Duration{},
                                      .tail = Duration{}});
}

/// Where the voice rises above a whisper.
Duration first_sound(const audio::Samples& samples) {
  for (std::size_t at = 0; at + 80 <= samples.size(); at += 80) {
    double energy = 0;
    for (std::size_t i = at; i < at + 80; ++i) energy += double(samples[i]) * samples[i];
    if (energy / 80 > 300.0 * 300.0)
      return std::chrono::microseconds(125) * static_cast<std::int64_t>(at);
  }
  return {};
}

struct Setting {
  std::string title;
  std::optional<double> echo_db;
  bool caller_speaks = true;
};

struct Figures {
  std::vector<double> to_clear_ms;
  int never = 0;
  int stopped_before = 0;  ///< by nothing that the caller said
};

void one_call(std::uint64_t seed, const Setting& setting, Figures& figures) {
  SeededRandom random(seed);
  Call call;
  call.greeting = "agent";
  call.synthesizer.voice = over_the_line(
      voices[seed % voices.size()],
      "we are open from monday to friday between eight and six and on saturday until noon the next "
      "free appointment is on tuesday at three in the afternoon or on wednesday at ten",
      seed, -20);
  auto words =
      over_the_line(voices[(seed / 4) % voices.size()],
                    seed % 2 ? "wait a moment please" : "no i need another day", seed, -22);
  auto noise = testkit::over_the_telephone(audio::Samples(8 * 8000, 0), 8000,
                                           {.snr_db = 22, .seed = seed, .level_dbfs = -22});
  auto begins =
      Duration(2s) + std::chrono::milliseconds(static_cast<int>(random.next_u64() % 3000));
  begins -= begins % Duration(audio::frame_length);
  if (setting.caller_speaks)
    for (std::size_t i = 0; i < words.size(); ++i) {
      auto& under = noise.at(static_cast<std::size_t>(begins / std::chrono::microseconds(125)) + i);
      under = static_cast<std::int16_t>(std::clamp(under + words[i], -32768, 32767));
    }
  call.caller.emplace_back(Duration{}, std::move(noise));
  if (setting.echo_db)
    call.echo = {*setting.echo_db,
                 std::chrono::milliseconds(20 + static_cast<int>(random.next_u64() % 280))};
  call.recognizer.words = {"wait a moment please"};
  call.recognizer.partials = {{35, "wait a moment"}};
  call.hang_up_after = 7500ms;
  call.run();
  auto spoke = call.line->start + begins + first_sound(words);
  std::optional<TimePoint> stopped;
  for (auto at : call.line->clear_times) {
    bool early = !setting.caller_speaks || at < spoke;
    figures.stopped_before += early;
    if (!early && !stopped) stopped = at;
  }
  if (!setting.caller_speaks) return;
  if (stopped)
    figures.to_clear_ms.push_back(
        std::chrono::duration<double, std::milli>(*stopped - spoke).count());
  else
    ++figures.never;
}

void print(const Setting& setting, Figures& figures, int calls) {
  auto& took = figures.to_clear_ms;
  std::ranges::sort(took);
  auto at = [&](double q) {
    if (took.empty()) return 0.0;
    return took[std::min(took.size() - 1, static_cast<std::size_t>(q * double(took.size())))];
  };
  auto late = std::ranges::count_if(took, [](double ms) { return ms > 200; });
  fmt::print("{:<34} {:4} calls", setting.title, calls);
  if (setting.caller_speaks)
    fmt::print("  to clear p50 {:3.0f} ms  p99 {:3.0f} ms  over 200 ms {:3}  never {}", at(0.5),
               at(0.99), late, figures.never);
  fmt::print("  stopped without cause {}\n", figures.stopped_before);
  std::fflush(stdout);
}

}  // namespace
}  // namespace parley

int main(int argc, char** argv) {
  using namespace parley;
  int calls = 100;
  CLI::App app("from the caller's first sound to the carrier's clear");
  app.add_option("--calls", calls)->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  for (const auto& setting :
       {Setting{"no echo", {}}, Setting{"echo -25 dB", -25}, Setting{"echo -12 dB", -12},
        Setting{"echo -6 dB", -6}, Setting{"echo -25 dB, silent caller", -25, false},
        Setting{"echo -12 dB, silent caller", -12, false},
        Setting{"echo -6 dB, silent caller", -6, false}}) {
    Figures figures;
    for (int i = 1; i <= calls; ++i) one_call(static_cast<std::uint64_t>(i), setting, figures);
    print(setting, figures, calls);
  }
}
