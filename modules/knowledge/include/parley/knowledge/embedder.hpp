#pragma once
#include <memory>
#include <string>
#include <vector>

#include "parley/base/context.hpp"
#include "parley/base/worker_pool.hpp"

namespace parley::knowledge {

/// A direction: what a text is about. Texts that mean the same point the same way.
using Vector = std::vector<float>;

/// Turns texts into vectors. Thread-safe.
class Embedder {
 public:
  virtual ~Embedder() = default;
  /// Kept with every vector it made: vectors of different names are never compared, and what was
  /// made under another name is made again. So it tells vendor, model and size.
  virtual const std::string& name() const noexcept = 0;
  /// Of every vector.
  virtual std::size_t dimensions() const noexcept = 0;
  /// Texts one call may carry.
  virtual std::size_t max_batch() const noexcept = 0;
  /// One for each text, in the order of the texts. Errors: invalid (none, too many, an empty one),
  /// unavailable, timeout, rate_limited (the service is away or busy), forbidden (its key), corrupt
  /// (vectors of another number or size).
  virtual Task<std::vector<Vector>> embed(Context ctx, std::vector<std::string> texts) = 0;
};

/// Hashed stems and letter trigrams, 256 dimensions: needs no model and no network, knows words and
/// their misspellings but no meanings. Computes on `pool`, which outlives it.
std::unique_ptr<Embedder> make_builtin_embedder(WorkerPool& pool);

}  // namespace parley::knowledge
