#pragma once
#include <functional>
#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

#include "vector_block.hpp"
#include "vector_graph.hpp"

namespace parley::knowledge {

/// The vectors of many blocks once more, dimension by dimension. The direction of a question is
/// zero in most dimensions of the built-in embedding (each word touches a few), and only the others
/// are read: comparing all is then quicker than a graph, exact, and made in a moment. Never changes
/// once made; what came after it is compared apart, what went is filtered out by the caller.
class VectorColumns {
 public:
  using Blocks = std::vector<std::shared_ptr<const VectorBlock>>;
  /// All of one size. `stop` is asked now and then: true gives up, and null is returned.
  static std::shared_ptr<const VectorColumns> build(Blocks blocks,
                                                    const std::function<bool()>& stop = {});

  bool covers(const VectorBlock* block) const { return covered_.contains(block); }
  std::size_t passages() const noexcept { return inverse_lengths_.size(); }
  /// The `limit` nearest, best first, with their cosine. Empty when the query has another size.
  std::vector<std::pair<float, PassagePlace>> nearest(const ByteVector& query,
                                                      std::size_t limit) const;
  std::size_t size_bytes() const noexcept;

 private:
  struct Start {
    std::size_t passage;
    const VectorBlock* block;
  };
  VectorColumns() = default;

  Blocks blocks_;
  std::unordered_set<const VectorBlock*> covered_;
  std::vector<Start> starts_;  ///< in order
  std::size_t dimensions_ = 0;
  /// A few thousand passages after another: their first components, then their second ones, ...
  std::vector<std::int8_t> stripes_;
  std::vector<float> inverse_lengths_;
};

}  // namespace parley::knowledge
