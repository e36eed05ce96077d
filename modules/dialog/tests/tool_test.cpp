#include "parley/dialog/tool.hpp"

#include <gtest/gtest.h>

#include "parley/testkit/sim_world.hpp"
#include "schema.hpp"

namespace parley::dialog {
namespace {

using testkit::SimWorld;
using namespace std::chrono_literals;

json::object schema() {
  return parse_json(R"({
    "type": "object",
    "required": ["service", "limit"],
    "properties": {
      "service": {"type": "string", "minLength": 2, "maxLength": 5},
      "limit": {"type": "integer", "minimum": 1, "maximum": 10},
      "kind": {"enum": ["a", "b"]},
      "share": {"type": "number"},
      "sure": {"type": "boolean"},
      "note": {"type": ["string", "null"]},
      "list": {"type": "array", "items": {"type": "string"}},
      "slot": {"type": "object", "required": ["start"], "properties": {"start": {"type": "string"}}},
      "free": {"type": "object", "additionalProperties": true}
    }})")
      .value()
      .as_object();
}

TEST(Schema, TakesWhatFits) {
  for (auto* text :
       {R"({"service": "abc", "limit": 3})", R"({"service": "abc", "limit": 3.0, "kind": "b"})",
        R"({"service": "äöüßé", "limit": 10, "share": 0.5, "sure": true, "note": null})",
        R"({"service": "ab", "limit": 1, "list": ["x"], "slot": {"start": "now"}})",
        R"({"service": "ab", "limit": 1, "free": {"anything": 1}})"}) {
    auto checked = check_arguments(schema(), parse_json(text).value().as_object());
    EXPECT_TRUE(checked) << text << ": " << (checked ? "" : checked.error().detail);
  }
}

TEST(Schema, RefusesWhatDoesNotAndNamesTheField) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"limit": 3})", "'service' is missing"},
      {R"({"service": 3, "limit": 3})", "'service' must be of type"},
      {R"({"service": "a", "limit": 3})", "'service' is shorter"},
      {R"({"service": "abcdef", "limit": 3})", "'service' is longer"},
      {R"({"service": "abc", "limit": 0})", "'limit' is below 1"},
      {R"({"service": "abc", "limit": 11})", "'limit' is above 10"},
      {R"({"service": "abc", "limit": 2.5})", "'limit' must be of type"},
      {R"({"service": "abc", "limit": "3"})", "'limit' must be of type"},
      {R"({"service": "abc", "limit": 3, "kind": "c"})", "'kind' must be one of"},
      {R"({"service": "abc", "limit": 3, "sure": "yes"})", "'sure' must be of type"},
      {R"({"service": "abc", "limit": 3, "note": 1})", "'note' must be of type"},
      {R"({"service": "abc", "limit": 3, "list": ["x", 1]})", "'list[1]' must be of type"},
      {R"({"service": "abc", "limit": 3, "slot": {}})", "'slot.start' is missing"},
      {R"({"service": "abc", "limit": 3, "slot": {"start": "x", "admin": true}})",
       "'slot.admin' is not known"},
      {R"({"service": "abc", "limit": 3, "organization": "org_2"})",
       "'organization' is not known"}};
  for (auto [text, problem] : cases) {
    auto checked = check_arguments(schema(), parse_json(text).value().as_object());
    ASSERT_FALSE(checked) << text;
    EXPECT_EQ(checked.error().code, Errc::invalid);
    EXPECT_NE(checked.error().detail.find(problem), std::string::npos) << checked.error().detail;
  }
}

/// Sleeps, then answers or fails.
class SlowTool final : public Tool {
 public:
  SlowTool(Clock& clock, ToolSpec spec, Duration delay, std::optional<Error> error = {})
      : clock_(clock), spec_(std::move(spec)), delay_(delay), error_(std::move(error)) {}
  const ToolSpec& spec() const override { return spec_; }
  Task<json::object> call(Context ctx, ToolScope, ToolCall) override {
    deadline = ctx.deadline;
    co_await clock_.sleep_for(delay_);
    if (error_) co_return std::unexpected(*error_);
    co_return json::object{{"done", true}};
  }
  static inline TimePoint deadline;

 private:
  Clock& clock_;
  ToolSpec spec_;
  Duration delay_;
  std::optional<Error> error_;
};

struct Outcome {
  Result<json::object> result;
  Duration took;
};

Outcome call_slow(Duration delay, bool has_effect, Duration ctx_limit = 1h,
                  std::optional<Error> error = {}) {
  SimWorld world;
  ToolBox box(world.clock());
  ToolSpec spec{.name = "slow", .parameters = {}, .time_limit = 5s, .has_effect = has_effect};
  box.add(std::make_unique<SlowTool>(world.clock(), spec, delay, error));
  auto ctx = world.context().until(world.clock().now() + ctx_limit);
  auto result = world.run([&]() -> Task<json::object> {
    ToolCall call{.name = "slow", .arguments = {}, .idempotency_key = "k"};
    co_return co_await box.call(ctx, ToolScope{}, std::move(call));
  });
  return {result, world.elapsed()};
}

TEST(ToolBox, GivesTheToolsAnswer) {
  auto [result, took] = call_slow(1s, true);
  ASSERT_TRUE(result);
  EXPECT_EQ(took, 1s);
}

TEST(ToolBox, CutsOffAHungReadAsTimeout) {
  auto [result, took] = call_slow(1h, false);
  EXPECT_EQ(result.error().code, Errc::timeout);
  EXPECT_EQ(took, 5s);
}

TEST(ToolBox, AHungEffectMayHaveHappened) {
  auto [result, took] = call_slow(1h, true);
  EXPECT_EQ(result.error().code, Errc::outcome_unknown);
  EXPECT_EQ(took, 5s);
}

TEST(ToolBox, AToolsOwnTimeoutMeansNothingHappened) {
  auto [result, took] = call_slow(1s, true, 1h, Error{Errc::timeout, "never reached it"});
  EXPECT_EQ(result.error().code, Errc::timeout);
}

TEST(ToolBox, TheCallersDeadlineIsShorterThanTheLimit) {
  auto [result, took] = call_slow(1h, false, 2s);
  EXPECT_EQ(result.error().code, Errc::timeout);
  EXPECT_EQ(took, 2s);
}

TEST(ToolBox, KnowsItsToolsAndRefusesOthers) {
  SimWorld world;
  ToolBox box(world.clock());
  ToolSpec spec{.name = "slow", .parameters = schema()};
  box.add(std::make_unique<SlowTool>(world.clock(), spec, 0s));
  EXPECT_THROW(box.add(std::make_unique<SlowTool>(world.clock(), spec, 0s)), std::logic_error);
  EXPECT_TRUE(box.has("slow"));
  EXPECT_EQ(box.specs().size(), 1u);
  auto unknown = world.run([&]() -> Task<json::object> {
    ToolCall call{.name = "fast", .arguments = {}, .idempotency_key = ""};
    co_return co_await box.call(world.context(), ToolScope{}, std::move(call));
  });
  EXPECT_EQ(unknown.error().code, Errc::not_found);
  auto invalid = world.run([&]() -> Task<json::object> {
    ToolCall call{.name = "slow", .arguments = {}, .idempotency_key = ""};
    co_return co_await box.call(world.context(), ToolScope{}, std::move(call));
  });
  EXPECT_EQ(invalid.error().code, Errc::invalid);
}

}  // namespace
}  // namespace parley::dialog
