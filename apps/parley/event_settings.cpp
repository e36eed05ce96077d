#include "event_settings.hpp"

#include <charconv>

namespace parley::app {

namespace {

constexpr int most_days = 36'500;

}  // namespace

Result<std::optional<Duration>> read_event_retention(const Settings& settings) {
  const auto& text = settings.text("events.retention");
  if (text.empty()) return std::nullopt;
  int days = 0;
  const auto* last = text.data() + text.size() - 1;
  auto [stop, ec] = std::from_chars(text.data(), last, days);
  if (*last != 'd' || stop != last || ec != std::errc{} || days < 1 || days > most_days)
    return fail(Errc::invalid, "events.retention: '" + text +
                                   "' is not a number of days from 1d to 36500d, such as 400d");
  return Duration(24h * days);
}

}  // namespace parley::app
