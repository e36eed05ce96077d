#pragma once
#include <atomic>
#include <mutex>

#include "endpoint.hpp"

namespace parley::owntools {

/// One MCP server as its client: begins a session when it has none, and anew when the server has
/// forgotten it. Thread-safe.
class McpServer : public std::enable_shared_from_this<McpServer> {
 public:
  McpServer(business::OwnTool own, std::shared_ptr<const Endpoint> endpoint,
            const OwnToolsOptions& options);

  /// At most the options' number; tools that make no sense are left out. Errors: those of the
  /// exchange, corrupt, unsupported (a protocol version we do not speak).
  Task<std::vector<std::shared_ptr<dialog::Tool>>> tools(Context ctx);
  /// What a tool of its gives; its own failure is invalid.
  Task<json::object> call(Context ctx, std::string tool, dialog::ToolCall call,
                          dialog::ToolScope scope);

 private:
  struct Session {
    std::string id;
    std::string version;
    bool begun = false;
  };
  Task<Session> session(Context ctx);
  Task<json::object> request(Context ctx, std::string method, json::object params, std::string key);
  Task<net::HttpResponse> send(Context ctx, json::object message, Session session, std::string key);
  void forget(const Session& session);

  const business::OwnTool own_;
  std::shared_ptr<const Endpoint> endpoint_;
  const OwnToolsOptions& options_;
  std::atomic<std::int64_t> next_id_{1};
  std::mutex mutex_;
  Session session_;
};

}  // namespace parley::owntools
