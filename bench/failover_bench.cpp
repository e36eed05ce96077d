// How long a caller waits when an engine fails in the call: whole call sessions with the adapters
// of the vendors at simulators of them, over real sockets and in real time. In each call the first
// recognizer, language model or voice stops answering, breaks its connection or answers 503, and
// the next one takes over:
//   left    until the failing engine was given up; the target is a second
//   next    until the next one's first word, text or audio, its own time included
// Both from when the failing engine owed something: from the end of the caller's turn (recognizer
// that is silent), from the request (language model, voice), or from when the connection broke.
// A language model that is silent is left when the next one, asked beside it, is faster. `answered`
// counts the calls in which the caller heard an answer.
//
//   failover_bench [--calls 60] [--at-once 20]
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "failover_watch.hpp"
#include "parley/base/task_group.hpp"
#include "parley/dialog/fallback_model.hpp"
#include "parley/providers/anthropic/anthropic_model.hpp"
#include "parley/providers/deepgram/deepgram_recognizer.hpp"
#include "parley/providers/deepgram/deepgram_synthesizer.hpp"
#include "parley/providers/elevenlabs/elevenlabs_synthesizer.hpp"
#include "parley/providers/elevenlabs/scribe_recognizer.hpp"
#include "parley/providers/openai/chat_model.hpp"
#include "parley/simulators/anthropic_simulator.hpp"
#include "parley/simulators/deepgram_simulator.hpp"
#include "parley/simulators/elevenlabs_simulator.hpp"
#include "parley/simulators/openai_simulator.hpp"
#include "parley/speech/fallback.hpp"
#include "parley/testkit/policies_on_trial.hpp"
#include "served.hpp"
#include "simulated_line.hpp"

namespace parley {
namespace {

using namespace std::chrono_literals;
using bench::EngineTimes;
using bench::Watch;

constexpr Duration recognition = 100ms;
constexpr Duration first_token = 150ms;
constexpr Duration first_audio = 75ms;
constexpr Duration spoken_at = 200ms;
constexpr Duration spoken_for = 1500ms;
constexpr Duration longest_call = 9s;

std::string at(std::uint16_t port) { return "http://127.0.0.1:" + std::to_string(port); }

/// The world outside: what fails is told to the first of each kind.
struct Vendors {
  explicit Vendors(Clock& clock) : clock(clock) {
    deepgram.script().set_phrases({"i would like to book an appointment"});
    elevenlabs.script().set_phrases({"i would like to book an appointment"});
    anthropic.script().set_pace({.first_token = first_token});
    openai.script().set_pace({.first_token = first_token});
    auto started = {deepgram.start(), elevenlabs.start(), anthropic.start(), openai.start()};
    for (const auto& one : started)
      if (!one) throw std::runtime_error(one.error().detail);
  }
  ~Vendors() {
    loop.run(deepgram.stop(TimePoint::min()));
    loop.run(elevenlabs.stop(TimePoint::min()));
    loop.run(anthropic.stop(TimePoint::min()));
    loop.run(openai.stop(TimePoint::min()));
  }
  Clock& clock;
  SystemRandom random;
  bench::Loop loop;
  asio::any_io_executor executor = loop.io.get_executor();
  simulators::DeepgramSimulator deepgram{executor, clock, random,
                                         speech_of<simulators::DeepgramSimulatorOptions>()};
  simulators::ElevenLabsSimulator elevenlabs{executor, clock, random,
                                             speech_of<simulators::ElevenLabsSimulatorOptions>()};
  simulators::AnthropicSimulator anthropic{executor, clock, random};
  simulators::OpenAiSimulator openai{executor, clock, random};

