#pragma once
#include <string>
#include <string_view>

#include "parley/net/http.hpp"

namespace parley::net {

struct RequestTarget {
  std::string path;  ///< decoded; starts with '/'
  Fields query;
};

/// Takes origin form ("/a?b=c") and absolute form ("http://host/a"). Refuses what could mean
/// one path to a check and another to a file system or a log: broken percent-encoding, NUL and
/// control characters, an encoded slash, "." and ".." segments, bytes that are not UTF-8, and a
/// fragment. Errors: invalid.
Result<RequestTarget> parse_request_target(std::string_view target);

/// Whether a client's X-Request-Id may be kept: 1 to 64 characters of [A-Za-z0-9._-].
bool is_sound_request_id(std::string_view id) noexcept;

}  // namespace parley::net
