#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "parley/base/clock.hpp"

namespace parley::simulation {

struct DayOptions {
  std::uint64_t seed = 1;
  Duration length = 24h;
  int callers = 400;  ///< who want appointments; some change their mind
  int orders = 600;   ///< each with a job, an event, and for a third of them a saga
  int calls = 150;    ///< of a carrier that tells their statuses, out of order and repeatedly
  int crashes = 24;
  /// One that ignores keys charges twice when an answer is lost: to see that the checks see.
  enum class Charges { honour_keys, ignore_keys } charges = Charges::honour_keys;
  int troubles = 60;  ///< windows in which the database or a service outside misbehaves
};

/// What a day came to. The same seed and options give the same day, to the digest.
struct DayReport {
  std::vector<std::string> violations;  ///< of what must always hold, 20 at most; empty: a good day
  std::string digest;                   ///< of all events in their order
  int booked = 0;
  int refused = 0;
  int cancelled = 0;
  int crashes = 0;
  std::size_t events = 0;
  std::size_t deliveries = 0;
  std::size_t outside_requests = 0;
  std::string text() const;  ///< one line
};

/// A day of one business in virtual time, with faults drawn from the seed: the database away or
/// forgetting its answers, services refusing, failing, slow or losing answers, the civil clock set
/// back, the process killed in the middle of anything. After it everything heals, and once nothing
/// is left to do, what must always hold is checked:
/// - no two appointments overlap on a resource; what a caller was told is so, once;
/// - each order's charge happened once; each event was seen once, and accepted by each endpoint
///   that took it;
/// - each trip is whole, or nothing of it is left;
/// - of each call the newest status is known, and none took effect twice.
DayReport live_through_a_day(DayOptions options);

}  // namespace parley::simulation
