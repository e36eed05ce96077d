#pragma once
#include <array>
#include <map>
#include <string>

#include "parley/base/clock.hpp"
#include "parley/base/random.hpp"

namespace parley::simulation {

/// What goes wrong, and how likely, at any time of a simulated day: chances for each thing, which
/// windows of trouble raise. All of it comes from one seed.
class Trouble {
 public:
  /// The database, and each service outside by its name.
  struct Chances {
    double refused = 0;    ///< nothing happens
    double forgotten = 0;  ///< it happens, and the answer is lost
    double repeated = 0;   ///< database: the transaction is run again, as after a collision
    double failed = 0;     ///< outside: answered with an error, nothing having happened
    double slow = 0;       ///< outside: takes up to a minute
  };

  Trouble(Clock& clock, Random& random) : clock_(clock), random_(random) {}

  /// From now on, whatever was said before.
  void set(const std::string& what, Chances chances) { chances_[what] = chances; }
  void heal() { chances_.clear(); }
  Chances of(const std::string& what) const {
    auto found = chances_.find(what);
    return found == chances_.end() ? Chances{} : found->second;
  }
  bool happens(double chance) { return chance > 0 && random_.next_unit() < chance; }
  /// Uniform.
  std::size_t pick(std::size_t below) { return random_.next_u64() % below; }
  Duration between(Duration least, Duration most) {
    auto part = random_.next_unit() * static_cast<double>((most - least).count());
    return least + Duration(static_cast<Duration::rep>(part));
  }
  Clock& clock() { return clock_; }

 private:
  Clock& clock_;
  Random& random_;
  std::map<std::string, Chances> chances_;
};

}  // namespace parley::simulation
