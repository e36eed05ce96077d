#include "model_call.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "parley/base/strings.hpp"

namespace parley::dialog::testing {
namespace {

/// Words of a text as a model streams them.
void add_words(ModelScript& script, std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    auto end = std::min(text.find(' ', at + 1), text.size());
    script.emplace_back(TextPiece{std::string(text.substr(at, end - at))});
    at = end;
  }
}

class ScriptedStream final : public LanguageStream {
 public:
  ScriptedStream(Clock& clock, ModelScript script, std::optional<Endless> endless, int& open)
      : clock_(clock), script_(std::move(script)), endless_(std::move(endless)), open_(open) {
    ++open_;
  }
  ~ScriptedStream() override { --open_; }

  Task<LanguageEvent> next() override {
    while (at_ < script_.size()) {
      auto step = script_[at_++];
      if (auto* pause = std::get_if<Pause>(&step)) {
        co_await clock_.sleep_for(pause->time);
      } else if (auto* error = std::get_if<Error>(&step)) {
        co_return std::unexpected(*error);
      } else if (auto* text = std::get_if<TextPiece>(&step)) {
        co_return LanguageEvent(std::move(*text));
      } else if (auto* request = std::get_if<ToolRequest>(&step)) {
        co_return LanguageEvent(std::move(*request));
      } else {
        co_return LanguageEvent(std::get<Completion>(std::move(step)));
      }
    }
    if (endless_) {
      co_await clock_.sleep_for(std::chrono::milliseconds(20));
      co_return LanguageEvent(TextPiece{endless_->text});
    }
    co_return fail(Errc::end_of_stream, "over");
  }

 private:
  Clock& clock_;
  ModelScript script_;
  std::optional<Endless> endless_;
  int& open_;
  std::size_t at_ = 0;
};

Completion completion(Completion::Reason reason) {
  Completion made;
  made.reason = reason;
  made.model = "scripted";
  return made;
}

}  // namespace

ModelScript says(std::string text) {
  ModelScript script;
  add_words(script, text);
  script.emplace_back(completion(Completion::Reason::done));
  return script;
}

ModelScript asks(std::string tool, std::string_view arguments, std::string text_before) {
  ModelScript script;
  add_words(script, text_before);
  script.emplace_back(
      ToolRequest{"call_" + tool, std::move(tool), json::parse(arguments).as_object()});
  script.emplace_back(completion(Completion::Reason::tools));
  return script;
}

ModelScript fails(Errc code, std::string text_before) {
  ModelScript script;
  add_words(script, text_before);
  script.emplace_back(Error{code, "scripted"});
  return script;
}

ModelScript hangs(std::string text_before) {
  ModelScript script;
  add_words(script, text_before);
  script.emplace_back(Pause{std::chrono::hours(1)});
  return script;
}

Task<std::unique_ptr<LanguageStream>> ScriptedModel::generate(Context, ModelPrompt prompt) {
  prompts.push_back(std::move(prompt));
  if (refuses != Errc::end_of_stream) co_return fail(refuses, "scripted");
  ModelScript script;
  if (!scripts.empty()) {
    script = std::move(scripts.front());
    scripts.pop_front();
  } else if (!endless) {
    script = says("Okay.");
  }
  co_return std::make_unique<ScriptedStream>(clock_, std::move(script), endless, open_streams);
}

ModelCall::~ModelCall() {
  dialogue.reset();
  if (!factory) return;
  (void)world.run([&]() -> Task<void> {
    co_await factory->stop();
    co_return Result<void>{};
  });
}

void ModelCall::start() {
  factory = make_model_dialogue(
      world.executor(), {world.clock(), *tools, model, *builtin, messages, own_tools}, limits);
  auto opened = world.run([&]() -> Task<TurnEnd> {
    DialogueStart start{
        .profile = std::make_shared<business::Profile>(practice.profile),
        .scope = {practice.profile.id, CallId("call_1"), ConversationId("conv_1"), caller_phone},
        .recording = false,
        .on_tool = [this](const ToolTrace& trace) { traces.push_back(trace); }};
    auto made = co_await factory->start(world.context(), std::move(start));
    if (!made) co_return std::unexpected(made.error());
    dialogue = std::move(*made);
    co_return co_await dialogue->open(world.context(), speaker);
  });
  ASSERT_TRUE(opened) << opened.error().detail;
  end = *opened;
}

std::string ModelCall::turn(std::string text) {
  return turn(UserTurn{.text = std::move(text), .confidence = 0.9, .alternatives = {}});
}

std::string ModelCall::turn(UserTurn given) {
  if (!dialogue) start();
  speaker.sentences.clear();
  auto before = world.elapsed();
  auto replied = world.run([&]() -> Task<TurnEnd> {
    co_return co_await dialogue->reply(world.context(), given, speaker);
  });
  took = world.elapsed() - before;
  EXPECT_TRUE(replied) << replied.error().detail;
  if (replied) end = *replied;
  EXPECT_FALSE(speaker.sentences.empty()) << given.text;
  if (end.next == TurnEnd::Next::listen) EXPECT_TRUE(end.expectation);
  return speaker.text();
}

std::string ModelCall::silence(int times) {
  speaker.sentences.clear();
  auto replied = world.run([&]() -> Task<TurnEnd> {
    co_return co_await dialogue->silence(world.context(), times, speaker);
  });
  EXPECT_TRUE(replied);
  if (replied) end = *replied;
  return speaker.text();
}

void ModelCall::anticipate(std::string text) {
  if (!dialogue) start();
  dialogue->anticipate(world.context(),
                       {.text = std::move(text), .confidence = 0.9, .alternatives = {}});
}

void ModelCall::cancelled_turn(std::string text, Duration after) {
  if (!dialogue) start();
  speaker.sentences.clear();
  asio::cancellation_signal cancel;
  bool ended = false;
  auto work = [&]() -> asio::awaitable<void> {
    UserTurn turn{.text = text, .confidence = 0.9, .alternatives = {}};
    (void)co_await dialogue->reply(world.context(), turn, speaker);
  };
  asio::co_spawn(
      world.io(), work(),
      asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr) { ended = true; }));
  world.run_for(after);
  EXPECT_FALSE(ended) << "the reply was over before it could be cancelled";
  cancel.emit(asio::cancellation_type::terminal);
  world.run_for(std::chrono::milliseconds(1));
  EXPECT_TRUE(ended);
}

Outcome ModelCall::conclude() {
  auto concluded =
      world.run([&]() -> Task<Outcome> { co_return co_await dialogue->conclude(world.context()); });
  EXPECT_TRUE(concluded);
  return concluded ? *concluded : Outcome{};
}

std::vector<ToolCall> ModelCall::calls_of(std::string_view tool) const {
  std::vector<ToolCall> calls;
  for (const auto& call : practice.calls)
    if (call.name == tool) calls.push_back(call);
  return calls;
}

const ToolAnswer& ModelCall::last_answer() const {
  for (auto message = last_prompt().messages.rbegin(); message != last_prompt().messages.rend();
       ++message)
    if (!message->answers.empty()) return message->answers.back();
  throw std::logic_error("no tool was answered");
}

}  // namespace parley::dialog::testing
