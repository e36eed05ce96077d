#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace parley::knowledge {

/// A direction in a byte a dimension: the vector scaled so that its largest component is 127. Its
/// cosines differ from the floats' by less than a hundredth.
struct ByteVector {
  std::vector<std::int8_t> values;
  float inverse_length = 0;  ///< 0: a vector of zeros, near to nothing
};
ByteVector in_bytes(std::span<const float> vector);

/// 1 over the vector's length, 0 for a vector of zeros.
float inverse_length(std::span<const std::int8_t> vector);
/// The sum of products of two vectors of the same size.
std::int32_t dot(const std::int8_t* a, const std::int8_t* b, std::size_t size) noexcept;

/// Vectors of one size, one after the other. Never changes once it is shared.
class VectorBlock {
 public:
  explicit VectorBlock(std::size_t dimensions) : dimensions_(dimensions) {}

  void add(std::span<const std::int8_t> vector);
  void add(const ByteVector& vector);

  std::size_t dimensions() const noexcept { return dimensions_; }
  std::size_t size() const noexcept { return inverse_lengths_.size(); }
  const std::int8_t* row(std::size_t i) const noexcept { return values_.data() + i * dimensions_; }
  float inverse_length(std::size_t i) const noexcept { return inverse_lengths_[i]; }
  /// -1..1. The query has this block's dimensions.
  float cosine(const ByteVector& query, std::size_t i) const noexcept {
    return static_cast<float>(dot(query.values.data(), row(i), dimensions_)) *
           query.inverse_length * inverse_lengths_[i];
  }
  std::size_t size_bytes() const noexcept { return size() * (dimensions_ + sizeof(float)); }

 private:
  std::size_t dimensions_;
  std::vector<std::int8_t> values_;
  std::vector<float> inverse_lengths_;
};

}  // namespace parley::knowledge
