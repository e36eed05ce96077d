#pragma once
#include <memory>

#include "parley/knowledge/vector_index.hpp"
#include "parley/store/database.hpp"

namespace parley::providers::pgvector {

/// Vectors in a PostgreSQL with the extension pgvector: our own database, or another one. A table
/// for each embedder, made when it is first used, with an HNSW index up to 2,000 dimensions, which
/// is as far as pgvector's go; above that every query compares all of the business. The database's
/// user must be allowed to create tables and, if the extension is not there yet, extensions.
/// Errors besides the port's: unsupported (the server has no pgvector). `database` outlives it.
std::unique_ptr<knowledge::VectorIndex> make_vectors(store::Database& database,
                                                     knowledge::VectorSpace space);

}  // namespace parley::providers::pgvector
