#include "tool_server.hpp"

#include <fmt/format.h>

#include "parley/base/strings.hpp"

namespace parley::owntools::testing {

ToolServer::ToolServer(testkit::RealWorld& world) : world_(world) {
  tools = json::parse(R"([
    {"name":"Get Weather","description":"The weather of a place.",
     "inputSchema":{"type":"object","properties":{"place":{"type":"string"}},"required":["place"]},
     "annotations":{"readOnlyHint":true}},
    {"name":"order","description":"Orders something.",
     "inputSchema":{"type":"object","properties":{"item":{"type":"string"}}}}])")
              .as_array();
  router_.add(net::Method::post, "/tool",
              [this](net::HttpRequest request) { return tool(std::move(request)); });
  router_.add(net::Method::post, "/mcp",
              [this](net::HttpRequest request) { return mcp(std::move(request)); });
  net::ServerOptions options;
  options.port = 0;
  server_ = std::make_unique<net::HttpServer>(
      std::vector<asio::any_io_executor>{world_.io.get_executor()}, router_, clock_, random_,
      options);
  if (!server_->start()) throw std::runtime_error("the tool server does not start");
}

ToolServer::~ToolServer() {
  (void)world_.run([&]() -> Task<void> {
    auto ending = server_->stop(TimePoint::min());
    co_await std::move(ending);
    co_return Result<void>{};
  });
}

std::string ToolServer::url(std::string_view path) const {
  return fmt::format("http://127.0.0.1:{}{}", server_->port(), path);
}

asio::awaitable<net::HttpResponse> ToolServer::tool(net::HttpRequest request) {
  requests.push_back(std::move(request));
  if (delay > Duration::zero()) co_await clock_.sleep_for(delay);
  co_return net::text_response(status, answer, "application/json");
}

json::object ToolServer::result_of(const std::string& method, const json::object& params) {
  if (method == "initialize")
    return {{"protocolVersion", version},
            {"capabilities", {{"tools", json::object{}}}},
            {"serverInfo", {{"name", "stand-in"}, {"version", "1"}}}};
  if (method == "tools/list") {
    std::size_t from = 0;
    if (params.contains("cursor")) from = std::stoul(text_in(params, "cursor"));
    json::object result;
    json::array page;
    for (auto i = from; i < tools.size() && i < from + tools_on_a_page; ++i)
      page.push_back(tools[i]);
    result["tools"] = std::move(page);
    if (from + tools_on_a_page < tools.size())
      result["nextCursor"] = std::to_string(from + tools_on_a_page);
    return result;
  }
  if (results.empty()) return {{"content", json::array{}}};
  auto result = results.front();
  results.pop_front();
  return result;
}

asio::awaitable<net::HttpResponse> ToolServer::mcp(net::HttpRequest request) {
  requests.push_back(request);
  auto message = json::parse(request.body).as_object();
  auto method = text_in(message, "method");
  methods.push_back(method);
  auto session = std::string(request.headers.get("Mcp-Session-Id").value_or(""));
  bool first = method == "initialize";
  if (!first && with_sessions && !sessions_.contains(session))
    co_return net::text_response(session.empty() ? 400 : 404, "no such session");
  if (!first && std::exchange(forgets_session, false)) {
    sessions_.clear();
    co_return net::text_response(404, "no such session");
  }
  if (!message.contains("id")) co_return net::text_response(202, "");
  if (delay > Duration::zero()) co_await clock_.sleep_for(delay);
  json::object params;
  if (message.contains("params")) params = message.at("params").as_object();
  json::object answer{{"jsonrpc", "2.0"}, {"id", message.at("id")}};
  answer["result"] = result_of(method, params);
  auto text = instead.empty() || first ? json::serialize(answer) : instead;
  auto response = net::text_response(200, text, "application/json");
  if (answers == Answers::event_stream)
    response = net::text_response(
        200,
        ": hello\r\n\r\nevent: message\r\n"
        "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\r\n\r\n"
        "event: message\r\nid: 2\r\ndata: " +
            text + "\r\n\r\n",
        "text/event-stream");
  if (first && with_sessions) {
    auto made = "session-" + std::to_string(next_session_++);
    sessions_.insert(made);
    response.headers.set("Mcp-Session-Id", made);
  }
  co_return response;
}

}  // namespace parley::owntools::testing
