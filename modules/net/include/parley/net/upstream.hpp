#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "parley/net/http.hpp"

namespace parley::net {

/// A request that is passed on: bodies flow piece by piece in both directions.
struct UpstreamRequest {
  Method method = Method::get;
  /// Whether it may reach the target twice. What may, uses kept connections, is tried anew when one
  /// turns out closed, and fails without outcome_unknown.
  enum class Repeats { as_the_method, harmless } repeats = Repeats::as_the_method;
  std::string target;  ///< path and query as they go on the wire
  Headers headers;     ///< without Host, Connection and what frames the body
  std::string body;
  BodyStream body_stream;                    ///< instead of body
  std::optional<std::uint64_t> body_length;  ///< of body_stream; empty: sent chunked
  /// For the answer's head; ctx.deadline besides. After a streamed body at least idle_timeout more.
  TimePoint head_deadline = TimePoint::max();
  Duration idle_timeout = std::chrono::seconds(30);  ///< between two pieces of either body
};

struct UpstreamResponse {
  int status = 0;
  Headers headers;                      ///< as received, hop-by-hop fields included
  std::optional<std::uint64_t> length;  ///< of the body, when the target said
  /// Pieces of at most 64 KB, then an empty one. unavailable when the target closed or fell silent
  /// before the end, corrupt when it broke the framing. Dropping it closes the connection.
  BodyStream body;
};

struct UpstreamOptions {
  std::string url;  ///< http:// or https://, host and port; a path is not used
  /// Refuse loopback, private, link-local and metadata addresses, looked at when connecting.
  bool public_addresses_only = false;
  Duration connect_timeout = std::chrono::seconds(5);
  Duration idle_connection_life = std::chrono::seconds(30);
  std::size_t max_idle = 256;  ///< kept connections of each io_context
};

/// One origin that requests are passed on to, over kept HTTP/1.1 connections. What libcurl's client
/// does not do: bodies that stream with the receiver's pace, on the caller's own executor. Any
/// thread; an exchange stays on the executor of its coroutine. It keeps connections on its callers'
/// io_contexts, so it goes, with every response, before they do.
class Upstream {
 public:
  virtual ~Upstream() = default;
  /// Any status is a result; interim answers are skipped. Errors:
  /// - unavailable: refused, unresolved, or closed before an answer to a request that may be
  ///   repeated; a kept connection that turned out closed was already tried anew then;
  /// - timeout: not connected in time, or no answer to a request that may be repeated;
  /// - outcome_unknown: the same after a POST or PATCH was sent, unless that is harmless;
  /// - corrupt: the answer is not HTTP; forbidden: not a public address; invalid: a field that
  ///   cannot be sent; or whatever body_stream failed with.
  virtual Task<UpstreamResponse> send(Context ctx, UpstreamRequest request) = 0;
  /// Closes kept connections that were idle too long.
  virtual void sweep() = 0;
};

/// Errors: invalid (url).
Result<std::shared_ptr<Upstream>> make_upstream(UpstreamOptions options);

/// GET, HEAD, OPTIONS, PUT and DELETE: doing it twice is doing it once (RFC 9110).
bool is_idempotent(Method method) noexcept;

}  // namespace parley::net
