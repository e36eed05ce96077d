#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace parley::bench {

/// What many callers at one server saw.
struct LoadOutcome {
  int streams = 0;
  double cpu_share = 0;  ///< of one core, by the server
  double memory_mb = 0;  ///< resident, by the server
  double p50_ms = 0;     ///< a frame's way through the server, or a ping's
  double p99_ms = 0;
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  double late_ms_p99 = 0;  ///< by which this side itself sent its frames too late
};

struct LoadOptions {
  std::uint16_t port = 0;
  int server_pid = 0;
  int streams = 100;
  double seconds = 5;
  /// Each frame comes back; otherwise latency is that of a ping beside the frames.
  enum class Answer { each_frame, pings } answer = Answer::each_frame;
};

/// Carrier streams over loopback: 50 frames a second each, spread evenly in time, from one thread
/// with epoll. The caller of a stream speaks four of ten seconds.
LoadOutcome load_media_server(const LoadOptions& options);

}  // namespace parley::bench
