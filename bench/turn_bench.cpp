// When is a caller's turn over? Scripted callers with the pauses people make (tests/callers/pauses)
// and a human reader, over the telephone, through voice activity and the recognizer; for each pause
// is known whether the turn was over. A patience that is asked for in each frame of a pause is
// stretched and shrunk as a whole, and gives two figures:
//   cut-offs at 300 ms: the share of pauses inside turns taken for their end, when ends are found
//                       300 ms after the last word on average
//   delay at 5 %:       how long after the last word ends are found on average, when one pause in
//                       twenty is taken for an end
//
//   turn_bench [--set tune|judge] [--show]
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <functional>

#include "endpointer.hpp"
#include "expectations.hpp"
#include "parley/audio/voice_activity.hpp"
#include "parley/base/task_group.hpp"
#include "parley/base/worker_pool.hpp"
#include "parley/providers/pocketsphinx/pocketsphinx_recognizer.hpp"
#include "parley/testkit/sim_world.hpp"
#include "pauses.hpp"
#include "simulated_call.hpp"

namespace parley {
namespace {

/// Shorter silences are inside words, and no patience is that short.
constexpr Duration shortest_pause = std::chrono::milliseconds(200);
constexpr Duration frame_length = audio::frame_length;

/// What is known of a turn in one frame of a pause.
struct View {
  std::string asked;
  std::string words;     ///< so far; empty when none are known
  bool current = false;  ///< the words are of all that was spoken
  Duration voiced{};
  double belief = 1;
};
using Patience = std::function<Duration(const View&)>;

struct Pause {
  bool over = false;
  Duration length{};
  std::vector<View> frames;  ///< one for each 20 ms of it
  std::string script;
};

enum class Words { none, streamed, embedded };

std::string_view name_of(Words words) {
  if (words == Words::none) return "no partials";
  return words == Words::streamed ? "streaming engine" : "embedded engine";
}

/// The words that a good streaming engine would have told by now.
struct StreamedWords {
  static constexpr Duration behind = std::chrono::milliseconds(150);
  const callers::RecordedTurn& turn;
  std::string so_far(Duration at) const {
    std::string text;
    for (const auto& word : turn.words)
      if (word.known + behind <= at) text += (text.empty() ? "" : " ") + word.text;
    return text;
  }
};

/// What a dental practice expects in each state, and of letters.
class Expected {
 public:
  Expected() {
    auto profile = dialog::testing::Practice().profile;
    dialog::ServiceLexicon lexicon(profile);
    all_ =
        std::make_unique<dialog::Expectations>(profile, lexicon, simulation::practice_documents());
  }
  std::shared_ptr<const speech::Expectation> of(const callers::RecordedTurn& turn) const {
    if (turn.script.find(". ") != std::string::npos) return all_->spelling();
    for (std::size_t i = 0; i <= static_cast<std::size_t>(dialog::Asked::offer); ++i) {
      auto asked = static_cast<dialog::Asked>(i);
      if (to_string(asked) == turn.asked) return all_->get(asked);
    }
    throw std::logic_error("no state is called " + turn.asked);
  }

 private:
  std::unique_ptr<dialog::Expectations> all_;
};

/// The pauses of one turn, found by the detector, with the words as they became known.
class Listening {
 public:
  Listening(speech::Recognizer& recognizer, const Expected& expected,
            const callers::RecordedTurn& turn, Words words)
      : recognizer_(recognizer), expected_(expected), turn_(turn), source_(words) {}

  std::vector<Pause> pauses() {
    if (source_ == Words::embedded) {
      auto heard = world_.run([this]() -> Task<int> {
        auto opening = recognizer_.open(world_.context(), {});
        auto session = co_await std::move(opening);
        if (!session) co_return std::unexpected(session.error());
        (*session)->expect(expected_.of(turn_));
        TaskGroup group(world_.executor());
        group.spawn("words", [this, &session] { return receive(**session); });
        auto hearing = hear(session->get());
        co_await std::move(hearing);
        co_await group.stop();
        co_return 0;
      });
      if (!heard) throw std::runtime_error(heard.error().detail);
    } else {
      (void)world_.run([this]() -> Task<int> {
        auto hearing = hear(nullptr);
        co_await std::move(hearing);
        co_return 0;
      });
    }
    return std::move(pauses_);
  }

