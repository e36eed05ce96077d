#pragma once
#include <string>
#include <vector>

#include "parley/base/id.hpp"
#include "parley/store/tx.hpp"

namespace parley::knowledge::rows {

// SQL of what stands in the store of vectors, and what should. Looking for work sees all
// organizations; the rest is bound to that of the transaction.

/// Which embedder's vectors are to be in which store.
struct VectorTarget {
  std::string space;
  std::string store;
};
/// A document whose vectors are not what they should be.
struct VectorWork {
  DocumentId document;
  OrganizationId organization;
  BusinessId business;
  std::int64_t passages_version = 0;  ///< to be written; 0: the document is gone
  std::int64_t attempts = 0;
};
struct PassageText {
  ChunkId id;
  std::string text;  ///< with its heading
};

Result<std::vector<VectorWork>> due_vectors(store::Tx& tx, const VectorTarget& target,
                                            std::size_t limit);
/// How many documents are not yet what they should be, those not due included.
Result<std::int64_t> vectors_behind(store::Tx& tx, const VectorTarget& target);
/// False when somebody else is at it.
Result<bool> claim_vectors(store::Tx& tx, const VectorWork& work, WallTime lease_until);
/// Empty when the document has changed.
Result<std::vector<PassageText>> passages_of(store::Tx& tx, const VectorWork& work);
Result<void> vectors_written(store::Tx& tx, const VectorWork& work, const VectorTarget& target);
Result<void> vectors_removed(store::Tx& tx, const VectorWork& work);
Result<void> defer_vectors(store::Tx& tx, const VectorWork& work, WallTime due);

}  // namespace parley::knowledge::rows
