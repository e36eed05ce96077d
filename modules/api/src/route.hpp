#pragma once
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "failure.hpp"
#include "parley/api/api.hpp"
#include "schema.hpp"

namespace parley::api {

struct Services;

/// A checked query: exactly the parameters the route declares, each of its declared form.
class Query {
 public:
  explicit Query(json::object values) : values_(std::move(values)) {}
  std::string text(std::string_view name) const;  ///< empty when absent
  std::optional<std::int64_t> integer(std::string_view name) const;
  std::int64_t integer(std::string_view name, std::int64_t otherwise) const;
  std::optional<WallTime> time(std::string_view name) const;
  std::string phone(std::string_view name) const;

 private:
  json::object values_;
};

/// One file or field of multipart/form-data; views into the request's body.
struct FormPart {
  std::string name;
  std::optional<std::string> file_name;
  std::string content_type;
  std::string_view content;
};

/// What a handler gets: everything in it has been checked against the route's declaration.
struct Request {
  Services& services;
  Context ctx;
  auth::Identity who;  ///< nobody on routes for anyone
  net::HttpRequest http;
  std::string client_ip;
  Query query{json::object{}};
  json::object body;
  std::vector<FormPart> form;
  std::string idempotency_key;  ///< unique over organizations and people; empty: none

  std::string path(std::string_view name) const;
  template <class IdType>
  IdType id(std::string_view name = "id") const {
    return IdType(path(name));
  }
  auth::ClientTrace client() const;
  bool has_if_match() const;
  /// 412 when If-Match names other versions than this.
  std::expected<void, Failure> check_if_match(std::int64_t version) const;
};

struct Reply {
  int status = 0;  ///< 0: the route's own
  json::value data;
  std::optional<json::object> pagination;
  std::string message;
  std::optional<std::int64_t> version;  ///< becomes the ETag, for If-Match
  net::Headers headers;
  /// Instead of the envelope.
  std::optional<std::string> raw;
  net::BodyStream stream;
  std::optional<std::uint64_t> stream_size;  ///< as in net::HttpResponse
};
json::object page_of(std::int64_t page, std::int64_t limit, std::int64_t total);

using Outcome = std::expected<Reply, Failure>;
using Answer = asio::awaitable<Outcome>;

/// Waits for `task` and makes a reply of its value.
template <class T, class Map>
Answer reply(Task<T> task, Map map) {
  auto outcome = co_await std::move(task);
  if (!outcome) co_return refuse(outcome.error());
  if constexpr (std::is_void_v<T>)
    co_return map();
  else
    co_return map(*outcome);
}

/// A refused change: 412 when If-Match was given and `read` shows another version than it names,
/// else what the error says. `read` gives something with a version, or a pointer to it.
template <class T>
Answer refuse_change(Request& in, Error error, Task<T> read) {
  if (error.code != Errc::conflict || !in.has_if_match()) co_return refuse(error);
  auto current = co_await std::move(read);
  if (!current) co_return refuse(current.error());
  std::int64_t version = 0;
  if constexpr (requires { (*current)->version; })
    version = (*current)->version;
  else
    version = current->version;
  if (auto good = in.check_if_match(version); !good) co_return std::unexpected(good.error());
  co_return refuse(error);
}

struct QueryParameter {
  std::string name;
  Schema schema;
  std::string meaning;
  enum class Presence { optional, required } presence = Presence::optional;
};
/// page, limit, and sort by one of these fields.
std::vector<QueryParameter> page_parameters(const std::vector<std::string>& sorted_by);

enum class Access {
  permitted,           ///< needs the route's permission
  permitted_or_local,  ///< or comes from this machine itself, not through a proxy
  signed_in,           ///< anyone we know
  anyone
};
enum class BodyKind { none, json, multipart };
enum class ReplyKind {
  envelope,
  raw,           ///< `media_type` as it is
  event_stream,  ///< server-sent events
};
enum class Place { versioned, versioned_and_root };

/// One row of the table that everything comes from: the router's entry, the checks before the
/// handler, the OpenAPI document and its page.
struct Route {
  net::Method method = net::Method::get;
  std::string path;  ///< below the base path: "/businesses/{id}"
  std::string group;
  std::string name;  ///< the operation's id: "getBusiness"
  std::string summary;
  std::string thing;  ///< "business": the code of a 404 is business_not_found
  Access access = Access::permitted;
  std::string permission;
  std::vector<QueryParameter> query;
  BodyKind body = BodyKind::none;
  Schema request;   ///< of the body; with multipart: of its fields
  Schema response;  ///< of `data`
  int status = 200;
  ReplyKind reply = ReplyKind::envelope;
  std::string media_type;
  enum class Paging { none, pages, cursor } paging = Paging::none;
  Place place = Place::versioned;
  Answer (*handler)(Request&) = nullptr;
};

/// A row of the same table for a WebSocket: its addresses, and what the document says of it. Its
/// handler makes the checks; it refuses on the socket, with {"event":"error"} and a close with
/// 4000 + the status of HTTP.
struct SocketRoute {
  struct Message {
    std::string meaning;
    Schema schema;  ///< file(): bytes
  };
  std::string path;
  std::string group;
  std::string name;
  std::string summary;
  std::string permission;
  std::vector<QueryParameter> query;
  std::vector<Message> from_client;
  std::vector<Message> from_server;
  std::vector<int> refusals;  ///< as statuses of HTTP
  net::WebSocketLimits limits;
  asio::awaitable<void> (*handler)(Services&, net::HttpRequest,
                                   std::unique_ptr<net::WebSocket>) = nullptr;
};

struct RouteTable {
  std::vector<Route> routes;
  std::vector<SocketRoute> sockets;
  Schemas schemas;

  void add(Route route) { routes.push_back(std::move(route)); }
  /// Throws std::logic_error when the name is taken.
  void define(std::string name, Schema schema) {
    auto [at, fresh] = schemas.try_emplace(std::move(name), std::move(schema));
    if (!fresh) throw std::logic_error("two schemas are named " + at->first);
  }
};

/// One file each: routes_<group>.cpp.
void add_auth_routes(RouteTable& table);
void add_user_routes(RouteTable& table);
void add_business_routes(RouteTable& table);
void add_agent_routes(RouteTable& table);
void add_eval_routes(RouteTable& table);
void add_knowledge_routes(RouteTable& table);
void add_booking_routes(RouteTable& table);
void add_call_routes(RouteTable& table);
void add_live_call_routes(RouteTable& table);
void add_listening_socket(RouteTable& table);  // listening.cpp
void add_event_routes(RouteTable& table);
void add_webhook_routes(RouteTable& table);
void add_suite_routes(RouteTable& table);
void add_gateway_routes(RouteTable& table);
void add_job_routes(RouteTable& table);
void add_saga_routes(RouteTable& table);
void add_service_routes(RouteTable& table);
void add_health_routes(RouteTable& table);
void add_web_voice_routes(RouteTable& table);

/// The whole table. Throws std::logic_error when a row contradicts itself (an unknown permission, a
/// schema that is not defined, a name used twice).
RouteTable route_table();

}  // namespace parley::api
