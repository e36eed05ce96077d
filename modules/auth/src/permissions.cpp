#include "parley/auth/permissions.hpp"

#include <algorithm>
#include <array>

namespace parley::auth {

namespace {

/// One row for each permission: viewer, closer, operator, admin, owner.
struct Row {
  std::string_view permission;
  std::array<bool, 5> allowed;
};

constexpr std::array everyone{true, true, true, true, true};
constexpr std::array from_closer{false, true, true, true, true};
constexpr std::array from_operator{false, false, true, true, true};
constexpr std::array from_admin{false, false, false, true, true};

constexpr std::array table{
    Row{"profile:read", everyone},         Row{"profile:write", everyone},
    Row{"users:read", from_admin},         Row{"users:write", from_admin},
    Row{"api_keys:read", from_admin},      Row{"api_keys:write", from_admin},
    Row{"businesses:read", everyone},      Row{"businesses:write", from_operator},
    Row{"numbers:write", from_admin},      Row{"documents:read", everyone},
    Row{"documents:write", from_operator}, Row{"knowledge:read", everyone},
    Row{"appointments:read", everyone},    Row{"appointments:write", from_closer},
    Row{"calls:read", everyone},           Row{"calls:write", from_closer},
    Row{"recordings:read", from_closer},   Row{"messages:read", everyone},
    Row{"events:read", from_admin},        Row{"metrics:read", from_admin},
    Row{"webhooks:read", from_admin},      Row{"webhooks:write", from_admin},
    Row{"integration:read", from_admin},   Row{"integration:write", from_admin},
    Row{"gateway:read", from_admin},       Row{"gateway:write", from_admin},
    Row{"gateway:use", everyone},          Row{"jobs:read", from_admin},
    Row{"jobs:write", from_admin},         Row{"evals:read", everyone},
    Row{"evals:write", from_operator},     Row{"agents:force", from_admin},
};

constexpr auto names = [] {
  std::array<std::string_view, table.size()> all{};
  for (std::size_t i = 0; i < table.size(); ++i) all[i] = table[i].permission;
  return all;
}();

const Row* find(std::string_view permission) noexcept {
  auto found = std::ranges::find(table, permission, &Row::permission);
  return found == table.end() ? nullptr : &*found;
}

}  // namespace

std::span<const std::string_view> permissions() noexcept { return names; }

bool is_permission(std::string_view permission) noexcept { return find(permission) != nullptr; }

bool role_may(Role role, std::string_view permission) noexcept {
  auto* row = find(permission);
  return row && row->allowed[static_cast<std::size_t>(role)];
}

}  // namespace parley::auth
