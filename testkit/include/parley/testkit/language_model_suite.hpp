#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "parley/base/strings.hpp"
#include "parley/base/task_group.hpp"
#include "parley/dialog/language_model.hpp"
#include "parley/resilience/policy.hpp"
#include "parley/simulators/model_script.hpp"
#include "parley/simulators/stand_in_server.hpp"
#include "parley/testkit/real_world.hpp"

namespace parley::testkit {

/// An engine of LanguageModel before its vendor's stand-in, both on one io_context.
class LanguageModelWorld {
 public:
  static constexpr Duration patience = 1s;  ///< of the policy, for one attempt
  static constexpr int attempts = 2;

  virtual ~LanguageModelWorld() = default;
  virtual dialog::LanguageModel& model() = 0;
  virtual simulators::ModelScript& script() = 0;
  virtual simulators::StandInServer& stand_in() = 0;

  RealWorld real;

 protected:
  static resilience::PolicyOptions impatient() {
    resilience::PolicyOptions options;
    options.attempt_timeout = patience;
    options.total_timeout = 5s;
    options.retry.attempts = attempts;
    options.retry.first_pause = 1ms;
    options.retry.longest_retry_after = 1s;
    options.breaker.failure_percent = 0;
    return options;
  }
  metrics::Registry registry_;
  trace::NoSpanSink spans_;
  trace::Tracer tracer_{real.clock, real.random, spans_};
  resilience::Policies policies_{real.clock, real.random, registry_, tracer_};
  resilience::Policy& policy_ = policies_.add("language", impatient());
};

/// A whole generation.
struct Generated {
  std::string text;
  std::size_t pieces = 0;
  std::vector<dialog::ToolRequest> requests;
  std::optional<dialog::Completion> completion;
  std::optional<Error> error;  ///< instead of the completion
};

/// What every LanguageModel has to do: include this in a test program and
///   INSTANTIATE_TEST_SUITE_P(OfThatVendor, LanguageModelSuite, ::testing::Values(&make_world));
class LanguageModelSuite
    : public ::testing::TestWithParam<std::unique_ptr<LanguageModelWorld> (*)()> {
 protected:
  using Role = dialog::ModelMessage::Role;
  using Reason = dialog::Completion::Reason;
  using Breaks = simulators::ModelReply::Breaks;

  void SetUp() override { world = GetParam()(); }
  void TearDown() override { world.reset(); }

  static dialog::ModelPrompt asking(std::string words) {
    dialog::ModelPrompt prompt;
    prompt.instructions = "You answer the telephone of a dental practice.";
    prompt.situation = "It is Monday, 2026-03-02T09:00.";
    prompt.messages.emplace_back().text = std::move(words);
    return prompt;
  }
  static dialog::ToolSpec tool(std::string name) {
    dialog::ToolSpec spec;
    spec.name = std::move(name);
    spec.description = "What it does.";
    spec.parameters = {{"type", "object"}, {"properties", json::object{}}};
    return spec;
  }
  void scripted(std::string text, Breaks breaks) {
    simulators::ModelReply reply;
    reply.text = std::move(text);
    reply.breaks = breaks;
    world->script().reply(std::move(reply));
  }
  void faults(std::string plan) { ASSERT_TRUE(world->stand_in().faults().set(std::move(plan))); }

  Result<std::unique_ptr<dialog::LanguageStream>> begin(dialog::ModelPrompt prompt,
                                                        Context ctx = {}) {
    return world->real.run([&] { return world->model().generate(ctx, prompt); });
  }
  Result<dialog::LanguageEvent> next(dialog::LanguageStream& stream) {
    return world->real.run([&] { return stream.next(); });
  }
  Generated generate(dialog::ModelPrompt prompt, Context ctx = {}) {
    Generated all;
    auto stream = begin(std::move(prompt), std::move(ctx));
    if (!stream) {
      all.error = stream.error();
      return all;
    }
    while (!all.completion && !all.error) {
      auto event = next(**stream);
      if (!event) {
        all.error = event.error();
      } else if (auto* piece = std::get_if<dialog::TextPiece>(&*event)) {
        EXPECT_TRUE(is_valid_utf8(piece->text));
        EXPECT_FALSE(piece->text.empty());
        all.text += piece->text;
        ++all.pieces;
      } else if (auto* request = std::get_if<dialog::ToolRequest>(&*event)) {
        all.requests.push_back(std::move(*request));
      } else {
        all.completion = std::get<dialog::Completion>(*event);
      }
    }
    if (all.completion) {
      EXPECT_EQ(next(**stream).error().code, Errc::end_of_stream);
      EXPECT_EQ(next(**stream).error().code, Errc::end_of_stream) << "it stays so";
    }
    return all;
  }
  /// The error's code when the stand-in's faults are `plan`, after so many requests.
  void expect_failure(std::string plan, Errc code, std::size_t requests) {
    faults(plan);
    auto before = world->stand_in().requests();
    auto outcome = generate(asking("hello"));
    ASSERT_TRUE(outcome.error) << plan;
    EXPECT_EQ(outcome.error->code, code) << plan << ": " << outcome.error->detail;
    EXPECT_EQ(world->stand_in().requests() - before, requests) << plan;
    EXPECT_FALSE(outcome.error->detail.empty());
    faults("");
  }
  void expect_success_after(std::string plan) {
    faults(plan);
    world->script().reply("At your service.");
    auto before = world->stand_in().requests();
    EXPECT_EQ(generate(asking("hello")).text, "At your service.") << plan;
    EXPECT_EQ(world->stand_in().requests() - before, 2u) << plan;
    faults("");
  }

  std::unique_ptr<LanguageModelWorld> world;
};

TEST_P(LanguageModelSuite, TextComesInPiecesAndThenTheCompletion) {
  const std::string words =
      "Gr\xC3\xBC\xC3\x9F Gott, that is 5 \xE2\x82\xAC for you \xF0\x9F\x98\x80.";
  for (int i = 0; i < 20; ++i) {  // cut at other bytes each time
    world->script().reply(words);
    auto said = generate(asking("What does it cost?"));
    EXPECT_EQ(said.text, words);
    EXPECT_GT(said.pieces, 3u);
    ASSERT_TRUE(said.completion) << said.error->detail;
    EXPECT_EQ(said.completion->reason, Reason::done);
    EXPECT_FALSE(said.completion->model.empty());
    EXPECT_GT(said.completion->input_tokens, 0);
    EXPECT_GT(said.completion->output_tokens, 0);
  }
  auto asked = world->script().last();
  EXPECT_NE(asked.system.find("dental practice"), std::string::npos);
  EXPECT_NE(asked.system.find("2026-03-02"), std::string::npos);
  ASSERT_EQ(asked.turns.size(), 1u);
  EXPECT_EQ(asked.turns[0].text, "What does it cost?");
}

TEST_P(LanguageModelSuite, AToolGoesThereAndBack) {
  auto prompt = asking("Is the ninth free?");
  prompt.tools = {tool("crm.find"), tool("crm_find")};
  simulators::ModelReply reply;
  reply.text = "One moment.";
  // The other's name is taken, so this one has another on the wire.
  reply.calls = {{"call_7", "crm_find_2", {{"day", "2026-03-09"}, {"who", "J\xC3\xBCrgen"}}}};
  world->script().reply(std::move(reply));
  auto first = generate(prompt);
  EXPECT_EQ(first.text, "One moment.");
  ASSERT_TRUE(first.completion) << first.error->detail;
  EXPECT_EQ(first.completion->reason, Reason::tools);
  ASSERT_EQ(first.requests.size(), 1u);
  EXPECT_EQ(first.requests[0].name, "crm.find");
  EXPECT_EQ(first.requests[0].arguments,
            (json::object{{"day", "2026-03-09"}, {"who", "J\xC3\xBCrgen"}}));

  auto& ours = prompt.messages.emplace_back();
  ours.role = Role::assistant;
  ours.text = first.text;
  ours.requests = first.requests;
  prompt.messages.emplace_back().answers = {{first.requests[0].id, {{"free", true}}, false}};
  world->script().reply("It is.");
  EXPECT_EQ(generate(prompt).text, "It is.");
  auto asked = world->script().last();
  EXPECT_EQ(asked.tools.size(), 2u);
  ASSERT_EQ(asked.turns.size(), 3u);
  EXPECT_EQ(asked.turns[1].text, "One moment.");
  ASSERT_EQ(asked.turns[1].calls.size(), 1u);
  EXPECT_EQ(asked.turns[1].calls[0].name, "crm_find_2");
  EXPECT_EQ(asked.turns[1].calls[0].arguments, first.requests[0].arguments);
  ASSERT_EQ(asked.turns[2].outcomes.size(), 1u);
  EXPECT_EQ(asked.turns[2].outcomes[0].id, asked.turns[1].calls[0].id);
  EXPECT_EQ(asked.turns[2].outcomes[0].content, R"({"free":true})");
}

TEST_P(LanguageModelSuite, SeveralToolsAtOnceOneOfThemWithoutArguments) {
  auto prompt = asking("When am I coming, and what is free?");
  prompt.tools = {tool("find_slots"), tool("find_appointments")};
  simulators::ModelReply reply;
  reply.calls = {{"", "find_slots", {{"service", "svc_cleaning"}, {"limit", 2}}},
                 {"", "find_appointments", {}},
                 {"", "find_slots", {{"service", "svc_filling"}, {"limit", 1}}}};
  world->script().reply(reply);
  auto said = generate(prompt);
  ASSERT_TRUE(said.completion) << said.error->detail;
  EXPECT_EQ(said.completion->reason, Reason::tools);
  ASSERT_EQ(said.requests.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(said.requests[i].name, reply.calls[i].name);
    EXPECT_EQ(said.requests[i].arguments, reply.calls[i].arguments);
    EXPECT_FALSE(said.requests[i].id.empty());
  }
  EXPECT_NE(said.requests[0].id, said.requests[2].id);

  auto& ours = prompt.messages.emplace_back();
  ours.role = Role::assistant;
  ours.requests = said.requests;
  auto& results = prompt.messages.emplace_back();
  for (auto& request : said.requests) results.answers.push_back({request.id, {}, true});
  results.text = "Hurry up.";
  world->script().reply("Sorry.");
  EXPECT_EQ(generate(prompt).text, "Sorry.");
}

TEST_P(LanguageModelSuite, IdsOfAnotherEngineAreTakenToo) {
  auto prompt = asking("hello");
  prompt.tools = {tool("find_slots")};
  for (int turn = 0; turn < 2; ++turn) {
    dialog::ToolRequest request{"functions.find_slots:0 " + std::string(80, 'x'), "find_slots", {}};
    auto& ours = prompt.messages.emplace_back();
    ours.role = Role::assistant;
    ours.requests = {request};
    auto& theirs = prompt.messages.emplace_back();
    theirs.answers = {{request.id, {{"slots", json::array{}}}, false}};
    theirs.text = "And then?";
  }
  world->script().reply("Good.");
  EXPECT_EQ(generate(prompt).text, "Good.");
}

TEST_P(LanguageModelSuite, ARefusalAndALimitAreTold) {
  simulators::ModelReply reply;
  reply.text = "I would";
  reply.end = simulators::ModelReply::End::refused;
  world->script().reply(reply);
  EXPECT_EQ(generate(asking("hello")).completion.value().reason, Reason::refused);
  reply.end = simulators::ModelReply::End::too_long;
  world->script().reply(reply);
  EXPECT_EQ(generate(asking("hello")).completion.value().reason, Reason::too_long);
}

TEST_P(LanguageModelSuite, ThoughtsAreNotGiven) {
  simulators::ModelReply reply;
  reply.thoughts = "They said hello, so I say";
  reply.text = "Good morning.";
  world->script().reply(reply);
  EXPECT_EQ(generate(asking("hello")).text, "Good morning.");
}

TEST_P(LanguageModelSuite, DroppingTheStreamClosesTheConnection) {
  world->script().set_pace({.tokens_per_second = 100});
  scripted("and so on", Breaks::for_ever);
  auto stream = begin(asking("hello")).value();
  ASSERT_TRUE(next(*stream));
  EXPECT_EQ(world->script().streams().running, 1u);
  stream.reset();
  world->real.until([&] { return world->script().streams().running == 0; });
  EXPECT_EQ(world->script().streams().abandoned, 1u);
}

TEST_P(LanguageModelSuite, AWaitThatIsCutShortClosesTheConnectionToo) {
  world->script().set_pace({.first_token = 200ms, .tokens_per_second = 100});
  scripted("and so on", Breaks::for_ever);
  auto stream = begin(asking("hello")).value();
  auto cut = world->real.run([&]() -> Task<dialog::LanguageEvent> {
    auto& clock = world->real.clock;
    auto waiting = stream->next();
    auto event = co_await with_deadline(clock, clock.now() + 20ms, std::move(waiting));
    co_return event;
  });
  EXPECT_EQ(cut.error().code, Errc::timeout);
  stream.reset();
  world->real.until([&] { return world->script().streams().running == 0; });
  EXPECT_EQ(world->script().streams().abandoned, 1u);
}

TEST_P(LanguageModelSuite, ASlowFirstWordIsWaitedFor) {
  world->script().set_pace({.first_token = 200ms, .tokens_per_second = 50});
  world->script().reply("Here I am.");
  EXPECT_EQ(generate(asking("hello")).text, "Here I am.");
}

TEST_P(LanguageModelSuite, WhatNoRepetitionMendsIsNotRepeated) {
  expect_failure("status 401", Errc::forbidden, 1);
  expect_failure("status 402", Errc::forbidden, 1);
  expect_failure("status 403", Errc::forbidden, 1);
  expect_failure("status 400", Errc::invalid, 1);
  expect_failure("status 404", Errc::not_found, 1);
  expect_failure("status 413", Errc::too_large, 1);
}

TEST_P(LanguageModelSuite, WhatMayPassIsRepeated) {
  constexpr auto all = static_cast<std::size_t>(LanguageModelWorld::attempts);
  expect_failure("status 429", Errc::rate_limited, all);
  expect_failure("status 500", Errc::unavailable, all);
  expect_failure("status 503", Errc::unavailable, all);
  expect_failure("status 529", Errc::unavailable, all);
  for (const auto* plan : {"status 429 first 1", "status 429 retry-after 1 first 1",
                           "status 500 first 1", "status 529 first 1", "reset first 1"})
    expect_success_after(plan);
}

/// On a kept connection it would be sent once more: it may have been closed in between.
TEST_P(LanguageModelSuite, ANewConnectionThatBreaksIsRepeated) {
  constexpr auto all = static_cast<std::size_t>(LanguageModelWorld::attempts);
  expect_failure("reset", Errc::unavailable, all);
  expect_failure("close", Errc::unavailable, all);
}

TEST_P(LanguageModelSuite, ALongRetryAfterIsToldAndNotWaitedFor) {
  faults("status 429 retry-after 30");
  auto outcome = generate(asking("hello"));
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, Errc::rate_limited);
  EXPECT_EQ(outcome.error->retry_after, 30s);
  EXPECT_EQ(world->stand_in().requests(), 1u);
}

