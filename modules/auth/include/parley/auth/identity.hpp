#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "parley/base/context.hpp"

namespace parley::auth {

using SessionId = Id<"sess">;

/// Who a bearer token speaks for, and what it may do.
struct Identity {
  OrganizationId organization;
  Principal principal;
  SessionId session;                ///< of a user's access token; empty for API keys
  std::vector<std::string> scopes;  ///< of an API key; empty: all that the role may do

  bool may(std::string_view permission) const;
};

/// What is known of the other side of a request.
struct ClientTrace {
  std::string remote_ip;
  std::string user_agent;
};

}  // namespace parley::auth
