#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "parley/net/http.hpp"

namespace parley::net {

/// What the server itself says in a response's head, beside the handler's own fields.
struct HeadFacts {
  WallTime now;
  std::string_view request_id;
  std::optional<std::uint64_t> content_length;  ///< empty: chunked, or ended by closing
  bool chunked = false;
  bool keep_alive = true;
  bool http_1_0 = false;
};

/// The bytes up to and including the empty line. Fields that the server owns (Content-Length,
/// Transfer-Encoding, Connection, Date, Server's own X-Request-Id) are never taken from the
/// handler; a field whose name is not a token or whose value holds CR, LF or NUL is left out, so
/// that nothing can be injected into the head.
std::string response_head(const HttpResponse& response, const HeadFacts& facts);

/// "Tue, 15 Nov 1994 08:12:31 GMT".
std::string http_date(WallTime time);

/// Whether a body may be sent with this status at all.
bool status_has_body(int status) noexcept;

bool is_sound_field(std::string_view name, std::string_view value) noexcept;

}  // namespace parley::net
