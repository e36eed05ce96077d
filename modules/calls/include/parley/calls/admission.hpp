#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "parley/base/clock.hpp"
#include "parley/calls/calls.hpp"

namespace parley::calls {

/// How many calls this node holds at once. A call takes its seat in one step, before anything of it
/// is awaited, and has it until it is over: what comes in together can never be more than there is
/// room for. Outbound calls leave enough seats free for the inbound ones that are promised room, so
/// that a campaign never turns a caller away. Thread-safe; every operation takes O(log n).
class Admission {
 public:
  struct Options {
    std::size_t most_calls = 1000;      ///< of both directions
    std::size_t reserved_inbound = 50;  ///< seats that outbound calls cannot take
    /// A seat whose call never connected is free again after this.
    Duration connect_within = std::chrono::seconds(60);
  };
  enum class Decision {
    taken,    ///< there is a seat now
    had_one,  ///< the call is known: a repeated webhook
    full
  };
  struct Occupancy {
    std::size_t inbound = 0;
    std::size_t outbound = 0;
    std::uint64_t refused_inbound = 0;  ///< since the start
    std::uint64_t refused_outbound = 0;
  };

  Admission(Clock& clock, Options options);
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  /// `call` names it: any text that is its own.
  Decision admit(const std::string& call, Direction direction);
  /// It is being held now, until leave(). One that has no seat (it was taken before a restart) gets
  /// one however full it is: its caller is on the line.
  void connected(const std::string& call, Direction direction);
  /// Its connection is gone and may come back within `limit`.
  void waits(const std::string& call, Duration limit);
  /// Nothing when it has no seat.
  void leave(const std::string& call);
  Occupancy occupancy() const;

 private:
  struct Seat {
    Direction direction = Direction::inbound;
    TimePoint until = TimePoint::max();  ///< max: it is connected
  };
  using Seats = std::map<std::string, Seat>;
  bool has_room_for(Direction direction) const;
  void set_limit(Seats::iterator seat, TimePoint until);
  void free(Seats::iterator seat);
  void free_expired();
  std::size_t& count(Direction direction) {
    return direction == Direction::inbound ? occupancy_.inbound : occupancy_.outbound;
  }

  Clock& clock_;
  const Options options_;
  mutable std::mutex mutex_;
  Seats seats_;
  std::set<std::pair<TimePoint, std::string>>
      waiting_;  ///< seats with a limit, the next to go first
  Occupancy occupancy_;
};

}  // namespace parley::calls
