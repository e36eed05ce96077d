#pragma once
#include <optional>

#include "parley/base/clock.hpp"
#include "parley/base/settings.hpp"

namespace parley::app {

/// How long events are kept (events.retention); none: for ever. Errors: invalid, anything but a
/// number of days.
Result<std::optional<Duration>> read_event_retention(const Settings& settings);

}  // namespace parley::app
