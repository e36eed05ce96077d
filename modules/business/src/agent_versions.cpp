#include "parley/business/agent_versions.hpp"

#include <fmt/format.h>

#include "profile_rows.hpp"
#include "profile_rules.hpp"
#include "version_rows.hpp"

namespace parley::business {

namespace {

AgentVersion from_row(const store::Row& row, const Profile& profile) {
  AgentVersion version;
  version.number = row.integer("number");
  version.state = parse_version_state(row.text("state")).value_or(VersionState::retired);
  version.agent = with_agent(profile, row.json("agent")).agent;
  version.revision = row.integer("revision");
  version.note = row.text("note");
  version.created = row.time("created_at");
  version.created_by = row.text("created_by");
  version.updated = row.time("updated_at");
  version.published = row.optional_time("published_at");
  version.published_by = row.optional_text("published_by").value_or("");
  version.forced_reason = row.optional_text("forced_reason").value_or("");
  return version;
}

/// `where` begins at ?3: what is before names the organization and the business.
Result<std::optional<AgentVersion>> find(store::Tx& tx, const Profile& profile,
                                         std::string_view where, store::Params params = {}) {
  params.insert(params.begin(), {store::Value(profile.organization), store::Value(profile.id)});
  auto row = tx.one(fmt::format("SELECT * FROM agent_versions WHERE organization_id = ?1 AND "
                                "business_id = ?2 AND {}",
                                where),
                    std::move(params));
  if (!row && row.error().code == Errc::not_found) return std::optional<AgentVersion>();
  if (!row) return std::unexpected(row.error());
  return std::optional(from_row(*row, profile));
}

Result<AgentVersion> found(Result<std::optional<AgentVersion>> looked) {
  if (!looked) return std::unexpected(looked.error());
  if (!*looked) return fail(Errc::not_found, "no such version of the agent");
  return std::move(**looked);
}

Result<AgentVersion> numbered(store::Tx& tx, const Profile& profile, std::int64_t number) {
  return found(find(tx, profile, "number = ?3", {number}));
}
Result<AgentVersion> drafted(store::Tx& tx, const Profile& profile) {
  return found(find(tx, profile, "state = 'draft'"));
}

Result<void> check_revision(store::Tx& tx, const Profile& profile, std::int64_t expected) {
  if (expected == 0) return {};
  auto draft = find(tx, profile, "state = 'draft'");
  if (!draft) return std::unexpected(draft.error());
  if (*draft && (*draft)->revision == expected) return {};
  return fail(Errc::conflict, "the draft was changed in the meantime");
}

Result<void> told(store::Tx& tx, const Profile& profile, std::string type, json::object data) {
  data["business"] = profile.id.str();
  data["by"] = tx.context().principal.id;
  auto appended = tx.append(profile.id.str(), {std::move(type), std::move(data)});
  if (!appended) return std::unexpected(appended.error());
  return {};
}

class StoredAgentVersions final : public AgentVersions {
 public:
  StoredAgentVersions(store::Database& database, PublishingGate& gate)
      : db_(database), gate_(gate) {}

  Task<VersionList> list(Context ctx, BusinessId business, Page page) override {
    if (auto good = check_page(page); !good) co_return std::unexpected(good.error());
    auto look = [page](store::Tx& tx, const Profile& profile) -> Result<VersionList> {
      auto total = tx.one(
          "SELECT COUNT(*) AS n FROM agent_versions WHERE organization_id = ?1 AND "
          "business_id = ?2",
          {profile.organization, profile.id});
      if (!total) return std::unexpected(total.error());
      auto order = page.sort == "number" ? "number" : "number DESC";
      auto rows =
          tx.query(fmt::format("SELECT * FROM agent_versions WHERE organization_id = ?1 AND "
                               "business_id = ?2 ORDER BY {} LIMIT ?3 OFFSET ?4",
                               order),
                   {profile.organization, profile.id, page.limit, (page.number - 1) * page.limit});
      if (!rows) return std::unexpected(rows.error());
      VersionList list;
      list.total = total->integer("n");
      for (const auto& row : *rows) list.items.push_back(from_row(row, profile));
      return list;
    };
    auto reading = read<VersionList>(std::move(ctx), std::move(business), look);
    co_return co_await std::move(reading);
  }

