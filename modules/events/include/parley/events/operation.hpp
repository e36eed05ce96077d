#pragma once
#include <string>
#include <vector>

#include "parley/events/subscriptions.hpp"

namespace parley::events {

/// What operators see of subscriptions and do to them, from any process on the same database. The
/// nodes notice within their poll.

struct KnownSubscription {
  SubscriptionStatus status;  ///< `lag` counts events of every type
  bool rebuildable = false;
  bool followed = false;  ///< a node has the lease now
};
/// Every subscription that ever followed the log, by name, also those nothing follows any more.
Result<std::vector<KnownSubscription>> known_subscriptions(store::Tx& tx);

/// A stopped one tries its event again, with all attempts. Errors: not_found, conflict (it is not
/// stopped).
Result<void> resume_subscription(store::Tx& tx, const std::string& subscription);
/// As Subscriptions::rebuild.
Result<void> request_rebuild(store::Tx& tx, const std::string& subscription);
/// Its place and its parked events go: one that nothing follows any more holds back what may be
/// removed from the log. What follows it later begins as a new one would: a projection's tables
/// would get everything a second time. Errors: not_found, conflict (a node follows it).
Result<void> forget_subscription(store::Tx& tx, const std::string& subscription);

}  // namespace parley::events
