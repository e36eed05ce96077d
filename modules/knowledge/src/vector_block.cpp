#include "vector_block.hpp"

#include <algorithm>
#include <cmath>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(undefined_behavior_sanitizer)
#define PARLEY_SANITIZED
#endif
#endif

namespace parley::knowledge {

namespace {
// Chosen when the program is loaded, by what the processor has. Sanitizers do not run so early.
#if defined(__x86_64__) && !defined(PARLEY_SANITIZED)
__attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#endif
std::int32_t
products(const std::int8_t* a, const std::int8_t* b, std::size_t size) noexcept {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < size; ++i)
    sum += static_cast<std::int16_t>(a[i]) * static_cast<std::int16_t>(b[i]);
  return sum;
}
}  // namespace

std::int32_t dot(const std::int8_t* a, const std::int8_t* b, std::size_t size) noexcept {
  return products(a, b, size);
}

float inverse_length(std::span<const std::int8_t> vector) {
  auto sum = dot(vector.data(), vector.data(), vector.size());
  return sum == 0 ? 0.0F : 1.0F / std::sqrt(static_cast<float>(sum));
}

ByteVector in_bytes(std::span<const float> vector) {
  auto largest = 0.0F;
  for (auto value : vector) largest = std::max(largest, std::abs(value));
  ByteVector out;
  out.values.resize(vector.size());
  if (largest == 0.0F || !std::isfinite(largest)) return out;
  for (std::size_t i = 0; i < vector.size(); ++i)
    out.values[i] = static_cast<std::int8_t>(std::lround(vector[i] / largest * 127.0F));
  out.inverse_length = inverse_length(out.values);
  return out;
}

void VectorBlock::add(std::span<const std::int8_t> vector) {
  values_.insert(values_.end(), vector.begin(), vector.end());
  inverse_lengths_.push_back(knowledge::inverse_length(vector));
}

void VectorBlock::add(const ByteVector& vector) {
  values_.insert(values_.end(), vector.values.begin(), vector.values.end());
  inverse_lengths_.push_back(vector.inverse_length);
}

}  // namespace parley::knowledge
