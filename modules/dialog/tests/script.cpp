#include "script.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "parley/base/strings.hpp"

namespace parley::dialog::testing {
namespace {

bool includes(const json::object& all, const json::object& some) {
  return std::ranges::all_of(some, [&](const auto& field) {
    auto* value = all.if_contains(field.key());
    return value && *value == field.value();
  });
}

bool has_effect(const std::string& tool) {
  return tool == "book_appointment" || tool == "move_appointment" || tool == "cancel_appointment" ||
         tool == "take_message";
}

}  // namespace

std::string Transcript::text() const { return join(sentences, " "); }

void Call::note_turn(std::string_view who) {
  log += std::string(who) + "\n  agent: " + speaker.text() + "\n";
}

void Call::start() {
  tools = make_tools(world.clock(), practice);
  factory = make_builtin_dialogue(world.clock(), world.random(), *tools, vocabulary);
  auto opened = world.run([&]() -> Task<TurnEnd> {
    DialogueStart start{
        .profile = std::make_shared<business::Profile>(practice.profile),
        .scope = {practice.profile.id, CallId("call_1"), ConversationId("conv_1"), caller_phone},
        .recording = recording,
        .on_tool = [this](const ToolTrace& trace) { traces.push_back(trace); }};
    auto made = co_await factory->start(world.context(), std::move(start));
    if (!made) co_return std::unexpected(made.error());
    dialogue = std::move(*made);
    co_return co_await dialogue->open(world.context(), speaker);
  });
  ASSERT_TRUE(opened) << opened.error().detail;
  end = *opened;
  note_turn("(the call begins)");
}

void Call::turn(UserTurn turn) {
  speaker.sentences.clear();
  calls_before_ = practice.calls.size();
  auto who = "caller: " + turn.text;
  auto replied = world.run([&]() -> Task<TurnEnd> {
    co_return co_await dialogue->reply(world.context(), turn, speaker);
  });
  ASSERT_TRUE(replied) << replied.error().detail;
  end = *replied;
  note_turn(who);
  EXPECT_FALSE(speaker.sentences.empty()) << log;
  if (end.next == TurnEnd::Next::listen) EXPECT_TRUE(end.expectation) << log;
}

void Call::silence(int times) {
  speaker.sentences.clear();
  calls_before_ = practice.calls.size();
  auto replied = world.run([&]() -> Task<TurnEnd> {
    co_return co_await dialogue->silence(world.context(), times, speaker);
  });
  ASSERT_TRUE(replied);
  end = *replied;
  note_turn("(silence)");
}

void Call::cancelled_turn(UserTurn turn, Duration after) {
  speaker.sentences.clear();
  asio::cancellation_signal cancel;
  bool ended = false;
  bool aborted = false;
  auto work = [&]() -> asio::awaitable<void> {
    auto result = co_await dialogue->reply(world.context(), turn, speaker);
    (void)result;
  };
  asio::co_spawn(world.io(), work(),
                 asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr thrown) {
                   ended = true;
                   aborted = thrown != nullptr;
                 }));
  world.run_for(after);
  EXPECT_FALSE(ended) << "the reply was over before it could be cancelled";
  cancel.emit(asio::cancellation_type::terminal);
  world.run_for(std::chrono::milliseconds(1));
  EXPECT_TRUE(ended && aborted);
  note_turn("caller (interrupts): " + turn.text);
}

void Call::check(std::string_view line) {
  auto rest = std::string(trim(line.substr(1)));
  auto said = to_lower(speaker.text());
  if (line.starts_with("<!")) {
    EXPECT_EQ(said.find(to_lower(trim(line.substr(2)))), std::string::npos) << line << "\n" << log;
  } else if (line.starts_with("<")) {
    EXPECT_NE(said.find(to_lower(rest)), std::string::npos) << line << "\n" << log;
  } else if (line.starts_with("!-")) {
    for (auto i = calls_before_; i < practice.calls.size(); ++i)
      EXPECT_FALSE(has_effect(practice.calls[i].name)) << practice.calls[i].name << "\n" << log;
  } else if (line.starts_with("!")) {
    auto blank = std::min(rest.find(' '), rest.size());
    auto name = rest.substr(0, blank);
    auto wanted =
        blank < rest.size() ? json::parse(rest.substr(blank)).as_object() : json::object{};
    bool found = false;
    std::string seen;
    for (auto i = calls_before_; i < practice.calls.size(); ++i) {
      const auto& call = practice.calls[i];
      seen += call.name + " " + json::serialize(call.arguments) + "\n";
      found = found || (call.name == name && includes(call.arguments, wanted));
      if (has_effect(call.name)) EXPECT_FALSE(call.idempotency_key.empty());
    }
    EXPECT_TRUE(found) << line << "\ncalled:\n" << seen << log;
  } else if (line.starts_with("@")) {
    ASSERT_TRUE(end.expectation) << log;
    EXPECT_EQ(end.expectation->name, rest) << log;
  } else if (line.starts_with("x")) {
    EXPECT_EQ(end.next, TurnEnd::Next::hang_up) << log;
  } else if (line.starts_with("=")) {
    EXPECT_EQ(dialogue->outcome().kind, rest) << log;
  } else {
    ADD_FAILURE() << "no such line in a script: " << line;
  }
}

void Call::play(std::string_view script) {
  if (!dialogue) start();
  for (const auto& raw : split(script, '\n')) {
    auto line = std::string(trim(raw));
    if (line.empty()) continue;
    auto rest = line.size() > 1 ? std::string(trim(std::string_view(line).substr(1))) : "";
    if (line[0] == '>')
      turn({.text = rest, .confidence = 0.9, .alternatives = {}});
    else if (line[0] == '~')
      turn({.text = rest, .confidence = 0.3, .alternatives = {}});
    else if (line[0] == '?')
      turn({.text = rest, .confidence = 0.05, .alternatives = {}});
    else if (line[0] == 'k')
      turn({.input = UserTurn::Input::keys, .text = rest, .confidence = 1.0, .alternatives = {}});
    else if (line[0] == 's')
      silence(std::stoi(rest));
    else
      check(line);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace parley::dialog::testing
