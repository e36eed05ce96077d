#pragma once
#include <optional>
#include <string>
#include <vector>

#include "parley/auth/master_key.hpp"
#include "parley/store/database.hpp"
#include "parley/webhooks/signature.hpp"

namespace parley::webhooks {

using EndpointId = Id<"whep">;

/// Where an organization wants its events sent.
struct Endpoint {
  EndpointId id;
  std::string url;
  std::string description;
  std::vector<std::string> events;  ///< types; "call.*" by prefix; empty: all
  enum class State { enabled, disabled } state = State::enabled;
  std::string disabled_reason;  ///< when the server did it
  std::optional<WallTime> failing_since;
  std::optional<WallTime> old_secret_until;  ///< while two secrets sign
  std::int64_t version = 0;
  WallTime created;
  WallTime updated;
};
struct MadeEndpoint {
  Endpoint endpoint;
  std::string secret;  ///< whsec_..., shown once
};
struct NewEndpoint {
  std::string url;
  std::string description;
  std::vector<std::string> events;
};
/// What is left out stays. Enabling forgets past failures.
struct EndpointChange {
  std::optional<std::string> url;
  std::optional<std::string> description;
  std::optional<std::vector<std::string>> events;
  std::optional<Endpoint::State> state;
  std::optional<std::int64_t> expected_version;
};

class Endpoints {
 public:
  static constexpr std::int64_t max_endpoints = 50;  ///< of an organization
  static constexpr std::size_t max_filters = 50;
  static constexpr Duration secret_overlap = 24h;

  Endpoints(Clock& clock, Random& random, store::Database& database, const auth::MasterKey& master);

  /// Errors: invalid (no http or https URL, a filter that is no type), conflict (too many).
  Task<MadeEndpoint> create(Context ctx, NewEndpoint request);
  Task<std::vector<Endpoint>> list(Context ctx);  ///< the oldest first
  /// Errors: not_found.
  Task<Endpoint> get(Context ctx, EndpointId id);
  /// Errors: not_found, invalid, conflict (another version than expected).
  Task<Endpoint> change(Context ctx, EndpointId id, EndpointChange change);
  /// With its deliveries. Errors: not_found.
  Task<void> remove(Context ctx, EndpointId id);
  /// A new secret; for `secret_overlap` the one before signs too. Errors: not_found.
  Task<MadeEndpoint> rotate_secret(Context ctx, EndpointId id);

  /// The secrets that sign now, the newest first. Errors: not_found, corrupt.
  Result<std::vector<StandardSecret>> secrets(store::Tx& tx, const EndpointId& id) const;

 private:
  std::string sealed(const StandardSecret& secret, const EndpointId& id) const;
  Clock& clock_;
  Random& random_;
  store::Database& database_;
  auth::SecretKey key_;
};

}  // namespace parley::webhooks
