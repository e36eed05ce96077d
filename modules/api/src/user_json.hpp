#pragma once
#include "route.hpp"

namespace parley::api {

json::object user_json(const auth::User& user);
/// 429: too many wrong passwords.
std::unexpected<Failure> locked(const auth::TryLater& later);

}  // namespace parley::api
