#pragma once
#include <memory>
#include <string>
#include <vector>

#include "parley/base/settings.hpp"
#include "parley/dialog/language_model.hpp"
#include "parley/health/monitor.hpp"
#include "parley/net/client.hpp"
#include "service_policies.hpp"

namespace parley::app {

/// The language models of the settings, as one.
struct LanguageEngines {
  std::vector<std::unique_ptr<dialog::LanguageModel>> engines;  ///< best first
  std::unique_ptr<dialog::LanguageModel> chain;                 ///< null: none is configured
};

/// The engines that language.engines names, in its order; without it those that have a key, or an
/// address of one's own, which may need none. Each goes through the policy of its name. Clock and
/// policies outlive them; they go before the io_contexts of their callers. Errors: invalid, naming
/// the setting.
Result<LanguageEngines> make_language_engines(const Settings& settings, Clock& clock,
                                              ServicePolicies& policies);

/// A language model that can be asked how it is: its name, and a look that names the model.
struct LanguageCheck {
  std::string name;
  std::string advice;
  std::function<Task<std::string>(net::HttpClient&, Context)> look;
};
/// Of each engine that make_language_engines makes. Errors: the same.
Result<std::vector<LanguageCheck>> language_checks(const Settings& settings);

/// A probe for each of them. `http` outlives the monitor.
void add_language_probes(health::Monitor& monitor, const Settings& settings, net::HttpClient& http);

}  // namespace parley::app