  Task<AgentVersion> get(Context ctx, BusinessId business, std::int64_t number) override {
    auto look = [number](store::Tx& tx, const Profile& profile) {
      return numbered(tx, profile, number);
    };
    auto reading = read<AgentVersion>(std::move(ctx), std::move(business), look);
    co_return co_await std::move(reading);
  }

  Task<AgentVersion> draft(Context ctx, BusinessId business) override {
    auto reading = read<AgentVersion>(std::move(ctx), std::move(business), drafted);
    co_return co_await std::move(reading);
  }

  Task<AgentVersion> save_draft(Context ctx, BusinessId business, Agent agent, std::string note,
                                std::int64_t expected) override {
    if (auto good = check_line("note", note, 0, 500); !good)
      co_return std::unexpected(good.error());
    auto change = [agent, note, expected](store::Tx& tx, Profile& profile) -> Result<AgentVersion> {
      if (auto same = check_revision(tx, profile, expected); !same)
        return std::unexpected(same.error());
      auto wanted = profile;
      wanted.agent = agent;
      wanted.agent.id = profile.agent.id;
      if (auto good = check_profile(wanted); !good) return std::unexpected(good.error());
      if (auto first = note_first_version(tx, profile); !first)
        return std::unexpected(first.error());
      auto document = json::serialize(agent_document(wanted));
      auto changed = tx.execute(
          "UPDATE agent_versions SET agent = ?1, note = ?2, revision = revision + 1, "
          "updated_at = ?3 WHERE organization_id = ?4 AND business_id = ?5 AND state = 'draft'",
          {document, note, tx.now(), profile.organization, profile.id});
      if (!changed) return std::unexpected(changed.error());
      if (*changed == 0) {
        auto made = tx.execute(
            "INSERT INTO agent_versions (organization_id, business_id, number, state, agent, "
            "revision, note, created_at, created_by, updated_at) SELECT ?1, ?2, MAX(number) + 1, "
            "'draft', ?3, 1, ?4, ?5, ?6, ?5 FROM agent_versions WHERE business_id = ?2",
            {profile.organization, profile.id, document, note, tx.now(),
             tx.context().principal.id});
        if (!made) return std::unexpected(made.error());
      }
      auto saved = drafted(tx, profile);
      if (!saved) return saved;
      json::object data{{"number", saved->number}, {"revision", saved->revision}};
      if (auto done = told(tx, profile, "agent.drafted", std::move(data)); !done)
        return std::unexpected(done.error());
      return saved;
    };
    auto writing = write<AgentVersion>(std::move(ctx), std::move(business), change);
    co_return co_await std::move(writing);
  }

  Task<void> discard_draft(Context ctx, BusinessId business, std::int64_t expected) override {
    auto change = [expected](store::Tx& tx, Profile& profile) -> Result<void> {
      if (auto same = check_revision(tx, profile, expected); !same) return same;
      auto draft = drafted(tx, profile);
      if (!draft) return std::unexpected(draft.error());
      auto gone = tx.execute(
          "DELETE FROM agent_versions WHERE organization_id = ?1 AND "
          "business_id = ?2 AND state = 'draft'",
          {profile.organization, profile.id});
      if (!gone) return std::unexpected(gone.error());
      return told(tx, profile, "agent.draft_discarded", {{"number", draft->number}});
    };
    auto writing = write<void>(std::move(ctx), std::move(business), change);
    co_return co_await std::move(writing);
  }

