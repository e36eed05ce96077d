#pragma once
#include "parley/webhooks/deliveries.hpp"

namespace parley::webhooks {

/// What an attempt needs to know of its delivery.
struct DeliveryState {
  Delivery delivery;
  std::string job_id;
  std::int64_t round_attempts = 0;  ///< since it was made or last replayed
};

/// All SQL on webhook_deliveries and webhook_attempts; each in the organization of the transaction.
struct DeliveryRows {
  /// False: that event has its delivery to that endpoint already.
  static Result<bool> insert(store::Tx& tx, const Delivery& delivery);
  static Result<DeliveryState> state(store::Tx& tx, const DeliveryId& id);
  /// For a transaction that is read_committed() and goes on to change it.
  static Result<DeliveryState> locked_state(store::Tx& tx, const DeliveryId& id);
  static Result<Deliveries::Page> list(store::Tx& tx, const Deliveries::Filter& filter);
  static Result<std::vector<DeliveryAttempt>> attempts(store::Tx& tx, const DeliveryId& id);
  /// The oldest first.
  static Result<std::vector<Delivery>> in_range(store::Tx& tx, const Deliveries::Range& range,
                                                std::int64_t limit);
  /// The one job that may act on it from here on.
  static Result<void> set_job(store::Tx& tx, const DeliveryId& id, const JobId& job, WallTime at);
  static Result<void> set_pending(store::Tx& tx, const DeliveryId& id);
  static Result<void> set_ended(store::Tx& tx, const DeliveryId& id, DeliveryStatus status,
                                std::string_view error);
  static Result<void> add_attempt(store::Tx& tx, const DeliveryId& id,
                                  const DeliveryAttempt& attempt);
  /// A few at a time, as new ones come.
  static Result<void> remove_before(store::Tx& tx, WallTime when);
};

}  // namespace parley::webhooks
