#pragma once
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace parley::bench {

/// Vectors as a text-embedding model gives them, without a model. What is known of such vectors and
/// kept here: all lean to one side (two texts that have nothing in common still have a cosine well
/// above zero), most of their spread lies in some dozens of directions of unequal weight, and texts
/// lie in overlapping groups: a thousand subjects, documents about them, passages of documents. A
/// passage differs from its document by more than documents of a subject from each other, so that
/// the ten nearest are of several documents. How hard that makes the search is told by the
/// intrinsic dimension around a query, which the benchmark prints beside its figures, to be
/// compared with that of other vectors. Uniform noise has nearly as many as components, and no
/// index helps there.
class ModelVectors {
 public:
  static constexpr std::size_t dimensions = 384;  ///< as small sentence models have

  ModelVectors();
  /// The passages of document `number`, one after the other, each of length one.
  void document(std::uint64_t number, std::size_t passages, float* out) const;
  /// What a caller asks about that document; not one of its passages.
  std::vector<float> question(std::uint64_t document) const;

 private:
  using Random = std::mt19937_64;
  std::vector<float> about(std::uint64_t document) const;
  void passage(const std::vector<float>& about, Random& random, float* out) const;

  std::vector<float> spread_;    ///< of each hidden direction
  std::vector<float> lean_;      ///< where all vectors lean
  std::vector<float> hidden_;    ///< hidden directions, one after the other
  std::vector<float> subjects_;  ///< in hidden directions
};

}  // namespace parley::bench
