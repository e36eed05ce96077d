#pragma once
#include "parley/business/businesses.hpp"

namespace parley::business {

Result<void> insert_profile(store::Tx& tx, const Profile& profile);
/// Replaces the stored profile and raises its version in place.
/// Errors: conflict when the stored version is not profile.version.
Result<void> save_profile(store::Tx& tx, Profile& profile);
/// Newest last. `total` counts all of the organization's.
Result<std::vector<Profile>> list_profiles(store::Tx& tx, const OrganizationId& organization,
                                           Page page, std::int64_t& total);
/// Of whatever organization.
Result<Profile> profile_of_number(store::Tx& tx, const std::string& number);

/// Errors: invalid for a page that no list has.
Result<void> check_page(Page page);

}  // namespace parley::business
