#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parley/base/clock.hpp"
#include "parley/base/json.hpp"

namespace parley::transform {

/// Names of the ways to write a time. README.md says what each accepts.
enum class DateFormat {
  rfc3339,
  iso,        ///< 2026-03-04T14:30[:05], 2026-03-04 14:30
  iso_date,   ///< 2026-03-04
  compact,    ///< 20260304T143005, 20260304
  us,         ///< 03/04/2026 2:30 PM
  day_first,  ///< 04/03/2026 14:30
  dotted,     ///< 04.03.2026 14:30
  mail,       ///< Wed, 04 Mar 2026 14:30:05 +0100
  unix_seconds,
  unix_milliseconds
};

std::span<const std::string> date_format_names();
std::optional<DateFormat> parse_date_format(std::string_view name);

/// An IANA zone; civil times without an offset are read in it.
class CivilZone {
 public:
  /// Errors: invalid, naming the nearest zone.
  static Result<CivilZone> find(std::string_view name);

  /// What `text` means, by the first of `formats` that reads it. A time that daylight saving skips
  /// is refused; of one that occurs twice the first is taken. Errors: invalid.
  Result<WallTime> read(const json::value& value, std::span<const DateFormat> formats) const;
  /// "2026-03-04": the civil day, in this zone.
  std::string day_of(WallTime time) const;

 private:
  explicit CivilZone(const void* zone) : zone_(zone) {}
  Result<WallTime> read_as(const json::value& value, DateFormat format) const;
  const void* zone_;
};

}  // namespace parley::transform
