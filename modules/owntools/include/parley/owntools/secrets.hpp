#pragma once
#include <string>
#include <string_view>

#include "parley/auth/master_key.hpp"
#include "parley/base/id.hpp"

namespace parley::owntools {

/// The key that secrets of own tools are sealed with.
auth::SecretKey secret_key(const auth::MasterKey& master);
/// As business::OwnTool::sealed_secret keeps it: it opens for that tool of that business only.
std::string seal_secret(const auth::SecretKey& key, const BusinessId& business,
                        std::string_view tool, std::string_view secret);

/// Whether a secret can be used: whsec_..., or a token of 8 to 500 visible ASCII characters.
/// Errors: invalid.
Result<void> check_secret(std::string_view secret);

}  // namespace parley::owntools
