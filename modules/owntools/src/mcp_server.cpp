#include "mcp_server.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "http_tool.hpp"
#include "mcp_message.hpp"
#include "parley/base/strings.hpp"

namespace parley::owntools {
namespace {

constexpr std::array<std::string_view, 2> versions{"2025-06-18", "2025-03-26"};
constexpr std::size_t most_name_bytes = 64;
constexpr std::size_t most_description_bytes = 1000;
constexpr std::size_t most_schema_bytes = 16u << 10;
constexpr int most_pages = 5;
constexpr std::size_t most_session_bytes = 256;

/// "Get Weather" of the server "home" is "home_get_weather"; empty when nothing of it can be used.
std::string tool_name(std::string_view server, std::string_view tool) {
  std::string name(server);
  name += '_';
  for (char c : to_lower(tool))
    name += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ? c : '_';
  return tool.empty() || name.size() > most_name_bytes ? "" : name;
}

bool is_read_only(const json::object& tool) {
  auto* annotations = tool.if_contains("annotations");
  if (!annotations || !annotations->is_object()) return false;
  auto* hint = annotations->as_object().if_contains("readOnlyHint");
  return hint && hint->is_bool() && hint->as_bool();
}

class McpTool final : public dialog::Tool {
 public:
  McpTool(std::shared_ptr<McpServer> server, std::string remote, dialog::ToolSpec spec)
      : server_(std::move(server)), remote_(std::move(remote)), spec_(std::move(spec)) {}
  const dialog::ToolSpec& spec() const override { return spec_; }
  Task<json::object> call(Context ctx, dialog::ToolScope scope, dialog::ToolCall call) override {
    auto calling = server_->call(std::move(ctx), remote_, std::move(call), std::move(scope));
    co_return co_await std::move(calling);
  }

 private:
  std::shared_ptr<McpServer> server_;
  std::string remote_;
  dialog::ToolSpec spec_;
};

/// Its structured content, or the text of its parts.
json::object content_of(const json::object& result) {
  if (auto* structured = result.if_contains("structuredContent");
      structured && structured->is_object())
    return structured->as_object();
  std::string text;
  auto* parts = result.if_contains("content");
  if (parts && parts->is_array())
    for (const auto& part : parts->as_array()) {
      if (!part.is_object() || text_in(part.as_object(), "type") != "text") continue;
      text += (text.empty() ? "" : "\n") + text_in(part.as_object(), "text");
    }
  return as_result(text);
}

}  // namespace

McpServer::McpServer(business::OwnTool own, std::shared_ptr<const Endpoint> endpoint,
                     const OwnToolsOptions& options)
    : own_(std::move(own)), endpoint_(std::move(endpoint)), options_(options) {}

Task<std::vector<std::shared_ptr<dialog::Tool>>> McpServer::tools(Context ctx) {
  std::vector<std::shared_ptr<dialog::Tool>> made;
  std::set<std::string> names;
  json::object params;
  for (int page = 0; page < most_pages; ++page) {
    auto asking = request(ctx, "tools/list", params, "");
    auto listed = co_await std::move(asking);
    if (!listed) co_return std::unexpected(listed.error());
    auto* list = listed->if_contains("tools");
    if (!list || !list->is_array()) co_return fail(Errc::corrupt, "tools/list without tools");
    for (const auto& item : list->as_array()) {
      if (!item.is_object() || made.size() >= options_.most_tools_of_a_server) continue;
      const auto& tool = item.as_object();
      auto remote = text_in(tool, "name");
      auto name = tool_name(own_.name, remote);
      auto* schema = tool.if_contains("inputSchema");
      bool sound = !name.empty() && schema && schema->is_object() &&
                   json::serialize(*schema).size() <= most_schema_bytes &&
                   names.insert(name).second;
      if (!sound) continue;
      bool reads = own_.effect == business::OwnTool::Effect::reads || is_read_only(tool);
      dialog::ToolSpec spec{
          .name = name,
          .description = text_in(tool, "description").substr(0, most_description_bytes),
          .parameters = open_schema(schema->as_object()),
          .time_limit = own_.time_limit,
          .has_effect = !reads};
      made.push_back(std::make_shared<McpTool>(shared_from_this(), remote, std::move(spec)));
    }
    auto next = text_in(*listed, "nextCursor");
    if (next.empty()) break;
    params["cursor"] = next;
  }
  co_return made;
}

Task<json::object> McpServer::call(Context ctx, std::string tool, dialog::ToolCall call,
                                   dialog::ToolScope scope) {
  json::object about{{"parley/call", scope.call.str()},
                     {"parley/callerPhone", scope.caller_phone},
                     {"parley/idempotencyKey", call.idempotency_key}};
  json::object params{{"name", std::move(tool)},
                      {"arguments", std::move(call.arguments)},
                      {"_meta", std::move(about)}};
  auto asking = request(std::move(ctx), "tools/call", std::move(params), call.idempotency_key);
  auto result = co_await std::move(asking);
  if (!result) co_return std::unexpected(result.error());
  auto* failed = result->if_contains("isError");
  auto content = content_of(*result);
  if (failed && failed->is_bool() && failed->as_bool())
    co_return fail(Errc::invalid, "the tool failed: " + json::serialize(content).substr(0, 500));
  co_return content;
}

/// Errors: also not_found once the server has forgotten the session twice.
Task<json::object> McpServer::request(Context ctx, std::string method, json::object params,
                                      std::string key) {
  for (int attempt = 1;; ++attempt) {
    auto beginning = session(ctx);
    auto begun = co_await std::move(beginning);
    if (!begun) co_return std::unexpected(begun.error());
    auto id = next_id_++;
    json::object message{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}};
    auto sending = send(ctx, message, *begun, key);
    auto answer = co_await std::move(sending);
    if (!answer) co_return std::unexpected(answer.error());
    // The server has forgotten the session, and did nothing.
    if (answer->status == 404 && !begun->id.empty() && attempt == 1) {
      forget(*begun);
      continue;
    }
    if (answer->status < 200 || answer->status >= 300)
      co_return std::unexpected(error_of(answer->status));
    co_return result_in(*answer, id);
  }
}