 private:
  asio::awaitable<void> receive(speech::RecognizerSession& session) {
    while (true) {
      auto receiving = session.next();
      auto transcript = co_await std::move(receiving);
      if (!transcript) co_return;
      words_ = transcript->text;
      words_at_ = now_;
    }
  }

  asio::awaitable<void> hear(speech::RecognizerSession* session) {
    const auto size = audio::telephone_frame_samples;
    for (std::size_t at = 0; at + size <= turn_.samples.size(); at += size) {
      const auto frame = std::span(turn_.samples).subspan(at, size);
      now_ += frame_length;
      if (session) {
        auto sending = session->send({{frame.begin(), frame.end()}, audio::telephone_rate_hz});
        (void)co_await std::move(sending);
      }
      co_await world_.clock().sleep_for(frame_length);
      take(activity_.process(frame));
    }
    if (!ended_) close_pause();
  }

  void take(const audio::VoiceActivityDetector::Activity& activity) {
    started_ = started_ || activity.started;
    if (activity.voiced) {
      if (started_ && !ended_) close_pause();
      last_voiced_ = now_;
      voiced_ += frame_length;
      return;
    }
    if (!started_ || ended_) return;
    if (source_ == Words::streamed) {
      auto words = StreamedWords{turn_}.so_far(now_);
      if (words != words_) words_at_ = now_;
      words_ = std::move(words);
    }
    auto known = words_.empty() ? Duration::max() : last_voiced_ - words_at_;
    frames_.push_back({turn_.asked, words_, known <= std::chrono::milliseconds(400), voiced_,
                       source_ == Words::embedded ? voice::belief_in_unsure_words : 1});
  }

  void close_pause() {
    auto length = static_cast<std::int64_t>(frames_.size()) * frame_length;
    if (length >= shortest_pause) {
      // A last sound may be too soft for the detector.
      ended_ = last_voiced_ >= turn_.ends - std::chrono::milliseconds(250);
      pauses_.push_back({ended_, length, std::move(frames_), turn_.script});
    }
    frames_.clear();
  }

