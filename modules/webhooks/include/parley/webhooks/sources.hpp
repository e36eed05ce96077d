#pragma once
#include <memory>
#include <string>
#include <vector>

#include "parley/auth/master_key.hpp"
#include "parley/store/database.hpp"

namespace parley::webhooks {

using SourceId = Id<"whs">;

/// A sender of generic webhooks: who has the secret speaks for the organization's `name`.
struct Source {
  SourceId id;
  OrganizationId organization;
  std::string name;  ///< the last part of its address; unique in the installation
  std::string kind;
  WallTime created;
};
struct MadeSource {
  Source source;
  std::string secret;  ///< shown once
};
struct NewSource {
  std::string name;            ///< [a-z0-9][a-z0-9_-]{0,62}
  std::string kind = "event";  ///< which processor; one that nobody handles is stored and kept
  std::string secret;          ///< the sender's own, 16 to 256 bytes; empty: made
};

/// Secrets are sealed with a key of the installation's.
class Sources {
 public:
  static constexpr std::int64_t max_sources = 100;  ///< of an organization

  Sources(Clock& clock, Random& random, store::Database& database, const auth::MasterKey& master);

  /// Errors: invalid, conflict (the name is taken; too many).
  Task<MadeSource> create(Context ctx, NewSource request);
  Task<std::vector<Source>> list(Context ctx);
  /// What came from it stays. Errors: not_found.
  Task<void> remove(Context ctx, SourceId id);

  /// By its name, of whatever organization, with its secret. Errors: not_found, corrupt (sealed
  /// with another key).
  Task<MadeSource> find(Context ctx, std::string name);

 private:
  Clock& clock_;
  Random& random_;
  store::Database& database_;
  auth::SecretKey key_;
};

}  // namespace parley::webhooks
