#include "parley/resilience/options.hpp"

#include <array>
#include <charconv>
#include <chrono>

namespace parley::resilience {

namespace {

/// One setting of a service: its name, what it changes, and what values make sense.
struct Knob {
  std::string_view name;
  std::string_view help;
  std::int64_t min;
  std::int64_t max;
  void (*set)(PolicyOptions&, std::int64_t);
  std::int64_t (*get)(const PolicyOptions&);
};

constexpr std::int64_t hour_ms = 3'600'000;

template <auto Part>
constexpr Knob milliseconds(std::string_view name, std::string_view help, std::int64_t min) {
  return {name,
          help,
          min,
          hour_ms,
          [](PolicyOptions& o, std::int64_t v) { Part(o) = std::chrono::milliseconds(v); },
          [](const PolicyOptions& o) -> std::int64_t {
            return Part(const_cast<PolicyOptions&>(o)) / std::chrono::milliseconds(1);
          }};
}

template <auto Part>
constexpr Knob number(std::string_view name, std::string_view help, std::int64_t min,
                      std::int64_t max) {
  return {
      name,
      help,
      min,
      max,
      [](PolicyOptions& o, std::int64_t v) { Part(o) = static_cast<int>(v); },
      [](const PolicyOptions& o) -> std::int64_t { return Part(const_cast<PolicyOptions&>(o)); }};
}

// A reference to one member of the options.
#define PARLEY_PART(member) ([](PolicyOptions& o) -> auto& { return o.member; })

constexpr std::array knobs{
    milliseconds<PARLEY_PART(attempt_timeout)>("attempt_timeout_ms", "One attempt", 1),
    milliseconds<PARLEY_PART(total_timeout)>("total_timeout_ms", "All attempts and pauses", 1),
    number<PARLEY_PART(retry.attempts)>("attempts", "The first included; 1: no retry", 1, 20),
    milliseconds<PARLEY_PART(retry.first_pause)>("first_pause_ms", "Doubled each time", 1),
    milliseconds<PARLEY_PART(retry.longest_pause)>("longest_pause_ms", "Between attempts", 1),
    milliseconds<PARLEY_PART(retry.longest_retry_after)>(
        "longest_retry_after_ms", "A service that asks for more is not waited for", 0),
    number<PARLEY_PART(retry.budget_percent)>("retry_budget_percent",
                                              "Retries for each hundred calls", 0, 1000),
    number<PARLEY_PART(retry.budget_burst)>("retry_budget_burst", "Retries saved up at most", 0,
                                            10'000),
    number<PARLEY_PART(breaker.failure_percent)>(
        "breaker_failure_percent", "Failures that open the breaker; 0: never", 0, 100),
    milliseconds<PARLEY_PART(breaker.window)>("breaker_window_ms", "Calls looked back at", 10),
    number<PARLEY_PART(breaker.min_calls)>("breaker_min_calls", "Fewer never open it", 1,
                                           1'000'000),
    milliseconds<PARLEY_PART(breaker.open_for)>("breaker_open_ms", "Until trials begin", 1),
    number<PARLEY_PART(breaker.trials)>("breaker_trials", "Successes that close it again", 1, 1000),
    number<PARLEY_PART(bulkhead.max_running)>("max_running", "Calls at once", 1, 100'000),
    number<PARLEY_PART(bulkhead.max_waiting)>("max_waiting", "More are refused", 0, 1'000'000),
    milliseconds<PARLEY_PART(bulkhead.longest_wait)>("longest_wait_ms", "For a turn", 0),
    number<PARLEY_PART(rate.per_minute)>("rate_per_minute", "Calls a minute; 0: no limit", 0,
                                         10'000'000),
    number<PARLEY_PART(rate.burst)>("rate_burst", "Calls in one moment", 1, 1'000'000),
    milliseconds<PARLEY_PART(hedge_after)>("hedge_after_ms",
                                           "Second attempt beside a slow first one; 0: never", 0),
};
#undef PARLEY_PART

std::string setting_key(std::string_view service, const Knob& knob) {
  return "resilience." + std::string(service) + "." + std::string(knob.name);
}

}  // namespace

Result<void> check(const PolicyOptions& options) {
  for (const auto& knob : knobs) {
    auto value = knob.get(options);
    if (value < knob.min || value > knob.max)
      return fail(Errc::invalid, std::string(knob.name) + " must be " + std::to_string(knob.min) +
                                     " to " + std::to_string(knob.max));
  }
  return {};
}

std::vector<SettingSpec> setting_specs(std::span<const std::string> services,
                                       std::vector<std::string>& keys) {
  keys.clear();
  for (const auto& service : services)
    for (const auto& knob : knobs) keys.push_back(setting_key(service, knob));
  std::vector<SettingSpec> specs;
  for (std::size_t i = 0; i < keys.size(); ++i)
    specs.push_back({keys[i], "", knobs[i % knobs.size()].help});
  return specs;
}

Result<PolicyOptions> policy_options(const Settings& settings, std::string_view service,
                                     PolicyOptions defaults) {
  for (const auto& knob : knobs) {
    auto key = setting_key(service, knob);
    if (settings.text(key).empty()) continue;
    auto value = settings.integer(key, knob.min, knob.max);
    if (!value) return std::unexpected(value.error());
    knob.set(defaults, *value);
  }
  return defaults;
}

}  // namespace parley::resilience
