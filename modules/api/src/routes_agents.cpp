// Versions of a business's agent: drafts, what is published, and what was.
#include "agent_json.hpp"
#include "business_json.hpp"
#include "parley/owntools/secrets.hpp"
#include "services.hpp"
#include "values.hpp"

namespace parley::api {

namespace {

using namespace schema;
using business::AgentVersion;

json::object version_json(const AgentVersion& version) {
  return {{"number", version.number},
          {"state", to_string(version.state)},
          {"agent", agent_json(version.agent)},
          {"revision", version.revision},
          {"note", version.note},
          {"createdAt", time_json(version.created)},
          {"createdBy", or_null(version.created_by)},
          {"updatedAt", time_json(version.updated)},
          {"publishedAt", time_json(version.published)},
          {"publishedBy", or_null(version.published_by)},
          {"forcedReason", or_null(version.forced_reason)}};
}

Outcome one_version(const AgentVersion& version) { return Reply{.data = version_json(version)}; }
/// A draft's revision is what If-Match names.
Outcome one_draft(const AgentVersion& draft) {
  return Reply{.data = version_json(draft), .version = draft.revision};
}

business::AgentVersions& versions(Request& in) { return in.services.parts.agent_versions; }

Answer list_versions(Request& in) {
  auto page = in.query.integer("page", 1);
  auto limit = in.query.integer("limit", 50);
  return reply(versions(in).list(in.ctx, in.id<BusinessId>(), {page, limit, in.query.text("sort")}),
               [page, limit](const business::VersionList& list) -> Outcome {
                 json::array items;
                 for (auto& item : list.items) items.push_back(version_json(item));
                 return Reply{.data = std::move(items),
                              .pagination = page_of(page, limit, list.total)};
               });
}

Answer get_draft(Request& in) {
  auto reading = versions(in).draft(in.ctx, in.id<BusinessId>());
  auto draft = co_await std::move(reading);
  if (!draft) co_return refuse(draft.error(), "agent_draft");
  co_return one_draft(*draft);
}

/// The draft's revision that If-Match names; 0 without one.
asio::awaitable<std::expected<std::int64_t, Failure>> expected_revision(Request& in) {
  if (!in.has_if_match()) co_return 0;
  auto reading = versions(in).draft(in.ctx, in.id<BusinessId>());
  auto draft = co_await std::move(reading);
  if (!draft && draft.error().code != Errc::not_found) co_return refuse(draft.error());
  auto revision = draft ? draft->revision : 0;
  if (auto good = in.check_if_match(revision); !good) co_return std::unexpected(good.error());
  co_return revision;
}

Answer save_draft(Request& in) {
  auto checking = expected_revision(in);
  auto revision = co_await std::move(checking);
  if (!revision) co_return std::unexpected(revision.error());
  auto note = text_in(in.body, "note").value_or("");
  auto saving = save_agent_draft(in, std::move(note), *revision);
  auto saved = co_await std::move(saving);
  if (saved) co_return one_draft(*saved);
  if (saved.error().code == Errc::not_found) co_return refuse(saved.error(), "business");
  co_return refuse(saved.error());
}

Answer discard_draft(Request& in) {
  auto checking = expected_revision(in);
  auto revision = co_await std::move(checking);
  if (!revision) co_return std::unexpected(revision.error());
  auto discarding = versions(in).discard_draft(in.ctx, in.id<BusinessId>(), *revision);
  auto gone = co_await std::move(discarding);
  if (!gone) co_return refuse(gone.error(), "agent_draft");
  co_return Reply{.data = json::object{{"id", in.path("id")}}};
}

Answer publish(Request& in) {
  business::PublishRequest request;
  request.business = in.id<BusinessId>();
  request.number = integer_in(in.body, "version").value_or(0);
  request.forced_reason = text_in(in.body, "forceReason").value_or("");
  if (!request.forced_reason.empty() && !in.who.may("agents:force"))
    co_return refuse(403, "forbidden",
                     "You may publish what passed its scenarios, but not past them.");
  auto publishing = versions(in).publish(in.ctx, std::move(request));
  auto published = co_await std::move(publishing);
  if (!published && published.error().code == Errc::conflict)
    co_return refuse(409, "publishing_refused", failure_of(published.error()).message);
  if (!published) co_return refuse(published.error());
  co_return one_version(*published);
}

Answer roll_back(Request& in) {
  business::RollBackRequest request;
  request.business = in.id<BusinessId>();
  request.number = integer_in(in.body, "version").value_or(0);
  request.reason = text_in(in.body, "reason").value_or("");
  return reply(versions(in).roll_back(in.ctx, std::move(request)), one_version);
}

/// The business's version is the gate's.
Answer gate_reply(Request& in, Task<business::Gate> task) {
  auto gate = co_await std::move(task);
  if (!gate) co_return refuse(gate.error());
  auto looking = in.services.parts.businesses.get(in.ctx, in.id<BusinessId>());
  auto found = co_await std::move(looking);
  if (!found) co_return refuse(found.error());
  co_return Reply{.data = json::object{{"gate", to_string(*gate)}}, .version = (*found)->version};
}

Answer get_gate(Request& in) {
  return gate_reply(in, versions(in).gate(in.ctx, in.id<BusinessId>()));
}

Answer set_gate(Request& in) {
  auto looking = in.services.parts.businesses.get(in.ctx, in.id<BusinessId>());
  auto found = co_await std::move(looking);
  if (!found) co_return refuse(found.error());
  if (auto good = in.check_if_match((*found)->version); !good)
    co_return std::unexpected(good.error());
  auto gate =
      text_in(in.body, "gate") == "scenarios" ? business::Gate::scenarios : business::Gate::none;
  auto version = in.has_if_match() ? (*found)->version : 0;
  auto answering =
      gate_reply(in, versions(in).set_gate(in.ctx, in.id<BusinessId>(), gate, version));
  co_return co_await std::move(answering);
}

Route route(net::Method method, std::string path, std::string name, std::string summary,
            Schema response, Answer (*handler)(Request&)) {
  Route made;
  made.method = method;
  made.path = "/businesses/{id}/agent" + path;
  made.group = "agents";
  made.thing = "business";
  made.name = std::move(name);
  made.summary = std::move(summary);
  made.permission = method == net::Method::get ? "businesses:read" : "businesses:write";
  made.response = std::move(response);
  made.handler = handler;
  return made;
}

}  // namespace

Task<AgentVersion> save_agent_draft(Request& in, std::string note, std::int64_t revision) {
  if (auto good = check_tool_secrets(in.body); !good) co_return std::unexpected(good.error());
  auto business = in.id<BusinessId>();
  auto looking = in.services.parts.businesses.get(in.ctx, business);
  auto found = co_await std::move(looking);
  if (!found) co_return std::unexpected(found.error());
  auto changed = **found;
  auto reading = versions(in).draft(in.ctx, business);
  auto draft = co_await std::move(reading);
  if (!draft && draft.error().code != Errc::not_found) co_return std::unexpected(draft.error());
  if (draft) changed.agent = draft->agent;
  change_agent(changed, in.body, owntools::secret_key(in.services.parts.master));
  auto saving = versions(in).save_draft(in.ctx, business, std::move(changed.agent), std::move(note),
                                        revision);
  co_return co_await std::move(saving);
}

void add_agent_routes(RouteTable& table) {
  auto count = integer(0, INT64_MAX);
  table.define("AgentVersion",
               object({required("number", count),
                       required("state", choice({"draft", "published", "retired", "rolled_back"})),
                       required("agent", ref("Agent")), required("revision", count),
                       required("note", text(0, 500)), required("createdAt", date_time()),
                       required("createdBy", text().or_null()), required("updatedAt", date_time()),
                       required("publishedAt", date_time().or_null()),
                       required("publishedBy", text().or_null()),
                       required("forcedReason", text(0, 500).or_null())}));
  auto listing = route(net::Method::get, "/versions", "listAgentVersions",
                       "Every version of the agent, the newest first.",
                       list(ref("AgentVersion"), 200), list_versions);
  listing.query = page_parameters({"number"});
  listing.paging = Route::Paging::pages;
  table.add(std::move(listing));
  table.add(route(net::Method::get, "/draft", "getAgentDraft", "The draft, if there is one.",
                  ref("AgentVersion"), get_draft));
  auto drafting = route(net::Method::put, "/draft", "saveAgentDraft",
                        "Change the draft, or begin one from the agent in force; what is left out "
                        "stays.",
                        ref("AgentVersion"), save_draft);
  auto fields = agent_fields();
  fields.push_back(optional("note", line(0, 500)));
  drafting.body = BodyKind::json;
  drafting.request = object(std::move(fields));
  table.add(std::move(drafting));
  table.add(route(net::Method::delete_, "/draft", "discardAgentDraft", "Drop the draft.",
                  object({required("id", id("biz"))}), discard_draft));
  auto publishing = route(net::Method::post, "/publish", "publishAgent",
                          "Bring the draft into force. 409 while its scenarios do not pass, unless "
                          "a reason is given and the one who gives it may.",
                          ref("AgentVersion"), publish);
  publishing.body = BodyKind::json;
  publishing.request = object(
      {optional("version", integer(0, 1'000'000'000)), optional("forceReason", line(0, 500))});
  table.add(std::move(publishing));
  auto rolling = route(net::Method::post, "/rollback", "rollBackAgent",
                       "Bring an earlier version into force again: the one before, unless told.",
                       ref("AgentVersion"), roll_back);
  rolling.body = BodyKind::json;
  rolling.request =
      object({optional("version", integer(0, 1'000'000'000)), optional("reason", line(0, 500))});
  table.add(std::move(rolling));
  auto gate = object({required("gate", choice({"none", "scenarios"}))});
  table.add(route(net::Method::get, "/gate", "getAgentGate",
                  "What stands before publishing: nothing, or its scenarios.", gate, get_gate));
  auto setting = route(net::Method::put, "/gate", "setAgentGate",
                       "With scenarios, a change of the agent becomes a draft, which is published "
                       "once every required scenario of the business passes.",
                       gate, set_gate);
  setting.body = BodyKind::json;
  setting.request = gate;
  setting.permission = "agents:force";
  table.add(std::move(setting));
}

}  // namespace parley::api
