#include "dates.hpp"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "parley/base/strings.hpp"

namespace parley::transform {

namespace {

/// Whole seconds: the library reads fractions as floating point, and garbage as NaN.
using Local = date::local_seconds;

const std::vector<std::string>& names() {
  static const std::vector<std::string> all{
      "rfc3339",   "iso",    "iso_date", "compact",      "us",
      "day_first", "dotted", "mail",     "unix_seconds", "unix_milliseconds"};
  return all;
}

/// What civil times a format accepts, most specific first.
std::span<const char* const> patterns_of(DateFormat format) {
  static constexpr std::array iso{"%FT%T", "%F %T", "%FT%H:%M", "%F %H:%M", "%F"};
  static constexpr std::array iso_date{"%F"};
  static constexpr std::array compact{"%Y%m%dT%H%M%S", "%Y%m%d"};
  static constexpr std::array us{"%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %T",
                                 "%m/%d/%Y %H:%M", "%m/%d/%Y"};
  static constexpr std::array day_first{"%d/%m/%Y %T", "%d/%m/%Y %H:%M", "%d/%m/%Y"};
  static constexpr std::array dotted{"%d.%m.%Y %T", "%d.%m.%Y %H:%M", "%d.%m.%Y"};
  switch (format) {
    case DateFormat::iso:
      return iso;
    case DateFormat::iso_date:
      return iso_date;
    case DateFormat::compact:
      return compact;
    case DateFormat::us:
      return us;
    case DateFormat::day_first:
      return day_first;
    case DateFormat::dotted:
      return dotted;
    default:
      return {};
  }
}

template <class Time>
bool read_whole(const std::string& text, const char* pattern, Time& out) {
  auto is_plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view(" :,+-./").find(c) != std::string_view::npos;
  };
  if (!std::ranges::all_of(text, is_plain)) return false;
  std::istringstream in(text);
  in.imbue(std::locale::classic());
  in >> date::parse(std::string(pattern), out);
  if (in.fail()) return false;
  return in.peek() == std::istringstream::traits_type::eof();
}

bool sensible(date::sys_time<std::chrono::milliseconds> time) {
  using namespace date::literals;
  return time >= date::sys_days{1_y / 1 / 1} && time < date::sys_days{9999_y / 12 / 31};
}

Result<WallTime> checked(date::sys_time<std::chrono::milliseconds> time) {
  if (!sensible(time)) return fail(Errc::invalid, "is outside the years 1 to 9999");
  return WallTime{time.time_since_epoch()};
}

Result<WallTime> from_unix(const json::value& value, std::int64_t milliseconds_each) {
  boost::system::error_code ec;
  std::int64_t count = 0;
  if (auto* text = value.if_string()) {
    auto parsed = json::parse(trim(*text), ec);
    if (!ec) count = parsed.to_number<std::int64_t>(ec);
  } else {
    count = value.to_number<std::int64_t>(ec);
  }
  constexpr std::int64_t limit = 253'402'300'800'000;  // the year 10000
  if (ec || count > limit / milliseconds_each || count < -limit / milliseconds_each)
    return fail(Errc::invalid, "");
  return checked(date::sys_time<std::chrono::milliseconds>{
      std::chrono::milliseconds{count * milliseconds_each}});
}

Result<WallTime> from_mail(const std::string& text) {
  for (const char* pattern : {"%a, %d %b %Y %T %z", "%d %b %Y %T %z"}) {
    date::sys_seconds time;
    if (read_whole(text, pattern, time)) return checked(time);
  }
  for (const char* pattern : {"%a, %d %b %Y %T GMT", "%d %b %Y %T GMT"}) {
    date::sys_seconds time;
    if (read_whole(text, pattern, time)) return checked(time);
  }
  return fail(Errc::invalid, "");
}

const date::time_zone& tz(const void* zone) { return *static_cast<const date::time_zone*>(zone); }

Result<WallTime> to_wall(const void* zone, Local local, bool whole_day) {
  if (!sensible(date::sys_time<std::chrono::milliseconds>{local.time_since_epoch()}))
    return fail(Errc::invalid, "is outside the years 1 to 9999");
  auto found = tz(zone).get_info(local);
  // A day whose midnight is skipped begins when daylight saving does.
  if (found.result == date::local_info::nonexistent && whole_day)
    return WallTime{found.first.end.time_since_epoch()};
  if (found.result == date::local_info::nonexistent)
    return fail(Errc::invalid,
                "does not occur in " + tz(zone).name() + ": daylight saving skips it");
  return WallTime{local.time_since_epoch() - found.first.offset};
}

}  // namespace

