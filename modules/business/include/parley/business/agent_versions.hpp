#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "parley/business/businesses.hpp"

namespace parley::business {

///          save_draft            publish               publish of another
///  (none) ───────────> draft ─────────────> published ───────────────────> retired
///                        │                      │  ▲                         │
///                        └─discard              │  └───────roll_back─────────┤
///                                               └─roll_back─> rolled_back ───┘
enum class VersionState { draft, published, retired, rolled_back };
std::string_view to_string(VersionState state) noexcept;
std::optional<VersionState> parse_version_state(std::string_view text) noexcept;

/// One version of a business's agent: the whole of it. Numbers count from 1 and are never reused.
struct AgentVersion {
  std::int64_t number = 0;
  VersionState state = VersionState::draft;
  Agent agent;
  std::int64_t revision = 1;  ///< of a draft: one more with each change
  std::string note;
  WallTime created;
  std::string created_by;  ///< the principal's id
  WallTime updated;
  std::optional<WallTime> published;
  std::string published_by;
  std::string forced_reason;  ///< why it was published past a closed gate; empty: it was open
};

/// What stands before publishing.
enum class Gate {
  none,      ///< a change of the agent is published at once
  scenarios  ///< it becomes a draft, and is published once its scenarios pass
};
std::string_view to_string(Gate gate) noexcept;

struct GateAnswer {
  enum class Opens { yes, no } opens = Opens::yes;
  std::string reason;
};
/// Asked in the transaction that would publish a draft. Implemented by who knows its scenarios.
class PublishingGate {
 public:
  virtual ~PublishingGate() = default;
  virtual Result<GateAnswer> ask(store::Tx& tx, const BusinessId& business,
                                 const AgentVersion& draft) = 0;
};

struct VersionList {
  std::vector<AgentVersion> items;  ///< the newest first
  std::int64_t total = 0;
};

struct PublishRequest {
  BusinessId business;
  std::int64_t number = 0;    ///< 0: the draft, whatever its number
  std::string forced_reason;  ///< publishes past a closed gate; kept with the version
};
struct RollBackRequest {
  BusinessId business;
  std::int64_t number = 0;  ///< 0: the one that was published before
  std::string reason;
};

/// The versions of agents. Bound to ctx.organization. Thread-safe.
/// Errors everywhere: not_found.
class AgentVersions {
 public:
  virtual ~AgentVersions() = default;
  virtual Task<VersionList> list(Context ctx, BusinessId business, Page page) = 0;
  virtual Task<AgentVersion> get(Context ctx, BusinessId business, std::int64_t number) = 0;
  /// not_found when there is none.
  virtual Task<AgentVersion> draft(Context ctx, BusinessId business) = 0;
  /// Makes the draft, or changes it. `expected_revision` is compared in the transaction of the
  /// change; 0: don't care. Errors: invalid, conflict (another revision, or none).
  virtual Task<AgentVersion> save_draft(Context ctx, BusinessId business, Agent agent,
                                        std::string note, std::int64_t expected_revision = 0) = 0;
  virtual Task<void> discard_draft(Context ctx, BusinessId business,
                                   std::int64_t expected_revision = 0) = 0;
  /// The draft comes into force. Events: agent.published, with who, and why when it was forced.
  /// Errors: conflict (the gate is closed, with its reason; or the version is no draft).
  virtual Task<AgentVersion> publish(Context ctx, PublishRequest request) = 0;
  /// An earlier version comes into force again, past every gate. Event: agent.rolled_back. Errors:
  /// conflict (there is none, or it is in force).
  virtual Task<AgentVersion> roll_back(Context ctx, RollBackRequest request) = 0;

  virtual Task<Gate> gate(Context ctx, BusinessId business) = 0;
  /// Raises the business's version, which `expected_version` is compared with; 0: don't care.
  /// Errors: conflict.
  virtual Task<Gate> set_gate(Context ctx, BusinessId business, Gate gate,
                              std::int64_t expected_version = 0) = 0;
};

/// All outlive it.
std::unique_ptr<AgentVersions> make_agent_versions(store::Database& database, PublishingGate& gate);

/// For other modules' transactions: the version in force. 1 when none was written yet.
Result<std::int64_t> agent_version_in_force(store::Tx& tx, const OrganizationId& organization,
                                            const BusinessId& business);
/// The draft's number; 0 when there is none.
Result<std::int64_t> agent_draft_number(store::Tx& tx, const OrganizationId& organization,
                                        const BusinessId& business);
/// Errors: not_found.
Result<AgentVersion> load_agent_version(store::Tx& tx, const OrganizationId& organization,
                                        const BusinessId& business, std::int64_t number);

}  // namespace parley::business