  template <class Options>
  static Options speech_of() {
    Options options;
    options.recognition_delay = recognition;
    options.first_audio_delay = first_audio;
    return options;
  }
};

template <class Engine>
Engine engine_of(Result<Engine> made) {
  if (!made) throw std::runtime_error(made.error().detail);
  return std::move(*made);
}

/// Of language models, which are asked twice before the next one is, while there is a budget of
/// repetitions (the slowest calls show those); speech is asked once. The breaker stays shut, for it
/// would spare later calls what is measured here.
resilience::PolicyOptions patience() {
  resilience::PolicyOptions options{.attempt_timeout = 10s, .total_timeout = 12s};
  options.retry.attempts = 2;
  options.retry.first_pause = 100ms;
  options.retry.longest_pause = 500ms;
  options.retry.longest_retry_after = 500ms;
  options.breaker.failure_percent = 0;
  return options;
}

/// Parley's side: the adapters, one of each for all calls.
struct Engines {
  Engines(Clock& clock, const Vendors& vendors)
      : policies(clock, random),
        deepgram(clock, policies.add("deepgram_recognition"),
                 {.api_key = simulators::DeepgramSimulatorOptions{}.api_key,
                  .api_url = at(vendors.deepgram.port())}),
        scribe(clock, policies.add("elevenlabs_recognition"),
               {.api_key = simulators::ElevenLabsSimulatorOptions{}.api_key,
                .api_url = at(vendors.elevenlabs.port())}),
        anthropic(engine_of(providers::anthropic::make_model(
            clock, policies.policies.add("anthropic", patience()),
            {.api_key = simulators::AnthropicSimulatorOptions{}.api_key,
             .api_url = at(vendors.anthropic.port())}))),
        openai(engine_of(
            providers::openai::make_model(clock, policies.policies.add("openai", patience()),
                                          {.api_key = simulators::OpenAiSimulatorOptions{}.api_key,
                                           .api_url = at(vendors.openai.port()) + "/v1"}))),
        eleven(engine_of(providers::elevenlabs::ElevenLabsSynthesizer::create(
            clock, policies.add("elevenlabs_voice"),
            {.api_key = simulators::ElevenLabsSimulatorOptions{}.api_key,
             .api_url = at(vendors.elevenlabs.port())}))),
        aura(engine_of(providers::deepgram::DeepgramSynthesizer::create(
            clock, policies.add("deepgram_voice"),
            {.api_key = simulators::DeepgramSimulatorOptions{}.api_key,
             .api_url = at(vendors.deepgram.port())}))) {}
  SystemRandom random;
  testkit::PoliciesOnTrial policies;
  providers::deepgram::DeepgramRecognizer deepgram;
  providers::elevenlabs::ScribeRecognizer scribe;
  std::unique_ptr<dialog::LanguageModel> anthropic;
  std::unique_ptr<dialog::LanguageModel> openai;
  std::unique_ptr<speech::Synthesizer> eleven;
  std::unique_ptr<speech::Synthesizer> aura;
};

/// Answers what it hears with the language model's text.
class Asking final : public dialog::Dialogue {
 public:
  explicit Asking(dialog::LanguageModel& model) : model_(model) {}
  Task<dialog::TurnEnd> open(Context, dialog::Speaker&) override { co_return listening(); }
  Task<dialog::TurnEnd> reply(Context ctx, dialog::UserTurn turn,
                              dialog::Speaker& speaker) override {
    dialog::ModelPrompt prompt;
    prompt.instructions = "You answer a dentist's telephone.";
    prompt.messages.push_back({.text = turn.text});
    auto asking = model_.generate(std::move(ctx), std::move(prompt));
    auto stream = co_await std::move(asking);
    if (!stream) co_return std::unexpected(stream.error());
    std::string text;
    while (true) {
      auto waiting = (*stream)->next();
      auto event = co_await std::move(waiting);
      if (!event) break;
      if (auto* piece = std::get_if<dialog::TextPiece>(&*event)) text += piece->text;
    }
    speaker.say(text);
    co_return listening();
  }
  Task<dialog::TurnEnd> silence(Context, int, dialog::Speaker&) override { co_return listening(); }
  void interrupted(std::string_view) override {}
  dialog::Outcome outcome() const override { return {}; }