std::span<const std::string> date_format_names() { return names(); }

std::optional<DateFormat> parse_date_format(std::string_view name) {
  for (std::size_t i = 0; i < names().size(); ++i)
    if (names()[i] == name) return static_cast<DateFormat>(i);
  return std::nullopt;
}

namespace {

std::unexpected<Error> no_such_zone(std::string_view name) {
  std::vector<std::string> all;
  for (const auto& zone : date::get_tzdb().zones) all.push_back(zone.name());
  auto near = nearest(name, all);
  return fail(Errc::invalid, fmt::format("'{}' is not an IANA time zone{}", name,
                                         near ? "; the nearest is '" + *near + "'"
                                              : ", such as America/New_York"));
}

}  // namespace

Result<CivilZone> CivilZone::find(std::string_view name) {
  if (name.empty() || name.size() > 64) return no_such_zone(name.substr(0, 64));
  try {
    return CivilZone(date::locate_zone(name));
  } catch (const std::runtime_error&) {
    return no_such_zone(name);
  }
}

namespace {

/// Cuts ".5" or ".123456" off the end, after seconds; zero when there is none.
std::chrono::milliseconds take_fraction(std::string& text) {
  auto dot = text.rfind('.');
  if (dot == std::string::npos || text.size() - dot > 10) return {};
  int value = 0;
  for (std::size_t i = 1; i <= 3; ++i) {
    char c = dot + i < text.size() ? text[dot + i] : '0';
    if (c < '0' || c > '9') return {};
    value = value * 10 + (c - '0');
  }
  bool after_seconds = std::ranges::count(std::string_view(text).substr(0, dot), ':') == 2;
  auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!after_seconds || dot + 1 == text.size() ||
      !std::ranges::all_of(std::string_view(text).substr(dot + 1), is_digit))
    return {};
  text.resize(dot);
  return std::chrono::milliseconds{value};
}

}  // namespace

Result<WallTime> CivilZone::read_as(const json::value& value, DateFormat format) const {
  if (format == DateFormat::unix_seconds) return from_unix(value, 1000);
  if (format == DateFormat::unix_milliseconds) return from_unix(value, 1);
  auto* string = value.if_string();
  if (!string || string->size() > 64) return fail(Errc::invalid, "");
  std::string text(trim(*string));
  if (format == DateFormat::rfc3339) {
    auto time = parse_rfc3339(text);
    if (!time) return fail(Errc::invalid, "");
    return time;
  }
  if (format == DateFormat::mail) return from_mail(text);
  auto fraction = format == DateFormat::iso ? take_fraction(text) : std::chrono::milliseconds{};
  for (const char* pattern : patterns_of(format)) {
    Local local;
    bool whole_day = std::string_view(pattern).find_first_of("TIH") == std::string_view::npos;
    if (!read_whole(text, pattern, local)) continue;
    auto time = to_wall(zone_, local, whole_day);
    return time ? Result<WallTime>(*time + fraction) : time;
  }
  return fail(Errc::invalid, "");
}

Result<WallTime> CivilZone::read(const json::value& value,
                                 std::span<const DateFormat> formats) const {
  for (auto format : formats) {
    auto time = read_as(value, format);
    // Read, and impossible: another format would only find another meaning.
    if (time || !time.error().detail.empty()) return time;
  }
  std::vector<std::string> tried;
  for (auto format : formats) tried.push_back(names()[static_cast<std::size_t>(format)]);
  return fail(Errc::invalid, "is not a time written as " + join(tried, " or "));
}

std::string CivilZone::day_of(WallTime time) const {
  auto local =
      tz(zone_).to_local(date::sys_time<std::chrono::milliseconds>{time.time_since_epoch()});
  return date::format("%F", date::floor<date::days>(local));
}

}  // namespace parley::transform
