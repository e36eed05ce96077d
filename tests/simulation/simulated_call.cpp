#include "simulated_call.hpp"

#include <fmt/format.h>

#include <map>

#include "booking_corpus.hpp"
#include "fakes.hpp"
#include "parley/audio/g711.hpp"
#include "parley/base/strings.hpp"
#include "parley/base/task_group.hpp"
#include "parley/dialog/builtin.hpp"
#include "parley/testkit/caller_audio.hpp"
#include "parley/testkit/sim_world.hpp"

namespace parley::simulation {
namespace {

using voice::testing::FakeLine;

/// A person answers this long after the agent has ended.
constexpr auto thinking_time = std::chrono::milliseconds(600);
constexpr std::size_t frame_samples = audio::telephone_frame_samples;

struct DocumentSentences final : dialog::Vocabulary {
  std::vector<std::string> list;
  asio::awaitable<std::vector<std::string>> sentences(Context, BusinessId, std::size_t) override {
    co_return list;
  }
  asio::awaitable<std::optional<std::int64_t>> version(Context, BusinessId) override {
    co_return 1;
  }
};

/// Words as the synthesizer says them, made once.
const audio::Frame& spoken(const std::string& voice, const std::string& words) {
  static std::map<std::string, audio::Frame> made;
  auto& frame = made[voice + "/" + words];
  constexpr std::string_view own = "flite:";
  auto name = voice.starts_with(own) ? voice.substr(own.size()) : voice;
  if (frame.samples.empty()) frame = corpus::speak(name, words);
  return frame;
}

/// The call as both sides know it: what was said, and what was heard of it.
class CallLog final : public voice::Journal {
 public:
  void add(voice::TimelineEntry entry) override {
    auto text = [&](const char* field) {
      auto* value = entry.data.if_contains(field);
      return value && value->is_string() ? std::string(value->as_string()) : std::string();
    };
    if (entry.kind == "agent.said") lines += "agent: " + text("text") + "\n";
    if (entry.kind == "caller.said")
      lines += fmt::format("    heard ({:.2f}): {}\n",
                           entry.data.at("confidence").to_number<double>(), text("text"));
    if (entry.kind == "caller.unclear") lines += "    heard: nothing\n";
  }
  std::string lines;
};

class Caller {
 public:
  Caller(testkit::SimWorld& world, std::shared_ptr<FakeLine::Shared> line,
         const voice::testing::FakeSynthesizer& agent, CallLog& log, CallerSound sound,
         Answers answers)
      : world_(world),
        line_(std::move(line)),
        agent_(agent),
        log_(log),
        sound_(std::move(sound)),
        answers_(std::move(answers)) {
    const audio::Samples nothing(std::size_t{10} * audio::telephone_rate_hz, 0);
    noise_ =
        testkit::over_the_telephone(nothing, audio::telephone_rate_hz,
                                    {.snr_db = sound_.noise_db, .seed = sound_.seed * 1000 + 1});
  }

  asio::awaitable<void> talk(Duration limit) {
    auto start = world_.clock().now();
    for (std::int64_t n = 0;; ++n) {
      auto at = n * Duration(audio::frame_length);
      co_await world_.clock().sleep_until(start + at);
      if (at >= limit) hang_up();
      if (line_->ending) co_return;
      if (speech_at_ >= speech_.size()) think();
      send(n);
    }
  }

 private:
  void send(std::int64_t number) {
    audio::Samples frame(frame_samples, 0);
    if (speech_at_ < speech_.size()) {
      auto count = std::min(frame_samples, speech_.size() - speech_at_);
      std::copy_n(speech_.begin() + static_cast<std::ptrdiff_t>(speech_at_), count, frame.begin());
      speech_at_ += count;
    } else if (sound_.noise_db < 100) {
      std::copy_n(noise_.begin() + static_cast<std::ptrdiff_t>(noise_at_), frame_samples,
                  frame.begin());
      noise_at_ = noise_at_ + 2 * frame_samples <= noise_.size() ? noise_at_ + frame_samples : 0;
    }
    auto codes = audio::mulaw_encode(frame);
    auto bytes = std::as_bytes(std::span(codes));
    line_->events.push_back(telephony::MediaAudio{{bytes.begin(), bytes.end()},
                                                  std::chrono::milliseconds(20 * number)});
    line_->wake.notify();
  }

