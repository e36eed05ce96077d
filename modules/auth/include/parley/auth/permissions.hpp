#pragma once
#include <span>
#include <string_view>

#include "parley/base/context.hpp"

namespace parley::auth {

/// Every permission there is, "<thing>:<action>". A route asks for one of them; an API key's scopes
/// are a subset.
std::span<const std::string_view> permissions() noexcept;
bool is_permission(std::string_view permission) noexcept;

/// The one table of who may do what. Unknown permissions are refused to everyone.
bool role_may(Role role, std::string_view permission) noexcept;

}  // namespace parley::auth
