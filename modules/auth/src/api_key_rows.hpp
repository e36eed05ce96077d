#pragma once
#include "parley/auth/api_keys.hpp"
#include "parley/store/tx.hpp"

namespace parley::auth {

struct ApiKeyRow {
  ApiKey key;
  OrganizationId organization;
};

ApiKeyRow read_api_key(const store::Row& row);
/// Of whatever organization: the hash decides.
Result<std::optional<ApiKeyRow>> find_api_key(store::Tx& tx, const std::string& hash);
Result<void> touch_api_key(store::Tx& tx, const ApiKeyId& id);

}  // namespace parley::auth
