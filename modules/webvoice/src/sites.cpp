#include "parley/webvoice/sites.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "parley/base/strings.hpp"
#include "parley/business/businesses.hpp"

namespace parley::webvoice {

Result<std::string> normalize_origin(std::string_view text) {
  auto wrong = [&] {
    return fail(Errc::invalid,
                "an origin is a scheme, a host and at most a port, such as "
                "https://www.example.com");
  };
  constexpr std::size_t longest = 300;
  if (text.size() > longest) return wrong();
  auto parsed = boost::urls::parse_uri(text);
  if (!parsed) return wrong();
  auto& url = *parsed;
  bool plain = url.encoded_path().empty() || url.encoded_path() == "/";
  if (!plain || url.has_query() || url.has_fragment() || url.has_userinfo() ||
      url.encoded_host().empty())
    return wrong();
  auto scheme = to_lower(std::string_view(url.scheme()));
  if (scheme != "https" && scheme != "http") return wrong();
  auto origin = scheme + "://" + to_lower(std::string_view(url.encoded_host()));
  auto port = std::string(std::string_view(url.port()));
  if (!port.empty() && port != (scheme == "https" ? "443" : "80")) origin += ":" + port;
  return origin;
}

namespace {

Result<void> read_origins(store::Tx& tx, Site& site) {
  auto rows = tx.query("SELECT origin FROM web_voice_origins WHERE business_id = ?1 ORDER BY place",
                       {site.business});
  if (!rows) return std::unexpected(rows.error());
  for (auto& row : *rows) site.origins.push_back(row.text("origin"));
  return {};
}

Result<Site> read(store::Tx& tx, const store::Row& row) {
  Site site;
  site.organization = row.id<OrganizationId>("organization_id");
  site.business = row.id<BusinessId>("business_id");
  site.key = row.text("widget_key");
  site.enabled = row.integer("enabled") != 0;
  site.version = row.integer("version");
  if (auto read = read_origins(tx, site); !read) return std::unexpected(read.error());
  return site;
}

/// Of a business that exists: what is stored, or the site of one that never set anything.
Result<Site> site_of(store::Tx& tx, const OrganizationId& organization, const BusinessId& id) {
  auto profile = business::load_profile(tx, organization, id);
  if (!profile) return std::unexpected(profile.error());
  auto row = tx.one("SELECT * FROM web_voice_sites WHERE organization_id = ?1 AND business_id = ?2",
                    {organization, id});
  if (row) return read(tx, *row);
  if (row.error().code != Errc::not_found) return std::unexpected(row.error());
  Site none;
  none.organization = organization;
  none.business = id;
  return none;
}

Result<Site> write(store::Tx& tx, Site site) {
  ++site.version;
  auto stored = tx.execute(
      "INSERT INTO web_voice_sites (business_id, organization_id, widget_key, enabled, version, "
      "updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (business_id) DO UPDATE SET "
      "widget_key = ?3, enabled = ?4, version = ?5, updated_at = ?6",
      {site.business, site.organization, site.key, std::int64_t{site.enabled ? 1 : 0}, site.version,
       tx.now()});
  if (!stored) return std::unexpected(stored.error());
  auto emptied =
      tx.execute("DELETE FROM web_voice_origins WHERE business_id = ?1", {site.business});
  if (!emptied) return std::unexpected(emptied.error());
  for (std::int64_t place = 0; auto& origin : site.origins) {
    auto added =
        tx.execute("INSERT INTO web_voice_origins (business_id, origin, place) VALUES (?1, ?2, ?3)",
                   {site.business, origin, place++});
    if (!added) return std::unexpected(added.error());
  }
  store::NewEvent event{"web_voice.changed",
                        {{"businessId", site.business.str()},
                         {"enabled", site.enabled},
                         {"origins", json::value_from(site.origins)}}};
  auto appended = tx.append("web_voice/" + site.business.str(), std::move(event));
  if (!appended) return std::unexpected(appended.error());
  return site;
}

class StoredSites final : public Sites {
 public:
  StoredSites(store::Database& database, Random& random) : database_(database), random_(random) {}

  Task<Site> get(Context ctx, BusinessId business) override {
    auto look = [organization = ctx.organization, business](store::Tx& tx) {
      return site_of(tx, organization, business);
    };
    auto reading = database_.read(std::move(ctx), std::move(look));
    co_return co_await std::move(reading);
  }

  Task<Site> update(Context ctx, Site changed, std::int64_t expected_version) override {
    if (changed.origins.size() > most_origins) co_return fail(Errc::invalid, "at most 50 origins");
    std::vector<std::string> origins;
    for (auto& text : changed.origins) {
      auto origin = normalize_origin(text);
      if (!origin) co_return fail(Errc::invalid, text + ": " + origin.error().detail);
      if (std::ranges::find(origins, *origin) == origins.end()) origins.push_back(*origin);
    }
    changed.origins = std::move(origins);
    auto fresh = new_key();
    auto change = [organization = ctx.organization, changed, expected_version,
                   fresh](store::Tx& tx) -> Result<Site> {
      auto site = site_of(tx, organization, changed.business);
      if (!site) return site;
      if (expected_version != 0 && site->version != expected_version)
        return fail(Errc::conflict, "the settings were changed meanwhile");
      if (site->key.empty()) site->key = fresh;
      site->enabled = changed.enabled;
      site->origins = changed.origins;
      return write(tx, std::move(*site));
    };
    auto writing = database_.write(std::move(ctx), std::move(change));
    co_return co_await std::move(writing);
  }

  Task<Site> renew_key(Context ctx, BusinessId business) override {
    auto fresh = new_key();
    auto change = [organization = ctx.organization, business,
                   fresh](store::Tx& tx) -> Result<Site> {
      auto site = site_of(tx, organization, business);
      if (!site) return site;
      site->key = fresh;
      return write(tx, std::move(*site));
    };
    auto writing = database_.write(std::move(ctx), std::move(change));
    co_return co_await std::move(writing);
  }

  Task<Site> find(Context ctx, std::string business_or_key) override {
    auto look = [business_or_key](store::Tx& tx) -> Result<Site> {
      auto row = tx.one(
          "SELECT * FROM web_voice_sites WHERE (business_id = ?1 OR widget_key = ?1) AND "
          "enabled = 1",
          {business_or_key});
      if (!row) return std::unexpected(row.error());
      return read(tx, *row);
    };
    auto reading = database_.read(std::move(ctx), std::move(look));
    co_return co_await std::move(reading);
  }

  Task<bool> knows_origin(Context ctx, std::string origin) override {
    auto look = [origin](store::Tx& tx) -> Result<bool> {
      auto row = tx.one(
          "SELECT 1 AS found FROM web_voice_origins o JOIN web_voice_sites s ON "
          "s.business_id = o.business_id WHERE o.origin = ?1 AND s.enabled = 1 LIMIT 1",
          {origin});
      if (row) return true;
      if (row.error().code == Errc::not_found) return false;
      return std::unexpected(row.error());
    };
    auto reading = database_.read(std::move(ctx), std::move(look));
    co_return co_await std::move(reading);
  }

 private:
  std::string new_key() { return "wk_" + random_.token(18); }
  store::Database& database_;
  Random& random_;
};

}  // namespace

std::unique_ptr<Sites> make_sites(store::Database& database, Random& random) {
  return std::make_unique<StoredSites>(database, random);
}

}  // namespace parley::webvoice