 private:
  static dialog::TurnEnd listening() {
    auto end = voice::testing::FakeDialogue::listening("open");
    end.patience = 60s;
    return end;
  }
  dialog::LanguageModel& model_;
};

enum class Kind { recognizer, model, voice };

struct Seen {
  EngineTimes failing;
  EngineTimes next;
  std::optional<TimePoint> left;
  bool answered = false;
};

/// The engines of one call, with a chain of its own: what fails in one call is not left alone in
/// the next.
struct Chains {
  Chains(Clock& c, Engines& engines, Kind kind, Seen& all)
      : clock(c),
        seen(all),
        deepgram(engines.deepgram, watch(kind == Kind::recognizer, seen.failing)),
        scribe(engines.scribe, watch(kind == Kind::recognizer, seen.next)),
        anthropic(*engines.anthropic, watch(kind == Kind::model, seen.failing)),
        openai(*engines.openai, watch(kind == Kind::model, seen.next)),
        eleven(*engines.eleven, watch(kind == Kind::voice, seen.failing)),
        aura(*engines.aura, watch(kind == Kind::voice, seen.next)) {}
  Watch watch(bool is_failing_kind, EngineTimes& times) {
    return {clock, is_failing_kind ? times : others};
  }
  void leave() {
    if (!seen.left) seen.left = clock.now();
  }

  Clock& clock;
  Seen& seen;
  EngineTimes others;
  bench::WatchedRecognizer deepgram;
  bench::WatchedRecognizer scribe;
  bench::WatchedModel anthropic;
  bench::WatchedModel openai;
  bench::WatchedSynthesizer eleven;
  bench::WatchedSynthesizer aura;
  speech::OnFallback told = [this](const std::string&, const Error&) { leave(); };
  speech::FallbackRecognizer recognizer{clock, {&deepgram, &scribe}, told};
  speech::FallbackSynthesizer synthesizer{clock, {&eleven, &aura}, told};
  dialog::FallbackLanguageModel model{
      clock, {&anthropic, &openai}, {}, [this](const dialog::TakeOver&) { leave(); }};
};

using voice::testing::FakeLine;

/// The caller's frames in real time: a sentence, then silence until there was an answer.
asio::awaitable<void> talk(Clock& clock, std::shared_ptr<FakeLine::Shared> line) {
  auto words = voice::testing::voice_like(spoken_for);
  for (std::int64_t n = 0;; ++n) {
    auto passed = n * Duration(audio::frame_length);
    co_await clock.sleep_until(line->start + passed);
    bool heard_it = !line->sent.empty() && line->ahead() == Duration::zero();
    if (heard_it || passed > longest_call) break;
    audio::Samples frame(audio::telephone_frame_samples, 0);
    auto offset = (passed - spoken_at) / 125us;
    if (offset >= 0 && offset + 160 <= static_cast<std::int64_t>(words.size()))
      std::copy_n(words.begin() + offset, 160, frame.begin());
    auto codes = audio::mulaw_encode(frame);
    auto bytes = std::as_bytes(std::span(codes));
    line->events.push_back(
        telephony::MediaAudio{{bytes.begin(), bytes.end()}, std::chrono::milliseconds(20 * n)});
    line->wake.notify();
  }
  line->ending = Error{Errc::end_of_stream, "stop"};
  line->wake.notify();
}

asio::awaitable<void> one_call(Clock& clock, Engines& engines, Kind kind, Seen& seen) {
  Chains chains(clock, engines, kind, seen);
  voice::testing::MemoryJournal journal;
  auto line = std::make_shared<FakeLine::Shared>(clock);
  voice::SessionParts parts{clock,
                            chains.recognizer,
                            chains.synthesizer,
                            std::make_unique<FakeLine>(line),
                            std::make_unique<Asking>(chains.model),
                            journal};
  voice::CallSession session(std::move(parts), {});
  auto executor = co_await asio::this_coro::executor;
  TaskGroup group(executor);
  group.spawn("caller", [&clock, line] { return talk(clock, line); });
  auto running = session.run(Context{});
  co_await std::move(running);
  co_await group.stop();
  seen.answered = !line->sent.empty();
}

struct Failure {
  std::string_view what;
  Kind kind;
  std::string plan;
  std::optional<TimePoint> EngineTimes::* since;
  std::optional<TimePoint> EngineTimes::* until = &EngineTimes::given;
};

double milliseconds(Duration span) {
  return std::chrono::duration<double, std::milli>(span).count();
}

struct Figures {
  std::vector<double> left_ms;
  std::vector<double> next_ms;
  int answered = 0;
  int calls = 0;

