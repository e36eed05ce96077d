#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parley/base/context.hpp"

namespace parley::net {

enum class Method { get, head, post, put, patch, delete_, options };
std::string_view to_string(Method method) noexcept;

/// Header fields in order; names compare without case.
class Headers {
 public:
  void set(std::string_view name, std::string value);  ///< replaces
  void add(std::string_view name, std::string value);  ///< appends
  std::optional<std::string_view> get(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const noexcept { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// Query or form parameters, decoded, in order, repeats kept.
using Fields = std::vector<std::pair<std::string, std::string>>;
std::optional<std::string_view> find_field(const Fields& fields, std::string_view name);
/// application/x-www-form-urlencoded. Errors: invalid.
Result<Fields> parse_form(std::string_view text);

/// Gives the next piece of a streamed body, an empty string at the end. The connection asks for a
/// piece when the socket has taken the one before, so a body needs no more memory than its largest
/// piece; body_piece_bytes is a good one. It is let go of, and with it what it holds, at the end or
/// when a write finds the client gone. An error in the middle cuts the connection, so that no
/// client takes a part for the whole. Each call must bound its own waiting.
using BodyStream = std::function<Task<std::string>()>;
inline constexpr std::size_t body_piece_bytes = 64u << 10;

struct HttpRequest {
  Method method = Method::get;
  std::string target;  ///< as received: path and query, percent-encoding untouched
  std::string path;    ///< decoded, without query
  Fields query;
  Headers headers;
  std::string body;
  /// Instead of body, where the route's limits say so: pieces as they come in. Errors: too_large,
  /// invalid (broken framing), timeout, end_of_stream (the client went away); then no more is read.
  /// Of what a handler leaves unread the connection ends.
  BodyStream body_stream;
  std::optional<std::uint64_t> body_length;  ///< of body_stream, when the client said it
  std::string remote_ip;
  bool tls = false;
  /// Values of the route's {names}.
  std::map<std::string, std::string, std::less<>> path_values;
  std::string request_id;  ///< taken from X-Request-Id when sound, else made

  std::optional<std::string_view> path_value(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  Headers headers;
  std::string body;
  BodyStream stream;  ///< instead of body; sent as it comes, never compressed
  /// What `stream` will give: the Content-Length, also of the answer to HEAD, for which the stream
  /// is not asked. More or less than this is an error of the stream. Empty: not known; sent chunked
  /// (server-sent events, exports, what another server answers without a length).
  std::optional<std::uint64_t> stream_size;
  /// Other than whole, for stand-ins of services that break: no byte of it is sent, and the
  /// connection ends, or is reset.
  enum class Sending { whole, nothing, reset } sending = Sending::whole;
};

HttpResponse text_response(int status, std::string body,
                           std::string_view content_type = "text/plain; charset=utf-8");

/// Runs on the connection's executor. The request is moved in; a thrown exception becomes a 500
/// without its text, and is logged.
using HttpHandler = std::function<asio::awaitable<HttpResponse>(HttpRequest)>;

}  // namespace parley::net
