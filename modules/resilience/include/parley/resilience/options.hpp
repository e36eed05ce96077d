#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parley/base/clock.hpp"
#include "parley/base/settings.hpp"

namespace parley::resilience {

/// How calls to one service are protected. The defaults suit a request to a vendor's REST API;
/// zero turns a part off where it says so.
struct PolicyOptions {
  /// One attempt. Its Context has this deadline; what ignores it is cut off `cut_off_grace` later.
  Duration attempt_timeout = 10s;
  /// All attempts, the pauses between them and the waiting for a turn.
  Duration total_timeout = 30s;

  struct Retry {
    int attempts = 3;  ///< the first included; 1: no retry
    /// The pause before retry n is random between 0 and first_pause * 2^(n-1), at most
    /// longest_pause (full jitter); Retry-After is added to that.
    Duration first_pause = 200ms;
    Duration longest_pause = 5s;
    /// A service that asks for more than this is not waited for.
    Duration longest_retry_after = 30s;
    /// Retries are paid for: each call brings this many percent of one, and at most `burst` are
    /// saved up. So a service that is down gets little more than its ordinary traffic.
    int budget_percent = 20;
    int budget_burst = 10;
  } retry;

  struct Breaker {
    int failure_percent = 50;  ///< opens at this share of failures; 0: never
    Duration window = 30s;     ///< of calls that ended within this time
    int min_calls = 10;        ///< when there were at least so many
    Duration open_for = 10s;   ///< then trials begin
    int trials = 3;  ///< at once at most; so many successes close it, one failure opens it
  } breaker;

  struct Bulkhead {
    int max_running = 64;
    int max_waiting = 128;       ///< more are refused
    Duration longest_wait = 5s;  ///< for a turn, also for the rate limiter's
  } bulkhead;

  struct Rate {
    int per_minute = 0;  ///< 0: no limit
    int burst = 1;
  } rate;

  /// Operations safe to repeat that take longer get a second attempt beside the first; the first
  /// success counts. 0: never.
  Duration hedge_after = 0s;
};

/// How long an attempt may pass its deadline to say itself what happened.
inline constexpr Duration cut_off_grace = 50ms;

/// Errors: invalid, naming the field that makes no sense.
Result<void> check(const PolicyOptions& options);

/// The settings of one service, "resilience.<service>.attempts" and so on, for the program's table
/// of settings. Empty means: as the code that makes the policy has it. The names live in static
/// storage only if `keys` does: the specs point into it.
std::vector<SettingSpec> setting_specs(std::span<const std::string> services,
                                       std::vector<std::string>& keys);

/// `defaults`, changed by what the settings say about `service`. A key that does not exist was
/// refused when the settings were loaded, with the nearest one. Errors: invalid, naming the key.
Result<PolicyOptions> policy_options(const Settings& settings, std::string_view service,
                                     PolicyOptions defaults = {});

}  // namespace parley::resilience
