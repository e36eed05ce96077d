// The tables agent_versions and agent_gates.
#include "version_rows.hpp"

#include <array>

#include "profile_json.hpp"

namespace parley::business {

namespace {

constexpr std::array states{std::string_view("draft"), std::string_view("published"),
                            std::string_view("retired"), std::string_view("rolled_back")};

Result<void> nothing(Result<std::int64_t> changed) {
  if (!changed) return std::unexpected(changed.error());
  return {};
}

Result<void> insert_published(store::Tx& tx, const Profile& profile, std::int64_t number) {
  return nothing(tx.execute(
      "INSERT INTO agent_versions (organization_id, business_id, number, state, agent, revision, "
      "note, created_at, created_by, updated_at, published_at, published_by) "
      "VALUES (?1, ?2, ?3, 'published', ?4, 1, '', ?5, ?6, ?5, ?5, ?6)",
      {profile.organization, profile.id, number, json::serialize(agent_document(profile)), tx.now(),
       tx.context().principal.id}));
}

}  // namespace

std::string_view to_string(VersionState state) noexcept {
  return states[static_cast<std::size_t>(state)];
}
std::optional<VersionState> parse_version_state(std::string_view text) noexcept {
  for (std::size_t i = 0; i < states.size(); ++i)
    if (states[i] == text) return static_cast<VersionState>(i);
  return std::nullopt;
}
std::string_view to_string(Gate gate) noexcept {
  return gate == Gate::scenarios ? "scenarios" : "none";
}

json::value agent_document(const Profile& profile) { return profile_to_json(profile).at("agent"); }

Profile with_agent(const Profile& profile, const json::value& agent) {
  // Through the whole document, so that fields of the agent are known in one place only.
  auto document = profile_to_json(profile);
  document["agent"] = agent;
  Profile changed;
  profile_from_json(document, changed);
  auto same = profile;
  auto id = same.agent.id;
  same.agent = std::move(changed.agent);
  same.agent.id = std::move(id);
  return same;
}

Result<void> note_first_version(store::Tx& tx, const Profile& profile) {
  auto row =
      tx.one("SELECT COUNT(*) AS n FROM agent_versions WHERE business_id = ?1", {profile.id});
  if (!row) return std::unexpected(row.error());
  if (row->integer("n") > 0) return {};
  return insert_published(tx, profile, 1);
}

Result<void> note_agent_change(store::Tx& tx, const Profile& before, const Profile& now) {
  if (agent_document(before) == agent_document(now)) return {};
  auto gate = gate_of(tx, now.id);
  if (!gate) return std::unexpected(gate.error());
  if (*gate != Gate::none)
    return fail(Errc::conflict,
                "the agent is changed by publishing a draft: a gate stands before it");
  if (auto first = note_first_version(tx, before); !first) return first;
  auto last =
      tx.one("SELECT MAX(number) AS n FROM agent_versions WHERE business_id = ?1", {now.id});
  if (!last) return std::unexpected(last.error());
  auto retired =
      nothing(tx.execute("UPDATE agent_versions SET state = 'retired', updated_at = ?1 "
                         "WHERE business_id = ?2 AND state = 'published'",
                         {tx.now(), now.id}));
  if (!retired) return retired;
  return insert_published(tx, now, last->integer("n") + 1);
}

Result<void> forget_versions(store::Tx& tx, const Profile& profile) {
  for (auto* sql : {"DELETE FROM agent_versions WHERE organization_id = ?1 AND business_id = ?2",
                    "DELETE FROM agent_gates WHERE organization_id = ?1 AND business_id = ?2"})
    if (auto done = tx.execute(sql, {profile.organization, profile.id}); !done)
      return std::unexpected(done.error());
  return {};
}

Result<Gate> gate_of(store::Tx& tx, const BusinessId& business) {
  auto row = tx.one("SELECT gate FROM agent_gates WHERE business_id = ?1", {business});
  if (!row && row.error().code == Errc::not_found) return Gate::none;
  if (!row) return std::unexpected(row.error());
  return row->text("gate") == "scenarios" ? Gate::scenarios : Gate::none;
}

namespace {

Result<std::int64_t> number_of(store::Tx& tx, const OrganizationId& organization,
                               const BusinessId& business, VersionState state,
                               std::int64_t otherwise) {
  auto row = tx.one(
      "SELECT number FROM agent_versions WHERE organization_id = ?1 AND business_id = ?2 "
      "AND state = ?3",
      {organization, business, to_string(state)});
  if (!row && row.error().code == Errc::not_found) return otherwise;
  if (!row) return std::unexpected(row.error());
  return row->integer("number");
}

}  // namespace

Result<std::int64_t> agent_version_in_force(store::Tx& tx, const OrganizationId& organization,
                                            const BusinessId& business) {
  return number_of(tx, organization, business, VersionState::published, 1);
}

Result<std::int64_t> agent_draft_number(store::Tx& tx, const OrganizationId& organization,
                                        const BusinessId& business) {
  return number_of(tx, organization, business, VersionState::draft, 0);
}

}  // namespace parley::business
