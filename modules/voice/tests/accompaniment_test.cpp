#include "parley/voice/accompaniment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes.hpp"
#include "parley/base/task_group.hpp"
#include "parley/testkit/sim_world.hpp"

namespace parley::voice {
namespace {

using namespace testing;
using dialog::Speaker;
using dialog::TurnEnd;
using dialog::UserTurn;
using telephony::Companion;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Screen final : public Companion {
 public:
  void hearing(std::string words) override { lines.push_back("hearing " + words); }
  void heard(std::string words, double, std::string input) override {
    lines.push_back("heard " + words + " by " + input);
  }
  void saying(std::string sentence) override { lines.push_back("saying " + sentence); }
  void cut_off(std::string heard_of_it) override { lines.push_back("cut off " + heard_of_it); }
  void tool_used(std::string name, std::string error) override {
    lines.push_back("tool " + name + (error.empty() ? "" : " failed"));
  }
  void engine_failed(Engine engine, std::string) override {
    lines.emplace_back(engine == Engine::recognizer ? "ear lost" : "voice lost");
  }
  void engine_works(Engine engine) override {
    lines.emplace_back(engine == Engine::recognizer ? "ear works" : "voice works");
  }
  bool wants_speech() const override { return speech; }
  bool types() const override { return typing; }

  std::vector<std::string> lines;
  bool speech = true;
  bool typing = false;
};

/// A call of a caller who types, in virtual time.
struct TypedCall {
  testkit::SimWorld world{};
  std::shared_ptr<FakeLine::Shared> line = std::make_shared<FakeLine::Shared>(world.clock());
  FakeRecognizer recognizer{world.clock()};
  FakeSynthesizer synthesizer{world.clock()};
  MemoryJournal journal;
  FakeDialogue::Log log;
  Screen screen;
  std::vector<std::pair<Duration, std::string>> typed;
  Duration hang_up_after = std::chrono::seconds(20);

  asio::awaitable<void> type() {
    auto start = world.clock().now();
    for (auto& [at, text] : typed) {
      co_await world.clock().sleep_until(start + at);
      line->events.emplace_back(telephony::MediaText{text});
      line->wake.notify();
    }
    co_await world.clock().sleep_until(start + hang_up_after);
    line->ending = Error{Errc::end_of_stream, "stop"};
    line->wake.notify();
  }

