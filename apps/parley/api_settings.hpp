#pragma once
#include "parley/api/api.hpp"
#include "parley/base/settings.hpp"

namespace parley::app {

/// What the settings say about the API: addresses, who is believed, rate limits. Errors: invalid (a
/// number out of its range, an address that is none).
Result<api::ApiOptions> read_api_options(const Settings& settings);

}  // namespace parley::app
