// How well callers are understood: conditions x words wrong, sentences right, confidence, cost.
// What is said is drawn from the grammars of the built-in dialogue, and what is expected is the
// dialogue's own: a dental practice with documents.
//
//   speech_accuracy [--every N] [--snr 20,10] [--evidence FILE] [--show]
//
// --every takes each Nth phrase, --evidence writes the measures that confidence is fitted to,
// --show prints what was misheard.
#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <map>

#include "booking_corpus.hpp"
#include "dental.hpp"
#include "expectations.hpp"
#include "hearing.hpp"
#include "jsgf_sampler.hpp"
#include "parley/audio/resampler.hpp"
#include "parley/base/strings.hpp"
#include "parley/testkit/caller_audio.hpp"
#include "stock_recognizer.hpp"

namespace parley::providers::pocketsphinx {
namespace {

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](timeval t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double resident_megabytes() {
  std::ifstream file("/proc/self/statm");
  long pages = 0, resident = 0;
  file >> pages >> resident;
  return static_cast<double>(resident) * 4096.0 / (1 << 20);
}

struct WordErrors {
  int errors = 0;
  int words = 0;
};

WordErrors compare(const std::string& said, const std::string& heard) {
  const auto a = split(said, ' ');
  const auto b = heard.empty() ? std::vector<std::string>{} : split(heard, ' ');
  std::vector<int> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return {row.back(), static_cast<int>(a.size())};
}

struct Tally {
  int sentences = 0;
  int right = 0;
  int errors = 0;
  int words = 0;
  double audio_seconds = 0.0;
  double cpu = 0.0;
  std::vector<double> sure_right, sure_wrong;
};

double middle(std::vector<double> values) {
  if (values.empty()) return 0.0;
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// Chance that a right reading has the higher confidence of the two.
double separation(const std::vector<double>& right, const std::vector<double>& wrong) {
  double wins = 0.0;
  for (double r : right)
    for (double w : wrong) wins += r > w ? 1.0 : r == w ? 0.5 : 0.0;
  const auto pairs = static_cast<double>(right.size() * wrong.size());
  return pairs > 0 ? wins / pairs : 1.0;
}

/// Articles and small courtesies change nothing.
std::string meaning_of(const std::string& text) {
  std::string kept;
  for (const auto& word : split(text, ' '))
    if (word != "a" && word != "an" && word != "the" && word != "please" && word != "on" &&
        word != "my" && word != "your")
      kept += " " + word;
  return kept;
}

struct Phrase {
  std::string state;  ///< of the dialogue
  std::string words;
};

/// What the dialogue expects in each of its states, and sentences drawn from it.
class Practice {
 public:
  Practice() {
    const std::vector<std::string> documents{
        "we make mouth guards for sports",       "free parking is behind the building",
        "we accept delta dental and cigna",      "whitening trays to take home",
        "our membership plan has two cleanings", "children are welcome",
        "you can pay with credit cards",         "the bus lines stop in front of the house"};
    auto profile = dialog::testing::dental_practice();
    dialog::Understanding understanding(profile);
    dialog::Expectations all(profile, understanding.lexicon(), documents);
    using dialog::Asked;
    for (auto asked : {Asked::open, Asked::service, Asked::when, Asked::choice, Asked::name,
                       Asked::phone, Asked::confirm, Asked::doubt, Asked::what_else, Asked::offer})
      add(std::string(to_string(asked)), all.get(asked), asked == Asked::open ? 40 : 12);
    add("day", all.day(), 12);
    add("time", all.time(), 12);
  }
  const std::vector<Phrase>& phrases() const { return phrases_; }
  std::shared_ptr<const speech::Expectation> expectation(const std::string& state) const {
    return expectations_.at(state);
  }

 private:
  void add(const std::string& state, std::shared_ptr<const speech::Expectation> expectation,
           int count) {
    dialog::testing::JsgfSampler sampler(expectation->grammar);
    SeededRandom random(phrases_.size() + 11);
    for (int i = 0; i < count; ++i) phrases_.push_back({state, sampler.draw(random).text()});
    expectations_[state] = std::move(expectation);
  }
  std::vector<Phrase> phrases_;
  std::map<std::string, std::shared_ptr<const speech::Expectation>> expectations_;
};

class Bench {
 public:
  Bench(int every, bool show, const std::string& evidence) : every_(every), show_(show) {
    if (!evidence.empty()) evidence_.open(evidence);
    const auto before = resident_megabytes();
    const auto start = cpu_seconds();
    const PocketsphinxOptions options;
    auto lexicon = Lexicon::load(options.model_directory / "cmudict-en-us.dict");
    if (!lexicon) throw std::runtime_error(lexicon.error().detail);
    engine_ = std::make_shared<Engine>(pool_, options, std::move(*lexicon));
    auto first = engine_->decoders.take();
    if (auto opened = Decoder::open(options.model_directory, ModelKind::grammar))
      first->grammar = std::move(*opened);
    engine_->decoders.give_back(std::move(first));
    std::printf("recognizer with dictionary and one decoder: %.2f s, %.0f MB\n",
                cpu_seconds() - start, resident_megabytes() - before);
    measure_decoders();
  }

  void run(const std::string& title, double snr_db, testkit::Noise noise) {
    std::map<std::string, Tally> by_voice, by_state;
    Tally all;
    for (const auto& voice : corpus::voices()) {
      open_call();
      const auto& phrases = practice_.phrases();
      for (std::size_t i = 0; i < phrases.size(); i += static_cast<std::size_t>(every_)) {
        const auto line = over_line(voice, phrases[i].words, snr_db, noise, i);
        const auto heard = hear(line, phrases[i].state);
        for (auto* tally : {&all, &by_voice[voice], &by_state[phrases[i].state]})
          count(*tally, phrases[i].words, heard);
        note("in", voice, phrases[i].state, phrases[i].words, heard);
      }
    }
    print(title, all);
    for (const auto& [voice, tally] : by_voice) print("  " + voice, tally);
    for (const auto& [state, tally] : by_state) print("  state " + state, tally);
    run_foreign(title, snr_db, noise, all);
  }

  void run_human() {
    auto all = std::make_shared<speech::Expectation>();
    for (const char* name : {"human_0870", "human_0880", "human_0890"})
      all->sentences.push_back(testkit::human_voice(name).words);
    all->fingerprint = "human";
    Tally tally;
    for (double snr : {40.0, 20.0, 10.0}) {
      open_call();
      for (const char* name : {"human_0880", "human_0870", "human_0890"}) {
        const auto voice = testkit::human_voice(name);
        auto line = testkit::over_the_telephone(voice.samples, 8000, {.snr_db = snr, .seed = 5});
        const auto heard = hear_expecting(line, all);
        count(tally, voice.words, heard);
        if (show_ && heard.transcript.text != voice.words)
          std::printf("    %2.0f dB %.2f [%s]\n", snr, heard.transcript.confidence,
                      heard.transcript.text.c_str());
      }
    }
    print("human reader, own sentences as model", tally);
  }

  /// The same sentences, some of all, heard in four ways: what PocketSphinx makes of them as it
  /// comes, what each of our models makes of them alone, and both together, as the recognizer does.
  void compare_ways(const std::vector<double>& snrs) {
    StockRecognizer stock(PocketsphinxOptions{}.model_directory);
    std::printf("%-24s %10s %22s %22s %22s %22s\n", "words wrong (sent. right)", "sentences",
                "stock, general model", "grammar alone", "business model alone", "as used");
    for (auto snr : snrs) {
      std::array<Tally, 4> ways;
      const auto& phrases = practice_.phrases();
      for (const auto& voice : corpus::voices()) {
        open_call();
        for (std::size_t i = 0; i < phrases.size(); i += static_cast<std::size_t>(every_) * 16) {
          const auto& [state, words] = phrases[i];
          const auto line = over_line(voice, words, snr, testkit::Noise::room, i);
          const auto heard = hear(line, state);
          const std::array texts{stock.hear(line), heard.grammar.text, heard.ngram.text,
                                 heard.transcript.text};
          for (std::size_t way = 0; way < ways.size(); ++way) {
            Heard alone;
            alone.transcript.text = texts[way];
            count(ways[way], words, alone);
          }
        }
      }
      std::printf("%-24s %10d", fmt::format("room noise {:.0f} dB", snr).c_str(),
                  ways[0].sentences);
      for (const auto& way : ways)
        std::printf("%22s", fmt::format("{:.1f} % ({:.1f} %)", 100.0 * way.errors / way.words,
                                        100.0 * way.right / way.sentences)
                                .c_str());
      std::printf("\n");
      std::fflush(stdout);
    }
  }

 private:
  struct Heard {
    speech::Transcript transcript;
    double audio_seconds = 0.0;
    double cpu = 0.0;
    Reading grammar, ngram;
  };

  void measure_decoders() {
    const auto directory = PocketsphinxOptions{}.model_directory;
    std::vector<std::unique_ptr<Decoder>> decoders;
    const auto before = resident_megabytes();
    const auto start = cpu_seconds();
    for (int i = 0; i < 4; ++i) {
      auto made = Decoder::open(directory, ModelKind::grammar);
      if (made) decoders.push_back(std::move(*made));
    }
    std::printf("one more decoder: %.3f s, %.1f MB\n", (cpu_seconds() - start) / 4.0,
                (resident_megabytes() - before) / 4.0);
  }

  void open_call() {
    auto same_rate = audio::Resampler::create(8000, 8000);
    ear_ = std::make_unique<Ear>(engine_, std::move(same_rate.value()));
  }

  audio::Samples over_line(const std::string& voice, const std::string& words, double snr_db,
                           testkit::Noise noise, std::size_t seed) {
    auto& spoken = spoken_[voice + "/" + words];
    if (spoken.empty()) spoken = corpus::speak(voice, words).samples;
    return testkit::over_the_telephone(spoken, 16000,
                                       {.snr_db = snr_db, .seed = seed * 31 + 7, .noise = noise});
  }

  Heard hear(const audio::Samples& line, const std::string& state) {
    return hear_expecting(line, practice_.expectation(state));
  }

  Heard hear_expecting(const audio::Samples& line,
                       std::shared_ptr<const speech::Expectation> expectation) {
    Heard heard;
    const auto start = cpu_seconds();
    ear_->expect(std::move(expectation));
    for (std::size_t at = 0; at + 160 <= line.size(); at += 160)
      ear_->hear({audio::Samples(line.begin() + static_cast<std::ptrdiff_t>(at),
                                 line.begin() + static_cast<std::ptrdiff_t>(at + 160))});
    auto finished = ear_->finish();
    if (!finished || !*finished) throw std::runtime_error("the decoder failed");
    heard.transcript = std::move(**finished);
    heard.cpu = cpu_seconds() - start;
    heard.audio_seconds = static_cast<double>(line.size()) / 8000.0;
    heard.grammar = ear_->grammar_reading();
    heard.ngram = ear_->ngram_reading();
    return heard;
  }

  static void count(Tally& tally, const std::string& said, const Heard& heard) {
    const auto wrong = compare(said, heard.transcript.text);
    ++tally.sentences;
    tally.errors += wrong.errors;
    tally.words += wrong.words;
    tally.audio_seconds += heard.audio_seconds;
    tally.cpu += heard.cpu;
    if (wrong.errors == 0) ++tally.right;
    (wrong.errors == 0 ? tally.sure_right : tally.sure_wrong)
        .push_back(heard.transcript.confidence);
  }

  void note(const char* kind, const std::string& voice, const std::string& state,
            const std::string& said, const Heard& heard) {
    if (show_ && heard.transcript.text != said)
      std::printf("    %-16s %-8s %.2f  %s -> [%s] g[%s] n[%s]\n", voice.c_str(), state.c_str(),
                  heard.transcript.confidence, said.c_str(), heard.transcript.text.c_str(),
                  heard.grammar.text.c_str(), heard.ngram.text.c_str());
    if (!evidence_.is_open()) return;
    for (bool grammar : {true, false}) {
      const auto& reading = grammar ? heard.grammar : heard.ngram;
      if (!reading.valid || reading.text.empty()) continue;
      const auto e = weigh(reading, grammar ? heard.ngram : heard.grammar);
      evidence_ << kind << '\t' << (grammar ? 'g' : 'n') << '\t'
                << (meaning_of(reading.text) == meaning_of(said) ? 1 : 0) << '\t' << e.score << '\t'
                << e.acoustic << '\t' << e.agreement << '\t' << e.advantage << '\t' << e.posterior
                << '\t' << e.length << '\t' << state << '\t' << said << '\t' << reading.text
                << '\n';
    }
  }

  void run_foreign(const std::string& title, double snr_db, testkit::Noise noise,
                   const Tally& known) {
    std::vector<double> sure;
    const std::vector<std::string> states{"open", "when", "confirm", "name"};
    int accepted = 0;
    for (const auto& voice : corpus::voices()) {
      open_call();
      const auto& sentences = corpus::foreign_sentences();
      for (std::size_t i = 0; i < sentences.size(); i += static_cast<std::size_t>(every_)) {
        const auto line = over_line(voice, sentences[i], snr_db, noise, i + 1000);
        const auto heard = hear(line, states[i % states.size()]);
        sure.push_back(heard.transcript.text.empty() ? 0.0 : heard.transcript.confidence);
        if (sure.back() >= 0.5) ++accepted;
        note("out", voice, states[i % states.size()], sentences[i], heard);
      }
    }
    // Noise and nothing else.
    std::vector<double> noise_sure;
    open_call();
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      const audio::Samples nothing(16000, 0);
      auto line = testkit::over_the_telephone(
          nothing, 8000, {.snr_db = 0, .seed = seed, .noise = noise, .level_dbfs = -24.0 - snr_db});
      const auto heard = hear(line, states[seed % states.size()]);
      noise_sure.push_back(heard.transcript.text.empty() ? 0.0 : heard.transcript.confidence);
      note("noise", "-", states[seed % states.size()], "", heard);
    }
    std::printf(
        "  %-34s %zu foreign sentences: %d taken for real (confidence >= 0.5), median "
        "%.2f, separation %.3f; 20 pieces of noise: highest %.2f\n",
        (title + ", not expected").c_str(), sure.size(), accepted, middle(sure),
        separation(known.sure_right, sure), *std::ranges::max_element(noise_sure));
  }

  static void print(const std::string& title, const Tally& tally) {
    auto above = [](const std::vector<double>& values) {
      return std::ranges::count_if(values, [](double value) { return value >= 0.5; });
    };
    std::printf(
        "%-36s %4d sentences  right %5.1f %%  words wrong %5.1f %%  confidence right %.2f "
        "wrong %.2f separation %.3f  wrong and sure %ld  cpu/audio %.3f\n",
        title.c_str(), tally.sentences, 100.0 * tally.right / std::max(1, tally.sentences),
        100.0 * tally.errors / std::max(1, tally.words), middle(tally.sure_right),
        middle(tally.sure_wrong), separation(tally.sure_right, tally.sure_wrong),
        static_cast<long>(above(tally.sure_wrong)),
        tally.cpu / std::max(1e-9, tally.audio_seconds));
    std::fflush(stdout);
  }

  int every_;
  bool show_;
  Practice practice_;
  std::ofstream evidence_;
  WorkerPool pool_{{.name = "speech", .threads = 0}};
  std::shared_ptr<Engine> engine_;
  std::unique_ptr<Ear> ear_;
  std::map<std::string, audio::Samples> spoken_;
};

}  // namespace
}  // namespace parley::providers::pocketsphinx

int main(int argc, char** argv) {
  using namespace parley;
  int every = 1;
  std::vector<double> snrs{40.0, 20.0, 10.0};
  std::string evidence;
  bool show = false;
  CLI::App app("accuracy of the embedded speech recognition");
  app.add_option("--every", every)->check(CLI::PositiveNumber);
  app.add_option("--snr", snrs)->delimiter(',');
  app.add_option("--evidence", evidence);
  app.add_flag("--show", show);
  CLI11_PARSE(app, argc, argv);
  providers::pocketsphinx::Bench bench(every, show, evidence);
  bench.compare_ways(snrs);
  bench.run_human();
  for (double snr : snrs)
    bench.run(fmt::format("telephone, room noise {:.0f} dB", snr), snr, testkit::Noise::room);
  return 0;
}
