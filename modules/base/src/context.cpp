#include "parley/base/context.hpp"

#include <array>

namespace parley {

namespace {
constexpr std::array<std::string_view, 5> role_names{"viewer", "closer", "operator", "admin",
                                                     "owner"};
}

std::string_view to_string(Role role) noexcept {
  return role_names[static_cast<std::size_t>(role)];
}

Result<Role> parse_role(std::string_view text) {
  for (std::size_t i = 0; i < role_names.size(); ++i)
    if (role_names[i] == text) return static_cast<Role>(i);
  return fail(Errc::invalid, "role must be owner, admin, operator, closer or viewer");
}

}  // namespace parley
