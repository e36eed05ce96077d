#include "parley/dialog/tool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "parley/base/task_group.hpp"
#include "schema.hpp"

namespace parley::dialog {

void ToolBox::add(std::unique_ptr<Tool> tool) {
  if (has(tool->spec().name)) throw std::logic_error("two tools named " + tool->spec().name);
  tools_.push_back(std::move(tool));
}

std::vector<const ToolSpec*> ToolBox::specs() const {
  std::vector<const ToolSpec*> all;
  for (const auto& tool : tools_) all.push_back(&tool->spec());
  return all;
}

bool ToolBox::has(std::string_view name) const {
  return std::ranges::any_of(tools_, [&](const auto& tool) { return tool->spec().name == name; });
}

const ToolSpec* ToolBox::spec(std::string_view name) const {
  for (const auto& tool : tools_)
    if (tool->spec().name == name) return &tool->spec();
  return nullptr;
}

Task<json::object> ToolBox::call(Context ctx, ToolScope scope, ToolCall call) const {
  auto found = std::ranges::find_if(
      tools_, [&](const auto& tool) { return tool->spec().name == call.name; });
  if (found == tools_.end()) co_return fail(Errc::not_found, "no tool named " + call.name);
  auto work =
      call_within_limits(clock_, **found, std::move(ctx), std::move(scope), std::move(call));
  co_return co_await std::move(work);
}

Task<json::object> call_within_limits(Clock& clock, Tool& tool, Context ctx, ToolScope scope,
                                      ToolCall call) {
  const ToolSpec& spec = tool.spec();
  if (auto checked = check_arguments(spec.parameters, call.arguments); !checked)
    co_return std::unexpected(checked.error());
  Context limited = ctx.until(clock.now() + spec.time_limit);
  auto work = tool.call(limited, std::move(scope), std::move(call));
  auto result = co_await with_deadline(clock, limited.deadline, std::move(work));
  // A tool's own `timeout` says that nothing happened; ours says only that nobody waited longer.
  bool cut_off = !result && result.error().code == Errc::timeout && clock.now() >= limited.deadline;
  if (cut_off && spec.has_effect)
    co_return fail(Errc::outcome_unknown, fmt::format("{} did not answer in time", spec.name));
  co_return result;
}

}  // namespace parley::dialog