  void think() {
    auto now = world_.clock().now();
    if (agent_.spoken.size() != begun_) last_begun_ = now;
    begun_ = agent_.spoken.size();
    // A sentence is begun before its sound is on the line.
    auto quiet_since = std::max(line_->plays_until, last_begun_);
    if (quiet_since + thinking_time > now || answered_ >= begun_) return;
    std::string agent;
    for (; answered_ < agent_.spoken.size(); ++answered_)
      agent += to_lower(agent_.spoken[answered_]) + " ";
    auto answer = answers_(agent);
    if (!answer.empty()) log_.lines += "caller: " + answer + "\n";
    if (answer == "@hangup") {
      hang_up();
    } else if (answer.starts_with("@press ")) {
      for (char digit : answer.substr(7)) line_->events.push_back(telephony::MediaDigit{digit});
    } else if (!answer.empty()) {
      const auto& voice = spoken(sound_.voice, answer);
      speech_ = testkit::over_the_telephone(voice.samples, voice.rate_hz,
                                            {.snr_db = sound_.noise_db,
                                             .seed = sound_.seed * 1000 + ++utterances_ + 1,
                                             .lead = Duration{},
                                             .tail = Duration{}});
      speech_at_ = 0;
    }
  }

  void hang_up() {
    line_->ending = Error{Errc::end_of_stream, "stop"};
    line_->wake.notify();
  }

