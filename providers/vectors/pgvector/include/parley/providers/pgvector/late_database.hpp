#pragma once
#include <memory>

#include "parley/base/worker_pool.hpp"
#include "parley/store/database.hpp"

namespace parley::providers::pgvector {

/// A PostgreSQL that is opened when it is first needed, so that one that is away delays nobody's
/// start. Until it is there transactions are refused with `unavailable`: one at a time looks for
/// it, on `pool`, the others at once. `clock` and `pool` outlive it. Errors: invalid (the address).
Result<std::unique_ptr<store::Database>> open_late(Clock& clock, WorkerPool& pool,
                                                   store::PostgresOptions options);

}  // namespace parley::providers::pgvector
