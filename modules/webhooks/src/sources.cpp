#include "parley/webhooks/sources.hpp"

#include <algorithm>

#include "parley/base/strings.hpp"

namespace parley::webhooks {

namespace {

bool is_name(std::string_view text) {
  auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= 63 && is_plain(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return is_plain(c) || c == '-' || c == '_'; });
}

Source read(const store::Row& row) {
  return {row.id<SourceId>("id"), row.id<OrganizationId>("organization_id"), row.text("name"),
          row.text("kind"), row.time("created_at")};
}

Result<void> check(const NewSource& request) {
  if (!is_name(request.name) || !is_name(request.kind))
    return fail(Errc::invalid, "a name is up to 63 lower-case letters, digits, - and _");
  auto length = request.secret.size();
  if (length != 0 && (length < 16 || length > 256))
    return fail(Errc::invalid, "a secret has 16 to 256 bytes");
  return {};
}

}  // namespace

Sources::Sources(Clock& clock, Random& random, store::Database& database,
                 const auth::MasterKey& master)
    : clock_(clock), random_(random), database_(database), key_(master.derive("webhook sources")) {}

Task<MadeSource> Sources::create(Context ctx, NewSource request) {
  if (auto good = check(request); !good) co_return std::unexpected(good.error());
  MadeSource made;
  made.secret = request.secret.empty() ? random_.token(32) : request.secret;
  auto& source = made.source;
  source.id = SourceId::make(clock_, random_);
  source.organization = ctx.organization;
  source.name = request.name;
  source.kind = request.kind;
  auto sealed = base64url_encode(as_bytes(auth::seal(key_, made.secret, source.id.str())));
  auto change = [&](store::Tx& tx) -> Result<void> {
    source.created = tx.now();
    auto count = tx.one("SELECT COUNT(*) AS many FROM inbox_sources WHERE organization_id = ?1",
                        {source.organization});
    if (!count) return std::unexpected(count.error());
    if (count->integer("many") >= max_sources)
      return fail(Errc::conflict, "an organization has at most 100 webhook sources");
    auto inserted = tx.execute(
        "INSERT INTO inbox_sources (id, organization_id, name, kind, sealed_secret, created_at) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (name) DO NOTHING",
        {source.id, source.organization, source.name, source.kind, sealed, source.created});
    if (!inserted) return std::unexpected(inserted.error());
    if (*inserted == 0) return fail(Errc::conflict, "that name is taken");
    auto noted = tx.append("webhook_source/" + source.id.str(),
                           {"webhook_source.created", {{"name", source.name}}});
    if (!noted) return std::unexpected(noted.error());
    return {};
  };
  auto stored = co_await database_.write(ctx, change);
  if (!stored) co_return std::unexpected(stored.error());
  co_return made;
}

Task<std::vector<Source>> Sources::list(Context ctx) {
  auto look = [](store::Tx& tx) -> Result<std::vector<Source>> {
    auto rows =
        tx.query("SELECT * FROM inbox_sources WHERE organization_id = ?1 ORDER BY id LIMIT ?2",
                 {tx.context().organization, max_sources});
    if (!rows) return std::unexpected(rows.error());
    std::vector<Source> sources;
    for (auto& row : *rows) sources.push_back(read(row));
    return sources;
  };
  co_return co_await database_.read(ctx, look);
}

Task<void> Sources::remove(Context ctx, SourceId id) {
  auto change = [&](store::Tx& tx) -> Result<void> {
    auto removed = tx.execute("DELETE FROM inbox_sources WHERE organization_id = ?1 AND id = ?2",
                              {tx.context().organization, id});
    if (!removed) return std::unexpected(removed.error());
    if (*removed == 0) return fail(Errc::not_found, "no such webhook source");
    auto noted = tx.append("webhook_source/" + id.str(), {"webhook_source.removed", {}});
    if (!noted) return std::unexpected(noted.error());
    return {};
  };
  co_return co_await database_.write(ctx, change);
}

Task<MadeSource> Sources::find(Context ctx, std::string name) {
  if (!is_name(name)) co_return fail(Errc::not_found, "no such webhook source");
  auto look = [&](store::Tx& tx) -> Result<MadeSource> {
    auto row = tx.one("SELECT * FROM inbox_sources WHERE name = ?1", {name});
    if (!row) return std::unexpected(row.error());
    MadeSource found{read(*row), {}};
    auto sealed = base64url_decode(row->text("sealed_secret"));
    if (!sealed) return fail(Errc::corrupt, "a webhook source's secret is not base64url");
    auto secret = auth::unseal(key_, as_text(*sealed), found.source.id.str());
    if (!secret) return std::unexpected(secret.error());
    found.secret = std::move(*secret);
    return found;
  };
  co_return co_await database_.read(ctx, look);
}

}  // namespace parley::webhooks
