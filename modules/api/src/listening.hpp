#pragma once
#include <memory>

#include "services.hpp"

namespace parley::api {

/// The WebSocket /calls/{id}/listen, under both base paths: a running call's sound, both sides.
///
/// Who asks is told by `Authorization: Bearer`, or, since browsers cannot send that, by a first
/// message {"token": "..."} within ten seconds; the permission is recordings:read. Then come
/// {"event":"listening", encoding, rateHz, channels, left, right}, binary messages of 100 ms
/// (interleaved, little-endian pcm16, or mulaw with ?encoding=mulaw), {"event":"dropped", pieces}
/// when this side was too slow, {"event":"ended"} and a close with 1000. Binary messages up (mono
/// pcm16) are the voice of whoever took the call over; they need calls:write.
/// Refusals: {"event":"error", error, code} and a close with 4000 + the status of HTTP.
void mount_listening(net::Router& router, const std::shared_ptr<Services>& services);

}  // namespace parley::api
