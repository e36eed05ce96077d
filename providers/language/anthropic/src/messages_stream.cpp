#include "messages_stream.hpp"

namespace parley::providers::anthropic {

namespace {

std::int64_t index_of(const json::value& data) {
  const auto* index = value_at(data, "/index");
  return index && index->is_int64() ? index->get_int64() : 0;
}

/// Counts are cumulative: a later one replaces an earlier one.
void count(std::int64_t& counter, const json::value& usage, std::string_view field) {
  if (const auto* value = value_at(usage, field); value && value->is_int64())
    counter = value->get_int64();
}

}  // namespace

Result<void> MessagesStream::take(const net::StreamEvent& event) {
  auto data = parse_json(event.data);
  if (!data) return fail(Errc::corrupt, "an event of the answer is no JSON");
  auto type = text_at(*data, "/type");
  if (type == "message_start") {
    completion_.model = text_at(*data, "/message/model");
    if (const auto* usage = value_at(*data, "/message/usage")) take_usage(*usage);
  } else if (type == "content_block_start") {
    begin_block(*data);
  } else if (type == "content_block_delta") {
    add_delta(*data);
  } else if (type == "content_block_stop") {
    end_block(*data);
  } else if (type == "message_delta") {
    if (auto reason = text_at(*data, "/delta/stop_reason"); !reason.empty()) stop_reason_ = reason;
    if (const auto* usage = value_at(*data, "/usage")) take_usage(*usage);
  } else if (type == "message_stop") {
    return finish();
  }
  return {};
}

void MessagesStream::begin_block(const json::value& data) {
  auto type = text_at(data, "/content_block/type");
  if (type == "text") give_text(text_at(data, "/content_block/text"));
  if (type == "tool_use")
    calls_[index_of(data)] = {
        text_at(data, "/content_block/id"), text_at(data, "/content_block/name"), {}};
}

void MessagesStream::add_delta(const json::value& data) {
  auto type = text_at(data, "/delta/type");
  if (type == "text_delta") give_text(text_at(data, "/delta/text"));
  if (type != "input_json_delta") return;
  if (auto call = calls_.find(index_of(data)); call != calls_.end())
    call->second.arguments += text_at(data, "/delta/partial_json");
}

void MessagesStream::end_block(const json::value& data) {
  auto found = calls_.find(index_of(data));
  if (found == calls_.end()) return;
  auto call = std::move(found->second);
  calls_.erase(found);
  auto arguments = parse_json(call.arguments.empty() ? "{}" : call.arguments);
  if (!arguments || !arguments->is_object() || call.id.empty() || call.name.empty()) {
    has_broken_call_ = true;
    return;
  }
  has_call_ = true;
  give(dialog::ToolRequest{std::move(call.id), names_.our_name(call.name),
                           std::move(arguments->get_object())});
}

void MessagesStream::take_usage(const json::value& usage) {
  count(uncached_tokens_, usage, "/input_tokens");
  count(written_tokens_, usage, "/cache_creation_input_tokens");
  count(completion_.cached_tokens, usage, "/cache_read_input_tokens");
  count(completion_.output_tokens, usage, "/output_tokens");
}

Result<void> MessagesStream::finish() {
  using Reason = dialog::Completion::Reason;
  bool too_long = stop_reason_ == "max_tokens" || stop_reason_ == "model_context_window_exceeded";
  if (has_broken_call_ && !too_long)
    return fail(Errc::corrupt, "the arguments of a tool request are no JSON object");
  // Requests that came whole are waiting for answers, whatever the reason says.
  if (stop_reason_ == "refusal")
    completion_.reason = Reason::refused;
  else if (has_call_)
    completion_.reason = Reason::tools;
  else if (too_long)
    completion_.reason = Reason::too_long;
  completion_.input_tokens = uncached_tokens_ + written_tokens_ + completion_.cached_tokens;
  complete(std::move(completion_));
  return {};
}

}  // namespace parley::providers::anthropic
