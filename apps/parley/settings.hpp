#pragma once
#include <string>
#include <vector>

#include "parley/base/settings.hpp"

namespace parley::app {

/// The options every subcommand shares.
struct CommonOptions {
  std::string config_file;  ///< --config; empty: PARLEY_CONFIG, else ./parley.toml if there
  std::vector<std::string> assignments;  ///< --set key=value
};

/// Every setting there is, in one table.
std::span<const SettingSpec> setting_specs();

/// Defaults, file, environment, flags. Errors: invalid, not_found.
Result<Settings> load_settings(const CommonOptions& options);

}  // namespace parley::app
