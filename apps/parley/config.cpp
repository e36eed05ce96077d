#include <fmt/format.h>

#include "commands.hpp"
#include "parley/base/json.hpp"

namespace parley::app {

int run_config(const CommonOptions& common, bool as_json) {
  auto settings = load_settings(common);
  if (!settings) return complain(usage, settings.error().detail);
  if (as_json) {
    json::array all;
    for (auto& entry : settings->in_force())
      all.push_back({{"key", entry.key},
                     {"value", entry.value},
                     {"source", entry.source},
                     {"environment", environment_name(entry.key)},
                     {"help", entry.help}});
    fmt::print("{}\n", json::serialize(all));
    return done;
  }
  for (auto& entry : settings->in_force())
    fmt::print("{:<26} {:<38} {:<12} {}\n", entry.key, entry.value.empty() ? "-" : entry.value,
               entry.source, entry.help);
  return done;
}

}  // namespace parley::app
