#pragma once
#include <memory>
#include <utility>
#include <vector>

#include "segment.hpp"

namespace parley::knowledge {

/// Where a passage is: its segment and its place there.
struct PassagePlace {
  const Segment* segment;
  std::uint32_t passage;
};

/// Approximate nearest neighbours over many segments (HNSW). Never changes once made; what came
/// after it is searched exactly, what went is filtered out by the caller.
class VectorGraph {
 public:
  /// Takes about a millisecond per passage or less: on a worker pool.
  static std::shared_ptr<const VectorGraph> build(
      std::vector<std::shared_ptr<const Segment>> segments);
  virtual ~VectorGraph() = default;

  virtual bool covers(const Segment* segment) const = 0;
  virtual std::size_t passages() const = 0;
  /// About `limit` nearest, best first, with their cosine.
  virtual std::vector<std::pair<float, PassagePlace>> nearest(const Embedding& query,
                                                              std::size_t limit) const = 0;
  virtual std::size_t size_bytes() const = 0;
};

}  // namespace parley::knowledge
