#include "number_rows.hpp"

#include <algorithm>

#include "profile_rows.hpp"

namespace parley::business {

namespace {

constexpr std::size_t max_numbers = 100;

using Numbers = std::vector<std::string>;

bool holds(const Numbers& numbers, const std::string& number) {
  return std::ranges::find(numbers, number) != numbers.end();
}

Result<void> record(store::Tx& tx, const Profile& profile, std::string type,
                    const std::string& number) {
  json::object data{{"business", profile.id.str()}, {"number", number}};
  auto appended = tx.append(profile.id.str(), {std::move(type), std::move(data)});
  if (!appended) return std::unexpected(appended.error());
  return {};
}

Result<void> insert(store::Tx& tx, const Profile& profile, const std::string& number) {
  auto done = tx.execute(
      "INSERT INTO business_numbers (number, organization_id, business_id, assigned_at) "
      "VALUES (?1, ?2, ?3, ?4) ON CONFLICT (number) DO NOTHING",
      {number, profile.organization, profile.id, tx.now()});
  if (!done) return std::unexpected(done.error());
  if (*done == 0) return fail(Errc::conflict, "the number rings for another business");
  return record(tx, profile, "number.assigned", number);
}

Result<void> erase(store::Tx& tx, const Profile& profile, const std::string& number) {
  auto done = tx.execute(
      "DELETE FROM business_numbers WHERE number = ?1 AND organization_id = ?2 AND "
      "business_id = ?3",
      {number, profile.organization, profile.id});
  if (!done) return std::unexpected(done.error());
  return record(tx, profile, "number.released", number);
}

/// `current` becomes `wanted`. The profile shows one of its numbers, so its version goes up.
Result<void> settle(store::Tx& tx, Profile& profile, const Numbers& current,
                    const Numbers& wanted) {
  if (wanted.size() > max_numbers)
    return fail(Errc::invalid, "numbers: a business has at most 100");
  bool changed = false;
  for (const auto& number : current) {
    if (holds(wanted, number)) continue;
    if (auto done = erase(tx, profile, number); !done) return done;
    changed = true;
  }
  for (const auto& number : wanted) {
    if (holds(current, number)) continue;
    if (auto done = insert(tx, profile, number); !done) return done;
    changed = true;
  }
  if (!changed) return {};
  return save_profile(tx, profile);
}

}  // namespace

Result<Numbers> numbers_of(store::Tx& tx, const OrganizationId& organization,
                           const BusinessId& id) {
  auto rows = tx.query(
      "SELECT number FROM business_numbers WHERE organization_id = ?1 AND business_id = ?2 "
      "ORDER BY assigned_at, number",
      {organization, id});
  if (!rows) return std::unexpected(rows.error());
  Numbers numbers;
  for (const auto& row : *rows) numbers.push_back(row.text("number"));
  return numbers;
}

Result<void> add_number(store::Tx& tx, Profile& profile, const std::string& number) {
  auto current = numbers_of(tx, profile.organization, profile.id);
  if (!current) return std::unexpected(current.error());
  auto wanted = *current;
  if (!holds(wanted, number)) wanted.push_back(number);
  return settle(tx, profile, *current, wanted);
}

Result<void> replace_numbers(store::Tx& tx, Profile& profile, const Numbers& wanted) {
  auto current = numbers_of(tx, profile.organization, profile.id);
  if (!current) return std::unexpected(current.error());
  return settle(tx, profile, *current, wanted);
}

}  // namespace parley::business