  Task<AgentVersion> publish(Context ctx, PublishRequest request) override {
    if (auto good = check_line("reason", request.forced_reason, 0, 500); !good)
      co_return std::unexpected(good.error());
    auto change = [this, request](store::Tx& tx, Profile& profile) -> Result<AgentVersion> {
      auto draft =
          request.number == 0 ? drafted(tx, profile) : numbered(tx, profile, request.number);
      if (!draft) return draft;
      if (draft->state != VersionState::draft)
        return fail(Errc::conflict, fmt::format("version {} is no draft", draft->number));
      auto gate = gate_of(tx, profile.id);
      if (!gate) return std::unexpected(gate.error());
      std::string closed;
      if (*gate == Gate::scenarios) {
        auto answer = gate_.ask(tx, profile.id, *draft);
        if (!answer) return std::unexpected(answer.error());
        if (answer->opens == GateAnswer::Opens::no) closed = answer->reason;
      }
      if (!closed.empty() && request.forced_reason.empty()) return fail(Errc::conflict, closed);
      auto forced = closed.empty() ? std::string() : request.forced_reason;
      if (auto done = bring_into_force(tx, profile, *draft, VersionState::retired); !done)
        return std::unexpected(done.error());
      auto noted = tx.execute(
          "UPDATE agent_versions SET forced_reason = ?1, published_by = ?2 WHERE "
          "organization_id = ?3 AND business_id = ?4 AND number = ?5",
          {forced.empty() ? store::Value() : store::Value(forced), tx.context().principal.id,
           profile.organization, profile.id, draft->number});
      if (!noted) return std::unexpected(noted.error());
      json::object data{{"number", draft->number}, {"forced", !forced.empty()}};
      if (!forced.empty()) {
        data["reason"] = forced;
        data["gate"] = closed;
      }
      if (auto done = told(tx, profile, "agent.published", std::move(data)); !done)
        return std::unexpected(done.error());
      return numbered(tx, profile, draft->number);
    };
    auto writing = write<AgentVersion>(std::move(ctx), request.business, change);
    co_return co_await std::move(writing);
  }

  Task<AgentVersion> roll_back(Context ctx, RollBackRequest request) override {
    if (auto good = check_line("reason", request.reason, 0, 500); !good)
      co_return std::unexpected(good.error());
    auto change = [request](store::Tx& tx, Profile& profile) -> Result<AgentVersion> {
      auto to = request.number == 0
                    ? find(tx, profile,
                           "state = 'retired' ORDER BY published_at DESC, number DESC "
                           "LIMIT 1")
                    : find(tx, profile, "number = ?3", {request.number});
      if (!to) return std::unexpected(to.error());
      if (!*to && request.number != 0) return fail(Errc::not_found, "no such version of the agent");
      if (!*to) return fail(Errc::conflict, "there is no earlier version");
      if ((*to)->state == VersionState::draft || (*to)->state == VersionState::published)
        return fail(Errc::conflict,
                    fmt::format("version {} is {}", (*to)->number,
                                (*to)->state == VersionState::draft ? "a draft" : "in force"));
      auto from = find(tx, profile, "state = 'published'");
      if (!from) return std::unexpected(from.error());
      if (auto done = bring_into_force(tx, profile, **to, VersionState::rolled_back); !done)
        return std::unexpected(done.error());
      json::object data{{"number", (*to)->number}, {"reason", request.reason}};
      if (*from) data["from"] = (*from)->number;
      if (auto done = told(tx, profile, "agent.rolled_back", std::move(data)); !done)
        return std::unexpected(done.error());
      return numbered(tx, profile, (*to)->number);
    };
    auto writing = write<AgentVersion>(std::move(ctx), request.business, change);
    co_return co_await std::move(writing);
  }

  Task<Gate> gate(Context ctx, BusinessId business) override {
    auto look = [](store::Tx& tx, const Profile& profile) { return gate_of(tx, profile.id); };
    auto reading = read<Gate>(std::move(ctx), std::move(business), look);
    co_return co_await std::move(reading);
  }

