#pragma once
#include "parley/net/router.hpp"

namespace parley::gateway {

/// The API's older names as routes of the same server: each is answered by the route of its new
/// name, or, as long as that does not exist, by a 404 that says the new name.
void mount_older_names(net::Router& router);

}  // namespace parley::gateway
