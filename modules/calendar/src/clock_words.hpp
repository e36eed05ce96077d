#pragma once
#include <optional>
#include <vector>

#include "tokens.hpp"

namespace parley::calendar {

/// A time of day as said at tokens up to `end`.
struct ClockSaid {
  int minutes = 0;         ///< since midnight; of the first half of the day when ambiguous
  bool ambiguous = false;  ///< morning or afternoon was not said
  bool sure = false;       ///< surely a time; otherwise only after "at", "around", ...
  std::size_t end = 0;

  /// The reading inside usual opening hours: 7:00 to 18:59.
  int likely() const;
  /// The first reading after `start`.
  int after(int start) const;
};

/// Reads clock times. `taken` marks the tokens that belong to a day.
class ClockWords {
 public:
  ClockWords(const Words& words, const std::vector<bool>& taken) : words_(words), taken_(taken) {}

  /// `with_relative` also reads "ten to two", which in "from ten to two" means something else.
  std::optional<ClockSaid> at(std::size_t i, bool with_relative = true) const;
  /// Whether nothing after `end` makes the number something else: "at two" but not
  /// "at two locations".
  bool ends_clean(std::size_t end) const;
  bool is_taken(std::size_t i) const { return i < taken_.size() && taken_[i]; }

 private:
  std::optional<ClockSaid> named(std::size_t i) const;
  std::optional<ClockSaid> relative(std::size_t i) const;
  std::optional<ClockSaid> written(std::size_t i) const;
  std::optional<ClockSaid> numbers(std::size_t i) const;
  ClockSaid with_meridiem(ClockSaid said) const;
  bool in_long_number(std::size_t i) const;
  bool names_a_thing(std::size_t i) const;

  const Words& words_;
  const std::vector<bool>& taken_;
};

}  // namespace parley::calendar
