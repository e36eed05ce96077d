#include "mcp_message.hpp"

#include "parley/base/strings.hpp"

namespace parley::owntools {
namespace {

constexpr std::int64_t method_not_found = -32601;
constexpr std::size_t most_error_bytes = 300;

bool answers(const json::value& message, std::int64_t id) {
  if (!message.is_object()) return false;
  const auto& object = message.as_object();
  auto* found = object.if_contains("id");
  bool ours =
      found && (found->is_int64()
                    ? found->as_int64() == id
                    : found->is_uint64() && found->as_uint64() == static_cast<std::uint64_t>(id));
  return ours && (object.contains("result") || object.contains("error"));
}

Result<json::object> outcome_of(const json::object& message) {
  if (auto* result = message.if_contains("result")) {
    if (!result->is_object()) return fail(Errc::corrupt, "an MCP result that is no object");
    return result->as_object();
  }
  auto* error = message.if_contains("error");
  if (!error || !error->is_object()) return fail(Errc::corrupt, "an MCP error that is no object");
  auto* code = error->as_object().if_contains("code");
  bool unknown = code && code->is_int64() && code->as_int64() == method_not_found;
  auto text = text_in(error->as_object(), "message").substr(0, most_error_bytes);
  return fail(unknown ? Errc::not_found : Errc::invalid, "the MCP server: " + text);
}

}  // namespace

std::vector<std::string> events_in(std::string_view stream) {
  std::vector<std::string> events;
  std::string data;
  bool any = false;
  if (stream.starts_with("\xEF\xBB\xBF")) stream.remove_prefix(3);
  while (!stream.empty()) {
    auto end = stream.find_first_of("\r\n");
    auto line = stream.substr(0, end);
    bool both = end != std::string_view::npos && stream.substr(end, 2) == "\r\n";
    stream = end == std::string_view::npos ? "" : stream.substr(end + (both ? 2 : 1));
    if (line.empty()) {
      if (any) events.push_back(std::move(data));
      data.clear();
      any = false;
    } else if (line.starts_with("data:")) {
      auto value = line.substr(5);
      if (value.starts_with(' ')) value.remove_prefix(1);
      if (any) data += '\n';
      data += value;
      any = true;
    }
  }
  // A last event that is not closed was cut off.
  return events;
}

Result<json::object> result_in(const net::HttpResponse& response, std::int64_t id) {
  auto type = to_lower(response.headers.get("Content-Type").value_or(""));
  std::vector<std::string> texts;
  if (type.starts_with("text/event-stream"))
    texts = events_in(response.body);
  else
    texts.push_back(response.body);
  for (const auto& text : texts) {
    auto parsed = parse_json(text);
    if (!parsed) continue;
    if (parsed->is_array()) {
      for (const auto& message : parsed->as_array())
        if (answers(message, id)) return outcome_of(message.as_object());
    } else if (answers(*parsed, id)) {
      return outcome_of(parsed->as_object());
    }
  }
  return fail(Errc::corrupt, "no MCP answer in what the server sent");
}

}  // namespace parley::owntools
