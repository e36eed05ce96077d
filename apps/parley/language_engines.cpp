#include "language_engines.hpp"

#include <algorithm>

#include "parley/base/strings.hpp"
#include "parley/dialog/fallback_model.hpp"
#include "parley/providers/anthropic/anthropic_model.hpp"
#include "parley/providers/openai/chat_model.hpp"
#include "parley/telemetry/log.hpp"

namespace parley::app {

namespace {

providers::anthropic::Options anthropic_options(const Settings& settings) {
  return {.api_key = settings.text("anthropic.api_key"),
          .api_url = settings.text("anthropic.api_url"),
          .model = settings.text("anthropic.model"),
          .version = settings.text("anthropic.version")};
}

providers::openai::Options openai_options(const Settings& settings) {
  return {.api_key = settings.text("openai.api_key"),
          .api_url = settings.text("openai.api_url"),
          .model = settings.text("openai.model")};
}

/// One line for each engine there is.
struct Kind {
  std::string_view name;
  bool (*is_configured)(const Settings& settings);
  std::string_view missing;  ///< when it is not
  Result<std::unique_ptr<dialog::LanguageModel>> (*make)(const Settings& settings, Clock& clock,
                                                         resilience::Policy& policy);
  LanguageCheck (*check)(const Settings& settings);
};

LanguageCheck anthropic_check(const Settings& settings) {
  auto look = [options = anthropic_options(settings)](net::HttpClient& http, Context ctx) {
    return providers::anthropic::look(http, std::move(ctx), options);
  };
  return {"anthropic", "check anthropic.api_key, anthropic.model and anthropic.api_url", look};
}

LanguageCheck openai_check(const Settings& settings) {
  auto look = [options = openai_options(settings)](net::HttpClient& http, Context ctx) {
    return providers::openai::look(http, std::move(ctx), options);
  };
  return {"openai", "check openai.api_key, openai.model and openai.api_url", look};
}

const Kind kinds[]{
    {"anthropic",
     [](const Settings& settings) { return !settings.text("anthropic.api_key").empty(); },
     "it needs anthropic.api_key",
     [](const Settings& settings, Clock& clock, resilience::Policy& policy) {
       return providers::anthropic::make_model(clock, policy, anthropic_options(settings));
     },
     anthropic_check},
    {"openai",
     [](const Settings& settings) {
       return !settings.text("openai.api_key").empty() || settings.is_set("openai.api_url");
     },
     "it needs openai.api_key, or openai.api_url of a server that takes none",
     [](const Settings& settings, Clock& clock, resilience::Policy& policy) {
       return providers::openai::make_model(clock, policy, openai_options(settings));
     },
     openai_check},
};

Result<std::vector<const Kind*>> chosen(const Settings& settings) {
  std::vector<const Kind*> all;
  std::vector<std::string> names;
  for (const auto& kind : kinds) names.emplace_back(kind.name);
  const auto& wanted = settings.text("language.engines");
  if (trim(wanted).empty()) {
    for (const auto& kind : kinds)
      if (kind.is_configured(settings)) all.push_back(&kind);
    return all;
  }
  for (const auto& name : split(wanted, ' ')) {
    if (name.empty()) continue;
    auto found = std::ranges::find(kinds, name, &Kind::name);
    if (found == std::end(kinds)) {
      auto near = nearest(name, names);
      return fail(Errc::invalid,
                  "language.engines: there is no " + name + "; " +
                      (near ? "did you mean " + *near + "?" : "there are " + join(names, ", ")));
    }
    if (std::ranges::find(all, &*found) != all.end())
      return fail(Errc::invalid, "language.engines names " + name + " twice");
    if (!found->is_configured(settings))
      return fail(Errc::invalid,
                  "language.engines names " + name + ": " + std::string(found->missing));
    all.push_back(&*found);
  }
  return all;
}

/// A caller waits: few repetitions, and the next engine instead of long pauses.
resilience::PolicyOptions patience() {
  resilience::PolicyOptions options{.attempt_timeout = 10s, .total_timeout = 12s};
  options.retry.attempts = 2;
  options.retry.first_pause = 100ms;
  options.retry.longest_pause = 500ms;
  options.retry.longest_retry_after = 500ms;
  options.breaker.min_calls = 5;
  options.bulkhead.max_running = 1000;
  options.bulkhead.longest_wait = 1s;
  return options;
}

Task<health::Finding> look(LanguageCheck check, net::HttpClient& http, Context ctx) {
  auto looking = check.look(http, std::move(ctx));
  auto seen = co_await std::move(looking);
  if (!seen) co_return std::unexpected(seen.error());
  co_return health::Finding{.detail = *seen};
}

}  // namespace

Result<LanguageEngines> make_language_engines(const Settings& settings, Clock& clock,
                                              ServicePolicies& policies) {
  auto wanted = chosen(settings);
  if (!wanted) return std::unexpected(wanted.error());
  auto slow_after_ms = settings.integer("language.slow_after_ms", 100, 10'000);
  if (!slow_after_ms) return std::unexpected(slow_after_ms.error());
  LanguageEngines made;
  std::vector<dialog::LanguageModel*> order;
  for (const auto* kind : *wanted) {
    std::string name(kind->name);
    auto policy = policies.add(name, patience());
    if (!policy) return std::unexpected(policy.error());
    auto engine = kind->make(settings, clock, **policy);
    if (!engine) return fail(Errc::invalid, name + ".api_url: " + engine.error().detail);
    order.push_back(engine->get());
    made.engines.push_back(std::move(*engine));
  }
  if (order.empty()) return made;
  dialog::FallbackTimes times;
  times.slow_after = std::chrono::milliseconds(*slow_after_ms);
  made.chain = std::make_unique<dialog::FallbackLanguageModel>(
      clock, std::move(order), times, [](const dialog::TakeOver& take_over) {
        log::warn("language.taken_over", {{"engine", take_over.from},
                                          {"by", take_over.to.empty() ? "nobody" : take_over.to},
                                          {"reason", take_over.why.detail}});
      });
  return made;
}

Result<std::vector<LanguageCheck>> language_checks(const Settings& settings) {
  auto wanted = chosen(settings);
  if (!wanted) return std::unexpected(wanted.error());
  std::vector<LanguageCheck> checks;
  for (const auto* kind : *wanted) checks.push_back(kind->check(settings));
  return checks;
}

void add_language_probes(health::Monitor& monitor, const Settings& settings,
                         net::HttpClient& http) {
  auto checks = language_checks(settings);
  if (!checks) return;  // said when the engines were made
  for (auto& check : *checks) {
    health::Probe probe;
    probe.name = check.name;
    probe.kind = "language";
    probe.weight = health::Probe::Weight::replaceable;
    probe.advice = check.advice + "; until then the next engine or the built-in dialogue answers";
    probe.look = [check, &http](Context ctx) { return look(check, http, std::move(ctx)); };
    monitor.add(std::move(probe));
  }
}

}  // namespace parley::app
