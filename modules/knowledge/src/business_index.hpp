#pragma once
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "merged_words.hpp"
#include "parley/knowledge/vector_index.hpp"
#include "segment.hpp"
#include "vector_columns.hpp"

namespace parley::knowledge {

/// The passages of one business as they stood at one version of its knowledge. Immutable and
/// thread-safe; searching computes, so it belongs on a worker pool.
class BusinessIndex {
 public:
  using Segments = std::vector<std::shared_ptr<const Segment>>;

  /// What makes searches of many passages quick. May be of an earlier version, or absent.
  struct Speedup {
    std::shared_ptr<const VectorColumns> vectors;
    std::shared_ptr<const MergedWords> words;
  };
  /// Computes, some microseconds a passage. Nothing when it was told to stop.
  static std::optional<Speedup> make_speedup(const Segments& segments,
                                             const std::function<bool()>& stop = {});

  BusinessIndex(std::int64_t version, Segments segments, Speedup speedup = {});

  struct Hit {
    ChunkId id;
    DocumentId document;
    double score;    ///< fused, 0..1, comparable inside one result
    double lexical;  ///< BM25
  };
  /// Best first, at most `limit`; passages that share nothing with the question are left out.
  /// `matches` are what an embedder finds near to the question; without any the built-in embedding
  /// takes its place.
  std::vector<Hit> search(std::string_view query, std::size_t limit,
                          std::span<const VectorMatch> matches = {}) const;

  /// The passage of a hit, where it is in memory.
  struct Said {
    const Segment* segment;
    const Segment::Said* said;
  };
  std::optional<Said> said(const Hit& hit) const;

  std::int64_t version() const noexcept { return version_; }
  const Segments& segments() const noexcept { return segments_; }
  const Speedup& speedup() const noexcept { return speedup_; }
  std::size_t passages() const noexcept { return passages_; }
  std::size_t size_bytes() const noexcept { return size_bytes_; }
  /// More passages than this outside of it are worth a new one.
  bool wants_speedup(std::size_t threshold) const;

 private:
  struct Candidates;
  struct Ranked;

  void number_places();
  std::vector<QueryTerm> resolve(std::vector<QueryTerm> terms) const;
  void replace_unknown(const QueryTerm& term, std::vector<QueryTerm>& out) const;
  double rarity(std::string_view term) const;
  void score_words(const std::vector<QueryTerm>& terms, Candidates& candidates) const;
  void score_vectors(const std::vector<QueryTerm>& terms, Candidates& candidates) const;
  void score_matches(std::span<const VectorMatch> matches, Candidates& candidates) const;
  Hit hit_at(const Ranked& ranked) const;

  std::int64_t version_;
  Segments segments_;
  Speedup speedup_;
  std::size_t passages_ = 0;
  // Every passage has a place: those of the merged words first, then the other segments'.
  struct Placed {
    std::uint32_t start;
    const Segment* segment;
  };
  std::vector<Placed> placed_;      ///< in order of start
  std::vector<Placed> not_merged_;  ///< those whose words are looked up one by one
  std::vector<std::pair<std::uint32_t, std::uint32_t>> gone_;  ///< merged, but no longer there
  std::uint32_t places_ = 0;
  std::unordered_map<const VectorBlock*, std::uint32_t> starts_;
  std::unordered_map<std::string_view, Placed> documents_;
  double average_length_ = 1;
  std::size_t size_bytes_ = 0;
};

}  // namespace parley::knowledge