  SessionReport hold() {
    auto talk = [this]() -> Task<SessionReport> {
      Accompaniment beside({screen, world.clock(), recognizer, synthesizer, journal});
      FakeDialogue::Reply reply = [](UserTurn turn, Speaker& speaker) -> Task<TurnEnd> {
        speaker.say("You wrote " + turn.text + ".");
        co_return FakeDialogue::listening("next");
      };
      auto dialogue = std::make_unique<FakeDialogue>(log, "Hello.", reply);
      struct Followed final : Journal {
        MemoryJournal& kept;
        Accompaniment& beside;
        Followed(MemoryJournal& k, Accompaniment& b) : kept(k), beside(b) {}
        void add(TimelineEntry entry) override {
          beside.follow(entry);
          kept.add(std::move(entry));
        }
      } followed(journal, beside);
      SessionParts parts{world.clock(),
                         beside.recognizer(),
                         beside.synthesizer(),
                         std::make_unique<FakeLine>(line),
                         beside.patient(std::move(dialogue)),
                         followed};
      CallSession session(std::move(parts), {});
      auto executor = co_await asio::this_coro::executor;
      TaskGroup caller(executor);
      caller.spawn("caller", [this] { return type(); });
      auto running = session.run(Context{});
      auto report = co_await std::move(running);
      co_await caller.stop();
      co_return report;
    };
    auto report = world.run(talk);
    EXPECT_TRUE(report.has_value());
    return *report;
  }
};

TEST(Accompaniment, ATypedTurnIsAnsweredAndShown) {
  TypedCall call;
  call.typed = {{std::chrono::seconds(4), "two o'clock, please"}};
  auto report = call.hold();
  EXPECT_EQ(report.caller_turns, 1);
  ASSERT_EQ(call.log.turns.size(), 1u);
  EXPECT_EQ(call.log.turns[0].input, UserTurn::Input::text);
  EXPECT_EQ(call.log.turns[0].text, "two o'clock, please");
  EXPECT_THAT(call.screen.lines, ElementsAre("ear works", "saying Hello.", "voice works",
                                             "heard two o'clock, please by text",
                                             "saying You wrote two o'clock, please.", "voice works",
                                             "saying Are you still there?", "voice works"));
}

TEST(Accompaniment, TypingInterruptsAndTheScreenIsToldWhatWasHeard) {
  TypedCall call;
  call.typed = {{std::chrono::milliseconds(200), "wait"}};
  call.hang_up_after = std::chrono::seconds(5);
  auto report = call.hold();
  EXPECT_EQ(report.interruptions, 1);
  EXPECT_THAT(call.screen.lines, ::testing::Contains("cut off "));
  EXPECT_GE(call.line->clears, 1);
}

TEST(Accompaniment, WithoutAVoiceTheCallGoesOnAsTextAndTheVoiceComesBackByItself) {
  TypedCall call;
  call.synthesizer.failing = 1;
  call.typed = {{std::chrono::seconds(2), "one"}, {std::chrono::seconds(6), "two"}};
  call.hang_up_after = std::chrono::seconds(12);
  auto report = call.hold();
  EXPECT_EQ(report.reason, EndReason::caller_hung_up);
  EXPECT_EQ(call.screen.lines[1], "saying Hello.");
  EXPECT_EQ(call.screen.lines[2], "voice lost");
  // The engine rests for five seconds: the first answer is only shown, the second is spoken.
  EXPECT_THAT(call.synthesizer.spoken, ElementsAre("Hello.", "You wrote two."));
  EXPECT_THAT(call.screen.lines, ::testing::Contains("voice works"));
  ASSERT_EQ(call.journal.of("engine.failed").size(), 1u);
  EXPECT_EQ(call.journal.of("agent.said").size(), 3u);
}

TEST(Accompaniment, AVoiceThatHangsIsGivenUpBeforeTheSentenceIs) {
  struct Hung final : speech::Synthesizer {
    explicit Hung(Clock& c) : clock(c) {}
    std::string name() const override { return "hung"; }
    Task<std::unique_ptr<speech::SynthesisStream>> synthesize(Context, std::string,
                                                              speech::VoiceOptions) override {
      co_await clock.sleep_for(std::chrono::hours(1));
      co_return fail(Errc::unavailable, "");
    }
    Clock& clock;
  };
  testkit::SimWorld world;
  Screen screen;
  FakeRecognizer recognizer(world.clock());
  Hung hung(world.clock());
  MemoryJournal journal;
  Accompaniment beside({screen, world.clock(), recognizer, hung, journal});
  auto outcome = world.run([&]() -> Task<std::size_t> {
    auto starting = beside.synthesizer().synthesize(Context{}, "Hello.", {});
    auto stream = co_await std::move(starting);
    if (!stream) co_return std::unexpected(stream.error());
    auto making = (*stream)->next();
    auto frame = co_await std::move(making);
    if (!frame) co_return std::unexpected(frame.error());
    co_return frame->samples.size();
  });
  ASSERT_TRUE(outcome.has_value());
  EXPECT_GT(*outcome, 0u);
  EXPECT_EQ(world.elapsed(), std::chrono::milliseconds(2500));
  EXPECT_THAT(screen.lines, ElementsAre("saying Hello.", "voice lost"));
}

TEST(Accompaniment, ARecognizerThatIsAwayIsTold) {
  TypedCall call;
  call.recognizer.failing_opens = 1;
  call.hang_up_after = std::chrono::seconds(4);
  call.hold();
  auto lost = std::ranges::find(call.screen.lines, "ear lost");
  ASSERT_NE(lost, call.screen.lines.end());
  EXPECT_NE(std::find(lost, call.screen.lines.end(), "ear works"), call.screen.lines.end());
}

TEST(Accompaniment, WhoTypesIsNotHurried) {
  TypedCall call;
  call.screen.typing = true;
  call.hang_up_after = std::chrono::seconds(50);
  call.hold();
  EXPECT_THAT(call.log.silences, IsEmpty());
}

TEST(Accompaniment, WithoutSpeechSentencesAreShownOnly) {
  TypedCall call;
  call.screen.speech = false;
  call.typed = {{std::chrono::seconds(2), "one"}};
  call.hang_up_after = std::chrono::seconds(4);
  auto report = call.hold();
  EXPECT_EQ(report.agent_turns, 2);
  EXPECT_THAT(call.synthesizer.spoken, IsEmpty());
  EXPECT_THAT(call.screen.lines, ::testing::Contains("saying You wrote one."));
}

}  // namespace
}  // namespace parley::voice