  void add(const Failure& failure, const Seen& seen) {
    ++calls;
    answered += seen.answered;
    auto since = seen.failing.*failure.since;
    auto until = seen.next.*failure.until;
    if (since && seen.left) left_ms.push_back(milliseconds(*seen.left - *since));
    if (since && until) next_ms.push_back(milliseconds(*until - *since));
  }
  static std::string spread(std::vector<double> took) {
    if (took.empty()) return "never";
    std::ranges::sort(took);
    auto part = [&](double q) {
      return took[std::min(took.size() - 1,
                           static_cast<std::size_t>(q * static_cast<double>(took.size())))];
    };
    return fmt::format("p50 {:6.0f}  p99 {:6.0f}", part(0.5), part(0.99));
  }
};

struct Options {
  int calls = 60;
  int at_once = 20;
};

void measure(const Options& options) {
  SystemClock clock;
  Vendors vendors(clock);
  bench::Loop loop;
  auto engines = std::make_unique<Engines>(clock, vendors);
  const std::string listen = " on \"GET /v1/listen\"";
  const std::string speak = " on \"POST /v1/text-to-speech\"";
  auto asked = &EngineTimes::asked;
  auto failed = &EngineTimes::failed;
  const Failure failures[]{
      {"recognizer falls silent in mid-turn", Kind::recognizer, "hang after 2" + listen, asked},
      {"recognizer breaks off in mid-turn", Kind::recognizer, "reset after 2" + listen, failed},
      {"recognizer answers 503 to a new call, until the next one listens", Kind::recognizer,
       "status 503" + listen, &EngineTimes::opened, &EngineTimes::ready},
      {"language model never answers", Kind::model, "hang", asked},
      {"language model breaks the connection", Kind::model, "reset", asked},
      {"language model answers 503", Kind::model, "status 503", asked},
      {"voice never answers", Kind::voice, "hang" + speak, asked},
      {"voice breaks the connection", Kind::voice, "reset" + speak, asked},
      {"voice answers 503", Kind::voice, "status 503" + speak, asked},
  };
  fmt::print(
      "target: left within 1000 ms; the next engine's own time: {} ms to words, {} ms to text, "
      "{} ms to audio\n",
      recognition / 1ms, first_token / 1ms, first_audio / 1ms);
  for (const auto& failure : failures) {
    const std::pair<Kind, simulators::Faults*> firsts[]{
        {Kind::recognizer, &vendors.deepgram.server().faults()},
        {Kind::model, &vendors.anthropic.server().faults()},
        {Kind::voice, &vendors.elevenlabs.server().faults()}};
    for (auto& [kind, faults] : firsts)
      if (auto set = faults->set(kind == failure.kind ? failure.plan : ""); !set)
        throw std::runtime_error(set.error().detail);
    Figures figures;
    while (figures.calls < options.calls) {
      std::vector<Seen> seen(
          static_cast<std::size_t>(std::min(options.at_once, options.calls - figures.calls)));
      std::vector<std::future<void>> running;
      for (auto& one : seen) {
        running.push_back(asio::co_spawn(loop.io, one_call(clock, *engines, failure.kind, one),
                                         asio::use_future));
        std::this_thread::sleep_for(37ms);  // callers do not speak in chorus
      }
      for (auto& call : running) call.get();
      for (const auto& one : seen) figures.add(failure, one);
    }
    fmt::print("{:<66} left {}  next {} ms  answered {}/{}\n", failure.what,
               Figures::spread(figures.left_ms), Figures::spread(figures.next_ms), figures.answered,
               figures.calls);
    std::fflush(stdout);
  }
  engines.reset();
}

}  // namespace
}  // namespace parley

int main(int argc, char** argv) {
  parley::Options options;
  CLI::App app("how long a caller waits when an engine fails");
  app.add_option("--calls", options.calls, "for each failure")->check(CLI::PositiveNumber);
  app.add_option("--at-once", options.at_once)->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  parley::measure(options);
}
