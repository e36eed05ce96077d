#pragma once
#include <functional>
#include <memory>
#include <unordered_set>
#include <vector>

#include "segment.hpp"

namespace parley::knowledge {

/// The words of many documents in one index. A question then looks each of its words up once
/// instead of once in every document, which is what a search of ten thousand documents would spend
/// its time on. Never changes once made, as VectorGraph.
class MergedWords {
 public:
  using Segments = std::vector<std::shared_ptr<const Segment>>;
  /// Some microseconds a passage: on a worker pool. Null when `stop` said so.
  static std::shared_ptr<const MergedWords> build(Segments segments,
                                                  const std::function<bool()>& stop = {});

  bool covers(const Segment* segment) const { return covered_.contains(segment); }
  /// Places count through these, in this order.
  const Segments& segments() const noexcept { return segments_; }
  std::uint32_t passages() const noexcept { return static_cast<std::uint32_t>(lengths_.size()); }
  float length(std::uint32_t place) const { return lengths_[place]; }

  /// In order of place, which stands in Posting::passage.
  std::span<const Segment::Posting> postings(std::string_view term) const;
  /// As Segment::similar_terms.
  template <class Visit>
  void similar_terms(std::uint64_t letters, int differences, Visit visit) const {
    for (std::size_t i = 0; i < letters_.size(); ++i)
      if (__builtin_popcountll(letters_[i] ^ letters) <= differences) visit(hashes_[i], texts_[i]);
  }
  std::size_t size_bytes() const noexcept;

 private:
  explicit MergedWords(Segments segments) : segments_(std::move(segments)) {}
  bool fill(const std::function<bool()>& stop);

  Segments segments_;
  std::unordered_set<const Segment*> covered_;
  std::vector<float> lengths_;
  // Terms in the order of their hashes.
  std::vector<std::uint64_t> hashes_;
  std::vector<std::uint64_t> letters_;
  std::vector<std::string_view> texts_;  ///< in the segments
  std::vector<std::size_t> posting_starts_;
  std::vector<Segment::Posting> postings_;
};

}  // namespace parley::knowledge
