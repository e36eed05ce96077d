#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "segment.hpp"
#include "vector_graph.hpp"

namespace parley::knowledge {

/// The passages of one business as they stood at one version of its knowledge. Immutable and
/// thread-safe; searching computes, so it belongs on a worker pool.
class BusinessIndex {
 public:
  using Segments = std::vector<std::shared_ptr<const Segment>>;

  /// The graph may be of an earlier version, or absent.
  BusinessIndex(std::int64_t version, Segments segments, std::shared_ptr<const VectorGraph> graph);

  struct Hit {
    ChunkId id;
    DocumentId document;
    double score;    ///< fused, 0..1, comparable inside one result
    double lexical;  ///< BM25
  };
  /// Best first, at most `limit`; passages that share nothing with the question are left out.
  std::vector<Hit> search(std::string_view query, std::size_t limit) const;

  std::int64_t version() const noexcept { return version_; }
  const Segments& segments() const noexcept { return segments_; }
  const std::shared_ptr<const VectorGraph>& graph() const noexcept { return graph_; }
  std::size_t passages() const noexcept { return passages_; }
  std::size_t size_bytes() const noexcept { return size_bytes_; }
  /// More passages than this outside the graph are worth a new graph.
  bool wants_graph(std::size_t threshold) const;

 private:
  struct Score {
    double lexical = 0;
    float similarity = 0;
  };
  struct Candidates;

  std::vector<QueryTerm> resolve(std::vector<QueryTerm> terms) const;
  void replace_unknown(const QueryTerm& term, std::vector<QueryTerm>& out) const;
  double rarity(std::string_view term) const;
  void score_words(const std::vector<QueryTerm>& terms, Candidates& candidates) const;
  void score_vectors(const std::vector<QueryTerm>& terms, Candidates& candidates) const;

  std::int64_t version_;
  Segments segments_;
  std::shared_ptr<const VectorGraph> graph_;
  std::size_t passages_ = 0;
  double average_length_ = 1;
  std::size_t size_bytes_ = 0;
};

}  // namespace parley::knowledge