  testkit::SimWorld& world_;
  std::shared_ptr<FakeLine::Shared> line_;
  const voice::testing::FakeSynthesizer& agent_;
  CallLog& log_;
  CallerSound sound_;
  Answers answers_;
  audio::Samples noise_;
  std::size_t noise_at_ = 0;
  audio::Samples speech_;
  std::size_t speech_at_ = 0;
  std::size_t begun_ = 0;     ///< sentences of the agent
  std::size_t answered_ = 0;  ///< those that were answered
  TimePoint last_begun_{};
  std::uint64_t utterances_ = 0;
};

}  // namespace

Listener::Listener() {
  auto made = providers::pocketsphinx::PocketsphinxRecognizer::create(pool_, {});
  if (!made) throw std::runtime_error(made.error().detail);
  recognizer_ = std::move(*made);
}

SimulatedCall hold_call(Listener& listener, CallSetting setting, CallerSound sound,
                        Answers answers) {
  testkit::SimWorld world(1, setting.today + "T15:00:00Z");
  auto line = std::make_shared<FakeLine::Shared>(world.clock());
  voice::testing::FakeSynthesizer agent(world.clock());
  CallLog log;
  DocumentSentences documents;
  documents.list = setting.documents;
  auto tools = dialog::testing::make_tools(world.clock(), setting.practice);
  SeededRandom random(sound.seed);
  auto factory = dialog::make_builtin_dialogue(world.clock(), random, *tools, documents);
  Caller caller(world, line, agent, log, sound, std::move(answers));
  auto limit = setting.limit;
  auto report = world.run([&]() -> Task<voice::SessionReport> {
    dialog::DialogueStart start;
    start.profile = std::make_shared<business::Profile>(setting.practice.profile);
    start.scope = {setting.practice.profile.id, CallId("call_1"), ConversationId("conv_1"),
                   setting.from};
    auto starting = factory->start(world.context(), std::move(start));
    auto dialogue = co_await std::move(starting);
    if (!dialogue) co_return std::unexpected(dialogue.error());
    voice::SessionParts parts{world.clock(),
                              listener.recognizer(),
                              agent,
                              std::make_unique<FakeLine>(line),
                              std::move(*dialogue),
                              log};
    voice::CallSession session(std::move(parts), {});
    TaskGroup group(world.executor());
    group.spawn("caller", [&caller, limit] { return caller.talk(limit); });
    auto running = session.run(world.context());
    auto ended = co_await std::move(running);
    co_await group.stop();
    co_return ended;
  });
  if (!report) throw std::runtime_error(report.error().detail);
  return {.transcript = std::move(log.lines), .report = *report};
}

std::vector<std::string> practice_documents() {
  return {"a teeth cleaning costs one hundred twenty dollars and takes forty five minutes",
          "repairing a chipped tooth costs two hundred ten dollars",
          "whitening trays to take home cost two hundred twenty dollars",
          "we accept cash credit cards debit cards and health savings cards",
          "you can pay in three monthly instalments without interest",
          "we accept delta dental cigna aetna and most insurance plans",
          "our membership plan includes two cleanings a year",
          "free parking is behind the building entered from oak lane",
          "the bus lines stop in front of the house",
          "we keep two places free every day for emergencies",
          "a tooth that was knocked out should be kept in milk",
          "please come ten minutes early to fill in the health form",
          "children are welcome from their second birthday on",
          "mouth guards for sports",
          "we make mouth guards for sports a mouth guard costs ninety five dollars"};
}

constexpr std::uint64_t days_of_seeds = 28;

BookingCall book_by_voice(Listener& listener, std::size_t caller, std::uint64_t seed) {
  using std::chrono::minutes;
  auto person = callers::booking_callers().at(caller);
  person.sound.seed = seed;
  dialog::testing::Practice practice;
  practice.profile.holidays.clear();
  for (auto& hours : practice.profile.hours) hours = {{minutes(8 * 60), minutes(18 * 60)}};
  // Weekdays sound differently: each seed has another today, and with it other words.
  constexpr calendar::Date monday{std::chrono::year(2026), std::chrono::March, std::chrono::day(2)};
  calendar::Date today{std::chrono::local_days(monday) +
                       std::chrono::days((seed - 1) % days_of_seeds)};
  auto wish = callers::wish_of(caller, person.name, today);
  callers::BookingCaller visitor(wish);
  auto answers = [&visitor](const std::string& agent) { return visitor.answer(agent); };
  BookingCall call{hold_call(
      listener,
      {.practice = practice, .documents = practice_documents(), .today = calendar::to_text(today)},
      person.sound, answers)};
  call.keys = visitor.keys();
  for (const auto& [id, made] : practice.appointments) {
    bool wanted = made.service == "svc_cleaning" && made.start == wish.start && !call.booked;
    call.booked = call.booked || wanted;
    call.named = call.named || (wanted && to_lower(made.name) == wish.name);
    call.wrong = call.wrong || !wanted;
  }
  return call;
}

QuestionCall ask_by_voice(Listener& listener, CallerSound sound, const std::string& question,
                          const std::string& answer) {
  dialog::testing::Practice practice;
  std::string text;
  for (const auto& sentence : practice_documents()) text += sentence + ".\n";
  practice.passages.push_back(
      json::object{{"text", text}, {"document", "practice.pdf"}, {"heading", ""}});
  int tries = 0;
  bool answered = false;
  auto answers = [&](const std::string& agent) -> std::string {
    answered = answered || agent.find(answer) != std::string::npos;
    if (answered || tries == 3) return "@hangup";
    auto says = [&](const char* words) { return agent.find(words) != std::string::npos; };
    // What was misheard, or an offer to take a message.
    if (says("is that right") || says("what should i change") || says("to leave a message?"))
      return "no";
    ++tries;
    return question;
  };
  QuestionCall call{hold_call(listener, {.practice = practice, .documents = practice_documents()},
                              std::move(sound), answers)};
  call.answered = answered;
  call.tries = tries;
  return call;
}

}  // namespace parley::simulation
