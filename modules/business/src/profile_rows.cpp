#include "profile_rows.hpp"

#include <array>

#include "parley/store/sort.hpp"
#include "profile_json.hpp"

namespace parley::business {

namespace {

constexpr std::string_view columns =
    "b.id AS id, b.organization_id AS organization_id, b.name AS name, b.profile AS profile, "
    "b.version AS version, (SELECT n.number FROM business_numbers n WHERE n.business_id = b.id "
    "ORDER BY n.assigned_at, n.number LIMIT 1) AS phone";

Profile from_row(const store::Row& row) {
  Profile profile;
  profile.id = row.id<BusinessId>("id");
  profile.organization = row.id<OrganizationId>("organization_id");
  profile.name = row.text("name");
  profile.phone = row.optional_text("phone").value_or("");
  profile.version = row.integer("version");
  profile_from_json(row.json("profile"), profile);
  return profile;
}

Result<Profile> one(store::Tx& tx, const std::string& sql, store::Params params) {
  auto row = tx.one(sql, std::move(params));
  if (!row && row.error().code == Errc::not_found) return fail(Errc::not_found, "no such business");
  if (!row) return std::unexpected(row.error());
  return from_row(*row);
}

}  // namespace

Result<Profile> load_profile(store::Tx& tx, const OrganizationId& organization,
                             const BusinessId& id) {
  static const std::string sql = "SELECT " + std::string(columns) +
                                 " FROM businesses b WHERE b.organization_id = ?1 AND b.id = ?2";
  return one(tx, sql, {organization, id});
}

Result<Profile> profile_of_number(store::Tx& tx, const std::string& number) {
  static const std::string sql = "SELECT " + std::string(columns) +
                                 " FROM businesses b JOIN business_numbers r "
                                 "ON r.business_id = b.id WHERE r.number = ?1";
  return one(tx, sql, {number});
}

Result<void> insert_profile(store::Tx& tx, const Profile& profile) {
  auto done = tx.execute(
      "INSERT INTO businesses (id, organization_id, name, profile, version, created_at, "
      "updated_at) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
      {profile.id, profile.organization, profile.name, json::serialize(profile_to_json(profile)),
       profile.version, tx.now()});
  if (!done) return std::unexpected(done.error());
  return {};
}

Result<void> save_profile(store::Tx& tx, Profile& profile) {
  auto changed = tx.execute(
      "UPDATE businesses SET name = ?1, profile = ?2, version = version + 1, updated_at = ?3 "
      "WHERE organization_id = ?4 AND id = ?5 AND version = ?6",
      {profile.name, json::serialize(profile_to_json(profile)), tx.now(), profile.organization,
       profile.id, profile.version});
  if (!changed) return std::unexpected(changed.error());
  if (*changed == 0) return fail(Errc::conflict, "the business was changed in the meantime");
  ++profile.version;
  return {};
}

Result<std::vector<Profile>> list_profiles(store::Tx& tx, const OrganizationId& organization,
                                           Page page, std::int64_t& total) {
  auto count =
      tx.one("SELECT COUNT(*) AS n FROM businesses WHERE organization_id = ?1", {organization});
  if (!count) return std::unexpected(count.error());
  total = count->integer("n");
  constexpr std::array fields{store::SortField{"createdAt", "b.created_at"},
                              store::SortField{"name", "b.name"}};
  auto order = store::order_by(page.sort, fields, "b.created_at, b.id", "b.id");
  if (!order) return std::unexpected(order.error());
  auto sql = "SELECT " + std::string(columns) + " FROM businesses b WHERE b.organization_id = ?1" +
             *order + " LIMIT ?2 OFFSET ?3";
  auto rows = tx.query(sql, {organization, page.limit, (page.number - 1) * page.limit});
  if (!rows) return std::unexpected(rows.error());
  std::vector<Profile> profiles;
  for (const auto& row : *rows) profiles.push_back(from_row(row));
  return profiles;
}

Result<void> check_page(Page page) {
  if (page.number < 1 || page.number > 1'000'000) return fail(Errc::invalid, "page: counts from 1");
  if (page.limit < 1 || page.limit > 500) return fail(Errc::invalid, "limit: must be 1 to 500");
  return {};
}

}  // namespace parley::business
