#pragma once
#include "parley/business/business.hpp"
#include "parley/store/database.hpp"

namespace parley::business {

/// The numbers that ring for a business, the longest ringing first.
Result<std::vector<std::string>> numbers_of(store::Tx& tx, const OrganizationId& organization,
                                            const BusinessId& id);

/// Lets `number` (E.164) ring for `profile` too; nothing when it does. A change raises the
/// profile's version and appends `number.assigned`. Errors: conflict when it rings for another
/// business (of any organization), invalid beyond 100.
Result<void> add_number(store::Tx& tx, Profile& profile, const std::string& number);

/// Lets exactly `wanted` (E.164) ring for `profile`: those left out are free again, each with a
/// `number.released`; the rest as add_number.
Result<void> replace_numbers(store::Tx& tx, Profile& profile,
                             const std::vector<std::string>& wanted);

}  // namespace parley::business
