#include "parley/calls/admission.hpp"

#include <algorithm>

namespace parley::calls {

Admission::Admission(Clock& clock, Options options) : clock_(clock), options_(options) {}

bool Admission::has_room_for(Direction direction) const {
  auto taken = occupancy_.inbound + occupancy_.outbound;
  if (taken >= options_.most_calls) return false;
  if (direction == Direction::inbound) return true;
  auto promised =
      options_.reserved_inbound - std::min(options_.reserved_inbound, occupancy_.inbound);
  return options_.most_calls - taken > promised;
}

Admission::Decision Admission::admit(const std::string& call, Direction direction) {
  std::lock_guard lock(mutex_);
  free_expired();
  if (seats_.contains(call)) return Decision::had_one;
  if (!has_room_for(direction)) {
    ++(direction == Direction::inbound ? occupancy_.refused_inbound : occupancy_.refused_outbound);
    return Decision::full;
  }
  auto seat = seats_.emplace(call, Seat{direction}).first;
  ++count(direction);
  set_limit(seat, clock_.now() + options_.connect_within);
  return Decision::taken;
}

void Admission::connected(const std::string& call, Direction direction) {
  std::lock_guard lock(mutex_);
  auto [seat, fresh] = seats_.emplace(call, Seat{direction});
  if (fresh) ++count(direction);
  set_limit(seat, TimePoint::max());
}

void Admission::waits(const std::string& call, Duration limit) {
  std::lock_guard lock(mutex_);
  auto seat = seats_.find(call);
  if (seat != seats_.end()) set_limit(seat, clock_.now() + limit);
}

void Admission::leave(const std::string& call) {
  std::lock_guard lock(mutex_);
  auto seat = seats_.find(call);
  if (seat != seats_.end()) free(seat);
}

Admission::Occupancy Admission::occupancy() const {
  std::lock_guard lock(mutex_);
  return occupancy_;
}

void Admission::set_limit(Seats::iterator seat, TimePoint until) {
  waiting_.erase({seat->second.until, seat->first});
  seat->second.until = until;
  if (until != TimePoint::max()) waiting_.emplace(until, seat->first);
}

void Admission::free(Seats::iterator seat) {
  set_limit(seat, TimePoint::max());
  --count(seat->second.direction);
  seats_.erase(seat);
}

void Admission::free_expired() {
  auto now = clock_.now();
  while (!waiting_.empty() && waiting_.begin()->first <= now)
    free(seats_.find(waiting_.begin()->second));
}

}  // namespace parley::calls
