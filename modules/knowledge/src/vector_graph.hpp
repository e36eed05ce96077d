#pragma once
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "vector_block.hpp"

namespace parley::knowledge {

/// Where a passage is: its block and its place there.
struct PassagePlace {
  const VectorBlock* block;
  std::uint32_t passage;
};

/// How a graph is made.
struct GraphMaking {
  std::size_t threads = 1;
  /// Asked now and then: true gives up, and the graph is null.
  std::function<bool()> stop = {};
};

/// Approximate nearest neighbours over many blocks (HNSW). Never changes once made; what came
/// after it is searched exactly, what went is filtered out by the caller.
class VectorGraph {
 public:
  using Blocks = std::vector<std::shared_ptr<const VectorBlock>>;
  /// All of one size. Takes some tenths of a millisecond per passage: on a worker pool.
  static std::shared_ptr<const VectorGraph> build(Blocks blocks, const GraphMaking& making = {});
  virtual ~VectorGraph() = default;

  virtual bool covers(const VectorBlock* block) const = 0;
  virtual std::size_t passages() const = 0;
  /// About `limit` nearest, best first, with their cosine. Empty when the query has another size.
  virtual std::vector<std::pair<float, PassagePlace>> nearest(const ByteVector& query,
                                                              std::size_t limit) const = 0;
  virtual std::size_t size_bytes() const = 0;
};

}  // namespace parley::knowledge
