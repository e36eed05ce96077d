// What a conversation does outside itself, and what it leaves behind: tools, keys, the outcome.
#include <algorithm>

#include "conversation.hpp"
#include "parley/base/strings.hpp"
#include "phrases.hpp"

namespace parley::dialog {

/// Finds out how an effect ended whose reply was cancelled: the same key makes asking again safe.
Task<std::optional<TurnEnd>> Conversation::settle(Context ctx) {
  if (!effect_) co_return std::optional<TurnEnd>{};
  auto effect = *effect_;
  auto end = co_await perform(ctx, std::move(effect));
  if (!end) co_return std::unexpected(end.error());
  co_return std::optional<TurnEnd>(std::move(*end));
}

std::string Conversation::contact_phone() const {
  return phone_.empty() ? start_.scope.caller_phone : phone_;
}

Task<json::object> Conversation::use(Context ctx, ToolCall call) {
  ToolTrace trace{.name = call.name, .arguments = call.arguments};
  auto started = clock_.now();
  auto report = [&](std::string error) {
    trace.error = std::move(error);
    trace.took = clock_.now() - started;
    if (start_.on_tool) start_.on_tool(trace);
  };
  try {
    auto work = tools_.call(ctx, start_.scope, std::move(call));
    auto result = co_await std::move(work);
    if (result) trace.result = *result;
    report(result ? ""
                  : std::string(to_string(result.error().code)) + ": " + result.error().detail);
    co_return result;
  } catch (...) {
    // The caller interrupted or hung up: the timeline still shows that the tool was at work. What
    // is thrown then depends on how many waits were cancelled at once.
    report("cancelled");
    throw;
  }
}

std::string Conversation::key_for(const std::string& tool, const json::object& arguments) const {
  return start_.scope.conversation.str() + ":" +
         content_hash(tool + json::serialize(arguments)).substr(0, 24);
}

void Conversation::note(std::string kind, std::string sentence) {
  auto rank = [](std::string_view k) {
    constexpr std::array<std::string_view, 6> order{"none",      "answered", "message",
                                                    "cancelled", "moved",    "booked"};
    return std::ranges::find(order, k) - order.begin();
  };
  if (rank(kind) >= rank(outcome_.kind)) outcome_.kind = kind;
  if (kind == "answered") {
    auto& list = outcome_.details["questions"];
    if (!list.is_array()) list = json::array{};
    if (list.as_array().size() < 50) list.as_array().push_back(json::value(sentence));
    return;
  }
  if (!outcome_.summary.empty()) outcome_.summary += " ";
  outcome_.summary += sentence;
}

Outcome Conversation::outcome() const {
  Outcome result = outcome_;
  if (effect_) result.details["unfinished"] = effect_->call.name;
  if (!name_.empty()) result.details["name"] = name_;
  if (!result.summary.empty()) return result;
  if (result.kind == "answered")
    result.summary = "Answered the caller's questions.";
  else if (is_busy())
    result.summary = "The caller left before anything was agreed.";
  else
    result.summary = "The caller asked for nothing.";
  return result;
}

}  // namespace parley::dialog