  testkit::SimWorld world_;
  speech::Recognizer& recognizer_;
  const Expected& expected_;
  const callers::RecordedTurn& turn_;
  Words source_;
  audio::VoiceActivityDetector activity_;
  Duration now_{};
  Duration last_voiced_{};
  Duration voiced_{};
  Duration words_at_{};
  bool started_ = false;
  bool ended_ = false;  ///< the pause behind the last word is over: the rest is noise
  std::string words_;
  std::vector<View> frames_;
  std::vector<Pause> pauses_;
};

/// After how much silence a pause is taken for the end; max: it is not.
Duration ends_after(const Pause& pause, const Patience& patience, double scale) {
  for (std::size_t i = 0; i < pause.frames.size(); ++i) {
    auto silent = static_cast<std::int64_t>(i + 1) * frame_length;
    if (silent >= std::chrono::duration_cast<Duration>(patience(pause.frames[i]) * scale))
      return silent;
  }
  return Duration::max();
}

struct Outcome {
  double cut_offs = 0;  ///< of the pauses inside turns
  double delay_ms = 0;
};

Outcome outcome_of(const std::vector<Pause>& pauses, const Patience& patience, double scale) {
  double inside = 0, cut = 0, ends = 0, delay = 0;
  for (const auto& pause : pauses) {
    auto after = ends_after(pause, patience, scale);
    if (pause.over) {
      ++ends;
      after = std::min(after, pause.length);
      delay += std::chrono::duration<double, std::milli>(after).count();
    } else {
      ++inside;
      cut += after < pause.length ? 1 : 0;
    }
  }
  return {cut / std::max(1.0, inside), delay / std::max(1.0, ends)};
}

/// Both figures, by trying scales.
void print(std::string_view title, const std::vector<Pause>& pauses, const Patience& patience) {
  double at_300 = 1, delay_at_5 = 0;
  for (int percent = 10; percent < 600; ++percent) {
    auto outcome = outcome_of(pauses, patience, percent / 100.0);
    if (outcome.delay_ms <= 300) at_300 = outcome.cut_offs;
    if (delay_at_5 == 0 && outcome.cut_offs <= 0.05) delay_at_5 = outcome.delay_ms;
  }
  auto as_it_is = outcome_of(pauses, patience, 1);
  fmt::print(
      "{:<44} cut-offs at 300 ms {:5.1f} %   delay at 5 % {:5.0f} ms   as set {:4.1f} %, {:.0f} "
      "ms\n",
      title, at_300 * 100, delay_at_5, as_it_is.cut_offs * 100, as_it_is.delay_ms);
}

Duration fixed(const View&) { return std::chrono::milliseconds(700); }

/// As the session asks for it.
Duration estimated(const View& view) {
  using Freshness = voice::TurnSoFar::Freshness;
  auto estimate = voice::estimate_end({view.asked, view.words,
                                       view.current ? Freshness::current : Freshness::stale,
                                       view.voiced, view.belief});
  return voice::patience_of(estimate, std::chrono::milliseconds(700));
}

void show(const std::vector<Pause>& pauses) {
  for (const auto& pause : pauses) {
    auto after = ends_after(pause, estimated, 1);
    bool cut = !pause.over && after < pause.length;
    bool late = pause.over && after > std::chrono::milliseconds(600);
    if (!cut && !late) continue;
    const auto& last = pause.frames[std::min<std::size_t>(pause.frames.size() - 1, 30)];
    fmt::print("  {} {:4} ms  {}: \"{}\"{}  of \"{}\"\n", cut ? "CUT " : "late",
               after / std::chrono::milliseconds(1), last.asked, last.words,
               last.current ? "" : " (stale)", pause.script);
  }
}

struct Options {
  std::string set = "judge";
  bool show = false;
};

void measure(const Options& options) {
  WorkerPool pool{{.name = "hearing", .threads = 0}};
  auto made = providers::pocketsphinx::PocketsphinxRecognizer::create(pool, {});
  if (!made) throw std::runtime_error(made.error().detail);
  const Expected expected;
  const std::vector<std::string> voices{"flite:slt", "flite:rms", "flite:awb", "flite:kal16"};
  std::vector<callers::RecordedTurn> turns;
  const auto& scripts =
      options.set == "tune" ? callers::turns_to_tune() : callers::turns_to_judge();
  for (std::size_t i = 0; i < scripts.size(); ++i)
    turns.push_back(callers::record(
        scripts[i],
        {.voice = voices[i % voices.size()], .noise_db = i % 3 == 0 ? 12.0 : 20.0, .seed = i + 1}));
  for (auto& turn : callers::human_turns()) turns.push_back(std::move(turn));

  for (auto words : {Words::none, Words::streamed, Words::embedded}) {
    std::vector<Pause> pauses;
    for (const auto& turn : turns)
      for (auto& pause : Listening(**made, expected, turn, words).pauses())
        pauses.push_back(std::move(pause));
    auto ends = std::ranges::count_if(pauses, &Pause::over);
    if (words == Words::none)
      fmt::print("{} turns, {} pauses inside them of at least 200 ms, {} ends\n", turns.size(),
                 pauses.size() - static_cast<std::size_t>(ends), ends);
    if (words == Words::none) print("a fixed pause", pauses, fixed);
    print(fmt::format("estimated, {}", name_of(words)), pauses, estimated);
    if (options.show) show(pauses);
  }
}

}  // namespace
}  // namespace parley

int main(int argc, char** argv) {
  parley::Options options;
  CLI::App app("when callers' turns are over");
  app.add_option("--set", options.set)->check(CLI::IsMember({"tune", "judge"}));
  app.add_flag("--show", options.show, "every pause that was taken for an end, and late ends");
  CLI11_PARSE(app, argc, argv);
  parley::measure(options);
}
