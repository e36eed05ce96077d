#pragma once
#include "parley/knowledge/vector_index.hpp"
#include "parley/store/tx.hpp"

namespace parley::knowledge::rows {

// SQL of the vectors that our own database keeps, bound to the organization of the transaction.

/// Whose vectors: of one business, made by one embedder.
struct VectorOwner {
  BusinessId business;
  std::string space;
};
/// One document's vectors, as far as a catalog says.
struct VectorDocument {
  DocumentId id;
  std::int64_t revision = 0;
  std::int64_t passages = 0;
};
struct VectorCatalog {
  std::int64_t version = 0;
  std::vector<VectorDocument> documents;
};

Result<void> put_vectors(store::Tx& tx, const VectorOwner& owner,
                         const std::vector<VectorEntry>& entries);
Result<void> erase_vectors(store::Tx& tx, const VectorOwner& owner, const DocumentId& document);
Result<std::int64_t> count_vectors(store::Tx& tx, const VectorOwner& owner);
/// 0 before the first.
Result<std::int64_t> vector_version(store::Tx& tx, const VectorOwner& owner);
Result<VectorCatalog> vector_catalog(store::Tx& tx, const VectorOwner& owner);
/// In order of id. Errors: corrupt (a vector of another size).
Result<std::vector<VectorEntry>> vectors_of(store::Tx& tx, const VectorOwner& owner,
                                            const DocumentId& document, std::size_t dimensions);

}  // namespace parley::knowledge::rows
