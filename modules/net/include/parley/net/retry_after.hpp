#pragma once
#include "parley/base/clock.hpp"
#include "parley/net/http.hpp"

namespace parley::net {

/// What Retry-After asks for, in seconds or as an HTTP date (RFC 9110, the form that servers send):
/// at most a day. Zero when it is missing, past, or makes no sense. `now` is by this machine's
/// clock; the answer's own Date is better where it has one.
std::chrono::milliseconds retry_after(const HttpResponse& response, WallTime now);

}  // namespace parley::net
