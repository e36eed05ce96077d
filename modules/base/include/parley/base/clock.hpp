#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "parley/base/task.hpp"

namespace parley {

using namespace std::chrono_literals;

using Duration = std::chrono::nanoseconds;
/// A point on the monotonic time line: deadlines and timers. Never shown to people.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;
/// A point in civil time (UTC, milliseconds): what is stored and shown.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// The only source of time. Production uses SystemClock, tests use testkit's SimClock, in which
/// ten seconds take none. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const noexcept = 0;
  virtual WallTime wall() const noexcept = 0;
  /// Returns at `when` or later; throws operation_aborted when the calling coroutine is cancelled.
  virtual asio::awaitable<void> sleep_until(TimePoint when) = 0;

  asio::awaitable<void> sleep_for(Duration duration) { return sleep_until(now() + duration); }
};

class SystemClock final : public Clock {
 public:
  TimePoint now() const noexcept override;
  WallTime wall() const noexcept override;
  asio::awaitable<void> sleep_until(TimePoint when) override;
};

/// "2026-11-20T14:30:00.000Z": RFC 3339, UTC, milliseconds, always 24 characters so that text order
/// is time order.
std::string to_rfc3339(WallTime time);
/// Accepts any RFC 3339 time, with offset and with or without a fraction. Errors: invalid.
Result<WallTime> parse_rfc3339(std::string_view text);

}  // namespace parley
