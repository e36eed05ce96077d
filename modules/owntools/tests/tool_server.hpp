#pragma once
#include <deque>
#include <set>

#include "parley/base/json.hpp"
#include "parley/net/server.hpp"
#include "parley/testkit/real_world.hpp"

namespace parley::owntools::testing {

/// A stand-in for what a business runs: a tool at /tool, and an MCP server at /mcp with sessions.
class ToolServer {
 public:
  explicit ToolServer(testkit::RealWorld& world);
  ~ToolServer();
  std::string url(std::string_view path) const;

  // /tool
  int status = 200;
  std::string answer = R"({"price":120})";
  Duration delay{};

  // /mcp
  enum class Answers { json, event_stream } answers = Answers::json;
  std::string version = "2025-06-18";
  bool with_sessions = true;
  bool forgets_session = false;  ///< once: the next request of a session is 404
  std::size_t tools_on_a_page = 10;
  json::array tools;
  std::deque<json::object> results;  ///< of tools/call, in turn
  std::string instead;               ///< sent in place of any MCP answer

  std::vector<net::HttpRequest> requests;
  /// Methods of the JSON-RPC requests that came, in order.
  std::vector<std::string> methods;

 private:
  asio::awaitable<net::HttpResponse> tool(net::HttpRequest request);
  asio::awaitable<net::HttpResponse> mcp(net::HttpRequest request);
  json::object result_of(const std::string& method, const json::object& params);

  testkit::RealWorld& world_;
  SystemRandom random_;
  SystemClock clock_;
  net::Router router_;
  std::unique_ptr<net::HttpServer> server_;
  std::set<std::string> sessions_;
  int next_session_ = 1;
};

}  // namespace parley::owntools::testing