  Task<Gate> set_gate(Context ctx, BusinessId business, Gate gate, std::int64_t expected) override {
    auto change = [gate, expected](store::Tx& tx, Profile& profile) -> Result<Gate> {
      if (expected != 0 && profile.version != expected)
        return fail(Errc::conflict, "the business was changed in the meantime");
      if (auto saved = save_profile(tx, profile); !saved) return std::unexpected(saved.error());
      auto set = tx.execute(
          "INSERT INTO agent_gates (business_id, organization_id, gate, updated_at) VALUES (?1, "
          "?2, ?3, ?4) ON CONFLICT (business_id) DO UPDATE SET gate = excluded.gate, "
          "updated_at = excluded.updated_at",
          {profile.id, profile.organization, to_string(gate), tx.now()});
      if (!set) return std::unexpected(set.error());
      if (auto done = told(tx, profile, "agent.gate_set", {{"gate", to_string(gate)}}); !done)
        return std::unexpected(done.error());
      return gate;
    };
    auto writing = write<Gate>(std::move(ctx), std::move(business), change);
    co_return co_await std::move(writing);
  }

 private:
  static Result<void> bring_into_force(store::Tx& tx, Profile& profile, const AgentVersion& version,
                                       VersionState left_as) {
    auto id = profile.agent.id;
    profile.agent = version.agent;
    profile.agent.id = id;
    if (auto good = check_profile(profile); !good) return good;
    if (auto saved = save_profile(tx, profile); !saved) return saved;
    auto left = tx.execute(
        "UPDATE agent_versions SET state = ?1, updated_at = ?2 WHERE organization_id = ?3 AND "
        "business_id = ?4 AND state = 'published'",
        {to_string(left_as), tx.now(), profile.organization, profile.id});
    if (!left) return std::unexpected(left.error());
    auto there = tx.execute(
        "UPDATE agent_versions SET state = 'published', updated_at = ?1, published_at = ?1 WHERE "
        "organization_id = ?2 AND business_id = ?3 AND number = ?4",
        {tx.now(), profile.organization, profile.id, version.number});
    if (!there) return std::unexpected(there.error());
    auto appended = tx.append(profile.id.str(), {"business.updated",
                                                 {{"business", profile.id.str()},
                                                  {"name", profile.name},
                                                  {"timeZone", profile.time_zone},
                                                  {"part", "agent"},
                                                  {"version", profile.version}}});
    if (!appended) return std::unexpected(appended.error());
    return {};
  }

  template <class T, class Look>
  Task<T> read(Context ctx, BusinessId business, Look look) {
    auto apply = [business, look, organization = ctx.organization](store::Tx& tx) -> Result<T> {
      auto profile = load_profile(tx, organization, business);
      if (!profile) return std::unexpected(profile.error());
      return look(tx, *profile);
    };
    co_return co_await db_.read(std::move(ctx), apply);
  }
  template <class T, class Apply>
  Task<T> write(Context ctx, BusinessId business, Apply change) {
    auto apply = [business, change, organization = ctx.organization](store::Tx& tx) -> Result<T> {
      auto profile = load_profile(tx, organization, business);
      if (!profile) return std::unexpected(profile.error());
      return change(tx, *profile);
    };
    co_return co_await db_.write(std::move(ctx), apply);
  }

  store::Database& db_;
  PublishingGate& gate_;
};

}  // namespace

Result<AgentVersion> load_agent_version(store::Tx& tx, const OrganizationId& organization,
                                        const BusinessId& business, std::int64_t number) {
  auto profile = load_profile(tx, organization, business);
  if (!profile) return std::unexpected(profile.error());
  return numbered(tx, *profile, number);
}

std::unique_ptr<AgentVersions> make_agent_versions(store::Database& database,
                                                   PublishingGate& gate) {
  return std::make_unique<StoredAgentVersions>(database, gate);
}

}  // namespace parley::business
