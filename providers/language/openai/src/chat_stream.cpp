#include "chat_stream.hpp"

namespace parley::providers::openai {

namespace {

void count(std::int64_t& counter, const json::value& chunk, std::string_view field) {
  if (const auto* value = value_at(chunk, field); value && value->is_int64())
    counter = value->get_int64();
}

/// Some servers give the object itself where its text belongs.
std::string arguments_in(const json::value& call) {
  const auto* arguments = value_at(call, "/function/arguments");
  if (!arguments || arguments->is_null()) return "";
  return arguments->is_string() ? std::string(arguments->get_string())
                                : json::serialize(*arguments);
}

}  // namespace

Result<void> ChatStream::take(const net::StreamEvent& event) {
  if (event.data.starts_with("[DONE]")) return finish();
  auto chunk = parse_json(event.data);
  if (!chunk) return fail(Errc::corrupt, "a chunk of the answer is no JSON");
  if (completion_.model.empty()) completion_.model = text_at(*chunk, "/model");
  count(completion_.input_tokens, *chunk, "/usage/prompt_tokens");
  count(completion_.output_tokens, *chunk, "/usage/completion_tokens");
  count(completion_.cached_tokens, *chunk, "/usage/prompt_tokens_details/cached_tokens");
  // The chunk of the usage has no choice.
  if (const auto* delta = value_at(*chunk, "/choices/0/delta")) take_delta(*delta);
  if (auto reason = text_at(*chunk, "/choices/0/finish_reason"); !reason.empty())
    finish_reason_ = reason;
  return {};
}

void ChatStream::take_delta(const json::value& delta) {
  give_text(thoughts_.take(text_at(delta, "/content")));
  if (!text_at(delta, "/refusal").empty()) refuses_ = true;
  const auto* calls = value_at(delta, "/tool_calls");
  if (calls && calls->is_array())
    for (const auto& call : calls->get_array()) take_call(call);
}

void ChatStream::take_call(const json::value& delta) {
  auto id = text_at(delta, "/id");
  auto name = text_at(delta, "/function/name");
  const auto* given = value_at(delta, "/index");
  auto last = calls_.empty() ? -1 : calls_.rbegin()->first;
  auto index = given && given->is_int64()   ? given->get_int64()
               : id.empty() && name.empty() ? std::max<std::int64_t>(last, 0)
                                            : last + 1;
  auto& call = calls_[index];
  if (call.id.empty()) call.id = std::move(id);
  if (call.name.empty()) call.name = std::move(name);
  call.arguments += arguments_in(delta);
}

Result<void> ChatStream::end() {
  if (finish_reason_.empty()) return AnswerStream::end();
  return finish();
}

Result<void> ChatStream::finish() {
  using Reason = dialog::Completion::Reason;
  give_text(thoughts_.rest());
  bool too_long = finish_reason_ == "length";
  bool has_call = false;
  for (auto& [index, call] : calls_) {
    auto arguments = parse_json(call.arguments.empty() ? "{}" : call.arguments);
    bool is_whole = arguments && arguments->is_object() && !call.name.empty();
    if (!is_whole && too_long) continue;
    if (!is_whole) return fail(Errc::corrupt, "the arguments of a tool request are no JSON object");
    has_call = true;
    if (call.id.empty()) call.id = "call_" + std::to_string(index);
    give(dialog::ToolRequest{std::move(call.id), names_.our_name(call.name),
                             std::move(arguments->get_object())});
  }
  if (refuses_ || finish_reason_ == "content_filter")
    completion_.reason = Reason::refused;
  else if (has_call)
    completion_.reason = Reason::tools;
  else if (too_long)
    completion_.reason = Reason::too_long;
  complete(std::move(completion_));
  return {};
}

}  // namespace parley::providers::openai
