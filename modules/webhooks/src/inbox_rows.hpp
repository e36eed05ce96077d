#pragma once
#include "parley/webhooks/inbox.hpp"

namespace parley::webhooks {

/// All SQL on the tables inbox and inbox_order; each in the organization of the transaction.
struct InboxRows {
  /// False: that event is there already, and its repeats are counted.
  static Result<bool> insert(store::Tx& tx, const InboxId& id, const NewReceived& event);
  static Result<InboxId> find(store::Tx& tx, const NewReceived& event);
  static Result<Received> get(store::Tx& tx, const InboxId& id);
  static Result<Inbox::Page> list(store::Tx& tx, const Inbox::Filter& filter);
  /// Which job may process it.
  static Result<std::string> job_of(store::Tx& tx, const InboxId& id);
  static Result<void> set_job(store::Tx& tx, const InboxId& id, const JobId& job);
  static Result<void> set_processed(store::Tx& tx, const InboxId& id, InboxStatus status,
                                    std::int64_t attempts);
  /// Only while it waits and `job` is the one for it.
  static Result<void> set_failed(store::Tx& tx, const InboxId& id, const JobId& job,
                                 InboxStatus status, std::int64_t attempts,
                                 const std::string& reason);
  /// A few at a time, as new ones come.
  static Result<void> remove_before(store::Tx& tx, WallTime when);
};

}  // namespace parley::webhooks