Task<McpServer::Session> McpServer::session(Context ctx) {
  {
    std::lock_guard lock(mutex_);
    if (session_.begun) co_return session_;
  }
  auto id = next_id_++;
  json::object params{{"protocolVersion", versions.front()},
                      {"capabilities", json::object{}},
                      {"clientInfo", {{"name", "parley"}, {"version", "1"}}}};
  json::object message{
      {"jsonrpc", "2.0"}, {"id", id}, {"method", "initialize"}, {"params", std::move(params)}};
  auto sending = send(ctx, message, {}, "");
  auto answer = co_await std::move(sending);
  if (!answer) co_return std::unexpected(answer.error());
  if (answer->status < 200 || answer->status >= 300)
    co_return std::unexpected(error_of(answer->status));
  auto result = result_in(*answer, id);
  if (!result) co_return std::unexpected(result.error());
  Session made{std::string(answer->headers.get("Mcp-Session-Id").value_or("")),
               text_in(*result, "protocolVersion"), true};
  if (std::ranges::find(versions, made.version) == versions.end())
    co_return fail(Errc::unsupported, "the MCP server speaks another protocol version");
  bool visible = std::ranges::all_of(made.id, [](char c) { return c > 0x20 && c < 0x7F; });
  if (!visible || made.id.size() > most_session_bytes)
    co_return fail(Errc::corrupt, "an MCP session id that cannot be sent back");
  json::object ready{{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}};
  auto telling = send(ctx, ready, made, "");
  auto told = co_await std::move(telling);
  if (!told) co_return std::unexpected(told.error());
  if (told->status < 200 || told->status >= 300) co_return std::unexpected(error_of(told->status));
  std::lock_guard lock(mutex_);
  session_ = made;
  co_return made;
}

void McpServer::forget(const Session& session) {
  std::lock_guard lock(mutex_);
  if (session_.id == session.id) session_ = {};
}

Task<net::HttpResponse> McpServer::send(Context ctx, json::object message, Session session,
                                        std::string key) {
  Endpoint::Request request;
  request.body = json::serialize(message);
  request.id = std::move(key);
  request.headers.set("Accept", "application/json, text/event-stream");
  if (!session.version.empty()) request.headers.set("MCP-Protocol-Version", session.version);
  if (!session.id.empty()) request.headers.set("Mcp-Session-Id", session.id);
  request.time_limit = own_.time_limit;
  auto posting = endpoint_->post(std::move(ctx), std::move(request));
  co_return co_await std::move(posting);
}

}  // namespace parley::owntools