TEST_P(LanguageModelSuite, NoAnswerIsATimeout) {
  expect_failure("hang", Errc::timeout, LanguageModelWorld::attempts);
}

TEST_P(LanguageModelSuite, WhatBreaksInTheMiddleIsNamed) {
  const std::vector<std::pair<Breaks, Errc>> all{{Breaks::cut, Errc::unavailable},
                                                 {Breaks::error, Errc::unavailable},
                                                 {Breaks::half_json, Errc::corrupt}};
  for (auto [breaks, code] : all) {
    // A word a moment, so that those before are read before the break.
    world->script().set_pace({.tokens_per_second = 100});
    scripted("We are open tomorrow", breaks);
    auto said = generate(asking("hello"));
    // A cut may take along what was not read yet.
    EXPECT_TRUE(std::string("We are open tomo").starts_with(said.text)) << said.text;
    EXPECT_GE(said.text.size(), breaks == Breaks::cut ? 3u : 16u);
    ASSERT_TRUE(said.error);
    EXPECT_EQ(said.error->code, code) << said.error->detail;
  }
}

TEST_P(LanguageModelSuite, HalfAnAnswerAndGarbageAreNoAnswer) {
  world->script().reply("We are open tomorrow from nine until five.");
  faults("half 300");
  auto half = generate(asking("hello"));
  ASSERT_TRUE(half.error);
  EXPECT_EQ(half.error->code, Errc::unavailable) << half.error->detail;
  faults("garbage");
  auto garbage = generate(asking("hello"));
  ASSERT_TRUE(garbage.error);
  EXPECT_TRUE(garbage.error->code == Errc::unavailable || garbage.error->code == Errc::corrupt)
      << garbage.error->detail;
}

