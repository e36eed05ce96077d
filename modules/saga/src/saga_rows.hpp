#pragma once
// All SQL about sagas. Each function is part of its caller's transaction.
#include "parley/saga/saga.hpp"

namespace parley::saga {

/// A saga as its worker has it.
struct Held {
  SagaView view;
  std::int64_t fence = 0;
  std::vector<bool> uncertain;  ///< of each step: an attempt may have had its effect
};

/// False: there is one with that key, and `id` becomes its id.
Result<bool> insert_saga(store::Tx& tx, const NewSaga& saga, std::span<const Step> steps,
                         SagaId& id);
/// Within the transaction's organization, if it has one.
Result<SagaView> load_saga(store::Tx& tx, const SagaId& id);
Result<std::vector<SagaView>> load_open(store::Tx& tx, const SagaId& after, std::size_t limit);

/// Of the transaction's organization.
Result<store::Listed<SagaView>> list_sagas(store::Tx& tx, const SagaFilter& filter);

/// The next fence: what an earlier worker still writes is refused. Nothing when it has ended.
Result<std::optional<Held>> take_up(store::Tx& tx, const SagaId& id);

/// Writes status, step, error and one step. Errors: conflict, when another worker has taken it up.
Result<void> save(store::Tx& tx, const Held& held, std::size_t changed);

/// A stuck one as it was before, with new attempts. Errors: not_found, conflict.
Result<void> unstick(store::Tx& tx, const SagaId& id);

}  // namespace parley::saga
