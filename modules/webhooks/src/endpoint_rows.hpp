#pragma once
#include "parley/webhooks/endpoints.hpp"

namespace parley::webhooks {

/// The event stream of an endpoint.
std::string endpoint_stream(const EndpointId& id);

/// All SQL on webhook_endpoints; each in the organization of the transaction.
struct EndpointRows {
  static Result<std::int64_t> count(store::Tx& tx);
  static Result<void> insert(store::Tx& tx, const Endpoint& endpoint, const std::string& sealed);
  static Result<std::vector<Endpoint>> list(store::Tx& tx);
  static Result<Endpoint> get(store::Tx& tx, const EndpointId& id);
  /// For a transaction that is read_committed() and goes on to change it.
  static Result<Endpoint> locked(store::Tx& tx, const EndpointId& id);
  static Result<void> update(store::Tx& tx, const Endpoint& endpoint);
  /// With deliveries and attempts.
  static Result<void> remove(store::Tx& tx, const EndpointId& id);
  static Result<void> rotate(store::Tx& tx, const EndpointId& id, const std::string& sealed,
                             WallTime old_until);
  static Result<std::vector<std::string>> sealed_secrets(store::Tx& tx, const EndpointId& id);
  static Result<void> set_failing_since(store::Tx& tx, const EndpointId& id,
                                        std::optional<WallTime> since);
  static Result<void> disable(store::Tx& tx, const EndpointId& id, std::string_view reason);
};

}  // namespace parley::webhooks