TEST_P(LanguageModelSuite, AnAnswerWithoutAnEventIsRepeatedAndThenUnavailable) {
  scripted("", Breaks::no_events);
  scripted("", Breaks::no_events);
  auto said = generate(asking("hello"));
  ASSERT_TRUE(said.error);
  EXPECT_EQ(said.error->code, Errc::unavailable);
  EXPECT_EQ(world->stand_in().requests(), 2u);
}

TEST_P(LanguageModelSuite, AnAnswerThatNeverEndsIsBounded) {
  world->script().set_pace({.tokens_per_second = 100});
  scripted("and so on", Breaks::for_ever);
  Context soon;
  soon.deadline = world->real.clock.now() + 200ms;
  auto slowly = generate(asking("hello"), soon);
  ASSERT_TRUE(slowly.error);
  EXPECT_EQ(slowly.error->code, Errc::timeout);
  world->script().set_pace({});
  scripted("and so on", Breaks::for_ever);
  auto fast = generate(asking("hello"));
  ASSERT_TRUE(fast.error);
  EXPECT_EQ(fast.error->code, Errc::too_large);
}

TEST_P(LanguageModelSuite, APromptThatMakesNoSenseIsNotSent) {
  auto prompt = asking("hello");
  prompt.messages.emplace_back().text = "hello again";
  EXPECT_EQ(generate(prompt).error.value().code, Errc::invalid);
  EXPECT_EQ(generate(asking(" ")).error.value().code, Errc::invalid);
  EXPECT_EQ(world->stand_in().requests(), 0u);
}

TEST_P(LanguageModelSuite, TheReceptionistHoldsAConversation) {
  auto prompt = asking("Do you have parking?");
  prompt.tools = {tool("search_knowledge")};
  auto asked = generate(prompt);
  ASSERT_EQ(asked.requests.size(), 1u);
  EXPECT_EQ(asked.requests[0].arguments, (json::object{{"query", "Do you have parking?"}}));
}

}  // namespace parley::testkit
