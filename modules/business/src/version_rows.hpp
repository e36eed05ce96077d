#pragma once
#include "parley/business/agent_versions.hpp"

namespace parley::business {

/// The agent of a profile as it is stored, whatever fields it has.
json::value agent_document(const Profile& profile);
/// `profile` with this agent; its id stays.
Profile with_agent(const Profile& profile, const json::value& agent);

/// A business's first version, which is in force. Nothing when it has one.
Result<void> note_first_version(store::Tx& tx, const Profile& profile);
/// The agent was changed from `before` to `now` past drafts: one more published version. Nothing
/// when they are the same. Errors: conflict when a gate stands before it.
Result<void> note_agent_change(store::Tx& tx, const Profile& before, const Profile& now);
Result<void> forget_versions(store::Tx& tx, const Profile& profile);

Result<Gate> gate_of(store::Tx& tx, const BusinessId& business);

}  // namespace parley::business
