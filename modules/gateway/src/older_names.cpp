#include "older_names.hpp"

#include <array>

#include "parley/base/json.hpp"
#include "parley/base/strings.hpp"
#include "refusal.hpp"

namespace parley::gateway {

namespace {

struct OlderName {
  net::Method method;
  std::string_view path;
  /// {callId} is a member of the body, which goes from there to the path.
  std::string_view now;
};

using enum net::Method;
// /api/health needs none: /health stands there too.
constexpr std::array table{
    OlderName{get, "/api/kevin/availability", "/api/v1/closers/default/availability"},
    OlderName{put, "/api/kevin/availability", "/api/v1/closers/default/availability"},
    OlderName{get, "/api/kevin/schedule", "/api/v1/closers/default/schedule"},
    OlderName{put, "/api/kevin/schedule", "/api/v1/closers/default/schedule"},
    OlderName{get, "/api/kevin/transfers", "/api/v1/closers/default/transfers"},
    OlderName{post, "/api/kevin/transfer-outcome", "/api/v1/closers/default/transfer-outcome"},
    OlderName{post, "/api/calls/start", "/api/v1/agent/start-call"},
    OlderName{post, "/api/calls/engagement", "/api/v1/agent/engagement-score"},
    OlderName{post, "/api/calls/transfer", "/api/v1/calls/{callId}/transfer"},
    OlderName{post, "/api/learning/update", "/api/v1/agent/learning-update"}};

constexpr std::string_view call_id = "{callId}";

/// The new path, the call's id in its place. Errors: invalid (no such member).
Result<std::string> new_path(const OlderName& name, net::HttpRequest& request) {
  std::string path(name.now);
  auto at = path.find(call_id);
  if (at == std::string::npos) return path;
  auto body = parse_json(request.body);
  auto* object = body ? body->if_object() : nullptr;
  auto* id = object ? object->if_contains("callId") : nullptr;
  auto* text = id ? id->if_string() : nullptr;
  if (!text || text->empty()) return fail(Errc::invalid, "callId is required");
  path.replace(at, call_id.size(), url_encode(*text));
  object->erase("callId");
  request.body = json::serialize(*body);
  return path;
}

asio::awaitable<net::HttpResponse> answer(const net::Router& router, const OlderName& name,
                                          net::HttpRequest request) {
  // Which route it is does not hang on the call; an id stands for any.
  std::string general(name.now);
  if (auto at = general.find(call_id); at != std::string::npos)
    general.replace(at, call_id.size(), "id");
  auto known = router.match(name.method, general);
  auto* exists = std::get_if<net::Router::HttpMatch>(&known);
  // Whoever answers for unknown paths does not know this one either.
  if (!exists || router.is_otherwise(*exists)) {
    Refusal gone{404, "route_moved",
                 "This name is an older one of " + std::string(name.now) +
                     ", which this server does not have yet."};
    co_return respond(gone, request.request_id);
  }
  auto path = new_path(name, request);
  if (!path) {
    Refusal incomplete{.status = 422,
                       .code = "validation_failed",
                       .message = "callId is required.",
                       .details = {{"callId", "is required"}}};
    co_return respond(incomplete, request.request_id);
  }
  auto query = request.target.find('?');
  request.target = *path + (query == std::string::npos ? "" : request.target.substr(query));
  request.path = *path;
  auto match = router.match(name.method, *path);
  auto* found = std::get_if<net::Router::HttpMatch>(&match);
  if (!found) co_return respond({404, "route_not_found", "No such route."}, request.request_id);
  request.path_values = std::move(found->path_values);
  auto handling = (*found->handler)(std::move(request));
  co_return co_await std::move(handling);
}

}  // namespace

void mount_older_names(net::Router& router) {
  for (auto& name : table) {
    auto handler = [&router, &name](net::HttpRequest request) {
      return answer(router, name, std::move(request));
    };
    router.add(name.method, std::string(name.path), std::move(handler));
  }
}

}  // namespace parley::gateway
