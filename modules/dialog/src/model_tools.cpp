// What the model asks for: its own tools of the conversation, and those that act outside.
#include <algorithm>
#include <array>

#include "model_conversation.hpp"
#include "own_words.hpp"
#include "parley/base/race.hpp"
#include "parley/base/strings.hpp"
#include "phrases.hpp"
#include "schema.hpp"

namespace parley::dialog {
namespace {

constexpr std::size_t most_argument_bytes = 8 * 1024;
/// Longer than any tool may take.
constexpr Duration no_tool_takes = std::chrono::minutes(5);

const std::array<ToolSpec, 2>& internal_tools() {
  static const std::array<ToolSpec, 2> tools{
      {{.name = "set_phase",
        .description = "Says that the conversation has moved on to another phase.",
        .parameters = {{"type", "object"},
                       {"properties", {{"phase", {{"type", "string"}, {"maxLength", 40}}}}},
                       {"required", json::array{"phase"}},
                       {"additionalProperties", false}}},
       {.name = "end_call",
        .description = "Hangs up after your words. Only when the caller is done or says goodbye; "
                       "say goodbye in the same answer.",
        .parameters = {{"type", "object"},
                       {"properties",
                        {{"summary",
                          {{"type", "string"},
                           {"maxLength", 600},
                           {"description", "what the caller wanted and what came of it"}}}}},
                       {"additionalProperties", false}}}}};
  return tools;
}

ToolAnswer failed_answer(const ToolRequest& request, std::string_view code, std::string text) {
  return {request.id, {{"error", code}, {"message", std::move(text)}}, true};
}

}  // namespace

bool is_internal_tool(std::string_view name) {
  return std::ranges::find(internal_tools(), name, &ToolSpec::name) != internal_tools().end();
}

std::vector<ToolSpec> ModelConversation::tool_specs() const {
  std::vector<ToolSpec> specs(internal_tools().begin(), internal_tools().end());
  for (const auto* spec : parts_.given.tools.specs()) specs.push_back(*spec);
  for (const auto& tool : own_tools_) specs.push_back(tool->spec());
  return specs;
}

const ToolSpec* ModelConversation::spec_of(std::string_view name) const {
  if (auto* spec = parts_.given.tools.spec(name)) return spec;
  for (const auto& tool : own_tools_)
    if (tool->spec().name == name) return &tool->spec();
  return nullptr;
}

/// Of the call, the turn and the content: the same request twice in a turn is one.
std::string ModelConversation::key_for(const ToolRequest& request) const {
  auto content = request.name + "\n" + canonical(json::value(request.arguments));
  return start_.scope.conversation.str() + ":" + std::to_string(turn_.number) + ":" +
         content_hash(content).substr(0, 24);
}

/// Whether the model is to be asked again with the answers.
Task<bool> ModelConversation::run_requests(Context ctx, std::vector<ToolRequest> requests) {
  bool only_internal = true;
  for (const auto& request : requests)
    only_internal = only_internal && is_internal_tool(request.name);
  bool all_good = true;
  std::vector<std::pair<ToolRequest, ToolAnswer>> done;
  for (auto& request : requests) {
    auto executing = execute(ctx, request);
    auto answer = co_await std::move(executing);
    if (!answer) co_return std::unexpected(answer.error());
    all_good = all_good && !answer->failed;
    done.emplace_back(std::move(request), std::move(*answer));
  }
  if (only_internal && all_good && closing_ && turn_.said_bytes == 0)
    say_own(english_ ? phrases::goodbye(profile())
                     : std::string(own_words(profile().agent.language).goodbye));
  // It has said what it wanted to, and these answers tell it nothing new.
  if (only_internal && all_good && turn_.said_bytes > 0) co_return false;
  for (auto& [request, answer] : done) history_.asked(std::move(request), std::move(answer));
  co_return true;
}

ToolAnswer ModelConversation::internal_tool(const ToolRequest& request) {
  auto tool = std::ranges::find(internal_tools(), request.name, &ToolSpec::name);
  if (auto good = check_arguments(tool->parameters, request.arguments); !good)
    return failed_answer(request, "invalid", good.error().detail);
  if (request.name == "end_call") {
    closing_ = true;
    // Written where the caller's words may have led it: no more than a text.
    summary_ = std::string(trim(text_in(request.arguments, "summary")));
    return {request.id, {{"ending", true}}, false};
  }
  auto changed = phases_.change(text_in(request.arguments, "phase"));
  if (!changed)
    return failed_answer(request, to_string(changed.error().code), changed.error().detail);
  return {request.id, {{"phase", phases_.current()}}, false};
}

/// Every problem is an answer to the model, which may do better.
Task<ToolAnswer> ModelConversation::execute(Context ctx, ToolRequest request) {
  bool late = clock().now() >= turn_.began + parts_.limits.turn;
  if (++turn_.calls > parts_.limits.calls || late)
    co_return failed_answer(request, "rate_limited",
                            "too many tool calls in one turn; answer the caller now");
  if (json::serialize(request.arguments).size() > most_argument_bytes)
    co_return failed_answer(request, "invalid", "the arguments are too long");
  if (is_internal_tool(request.name)) co_return internal_tool(request);
  auto* spec = spec_of(request.name);
  if (!spec) {
    std::vector<std::string> names;
    for (const auto& known : tool_specs()) names.push_back(known.name);
    co_return failed_answer(request, "not_found",
                            "no such tool; there are: " + parley::join(names, ", "));
  }
  ToolCall call{request.name, request.arguments, key_for(request)};
  if (auto before = turn_.answered.find(call.idempotency_key); before != turn_.answered.end()) {
    auto again = before->second;
    again.id = request.id;
    again.result["repeated"] = "the same call was made in this turn; this is its answer";
    co_return again;
  }
  if (auto* standing =
          spec->has_effect ? effects_->standing(request.name, request.arguments) : nullptr) {
    auto result = *standing;
    result["repeated"] = "done earlier in this call; it was not done again";
    co_return ToolAnswer{request.id, std::move(result), false};
  }
  if (auto good = check_arguments(spec->parameters, request.arguments); !good)
    co_return failed_answer(request, "invalid", good.error().detail);
  if (spec->has_effect) unsettled_ = call;
  auto using_tool = with_filler(ctx, call);
  auto result = co_await std::move(using_tool);
  bool unknown = !result && result.error().code == Errc::outcome_unknown;
  auto turn_by = turn_.began + parts_.limits.turn;
  if (unknown && clock().now() + spec->time_limit < turn_by) {
    auto looking_again = with_filler(ctx, call);
    result = co_await std::move(looking_again);
    unknown = !result && result.error().code == Errc::outcome_unknown;
  }
  if (spec->has_effect && !unknown) unsettled_.reset();
  if (result && spec->has_effect) {
    auto before = effects_->count();
    effects_->note(*spec, call.arguments, *result, EffectLedger::Told::no);
    if (effects_->count() > before) turn_.said_since_effect = false;
  }
  if (result && call.name == "find_appointments") {
    auto* list = result->if_contains("appointments");
    knows_appointments_ =
        knows_appointments_ || (list && list->is_array() && !list->as_array().empty());
  }
  ToolAnswer answer{request.id, {}, false};
  if (result)
    answer.result = std::move(*result);
  else if (unknown)
    answer = failed_answer(request, "outcome_unknown",
                           "it is not known whether it was done; say that it will be checked, and "
                           "do not call it again in this turn");
  else
    answer = failed_answer(request, to_string(result.error().code), result.error().detail);
  turn_.answered[call.idempotency_key] = answer;
  co_return answer;
}

/// While a tool is slow and nothing was said, a word that we are still there.
Task<json::object> ModelConversation::with_filler(Context ctx, ToolCall call) {
  auto working = use(std::move(ctx), std::move(call));
  auto still_there = [](ModelConversation& self) -> asio::awaitable<void> {
    co_await self.clock().sleep_for(self.parts_.limits.filler_after);
    if (self.turn_.said_bytes == 0 && !std::exchange(self.turn_.filled, true))
      self.turn_.speaker->say(std::string(own_words(self.profile().agent.language).filler));
    co_await self.clock().sleep_for(no_tool_takes);
  };
  auto waiting = still_there(*this);
  auto first = co_await race(std::move(working), std::move(waiting));
  if (first.index() == 1) co_return fail(Errc::outcome_unknown, "a tool without a time limit");
  co_return std::get<0>(std::move(first));
}

Task<json::object> ModelConversation::use(Context ctx, ToolCall call) {
  ToolTrace trace{.name = call.name, .arguments = call.arguments};
  auto started = clock().now();
  auto report = [&](std::string error) {
    trace.error = std::move(error);
    trace.took = clock().now() - started;
    if (start_.on_tool) start_.on_tool(trace);
  };
  try {
    auto work = call_tool(std::move(ctx), std::move(call));
    auto result = co_await std::move(work);
    if (result) trace.result = *result;
    report(result ? ""
                  : std::string(to_string(result.error().code)) + ": " + result.error().detail);
    co_return result;
  } catch (...) {
    report("cancelled");
    throw;
  }
}

Task<json::object> ModelConversation::call_tool(Context ctx, ToolCall call) const {
  for (const auto& tool : own_tools_) {
    if (tool->spec().name != call.name) continue;
    auto kept = tool;
    auto work = call_within_limits(clock(), *kept, std::move(ctx), start_.scope, std::move(call));
    co_return co_await std::move(work);
  }
  auto work = parts_.given.tools.call(std::move(ctx), start_.scope, std::move(call));
  co_return co_await std::move(work);
}

}  // namespace parley::dialog
