#include "vector_columns.hpp"

#include <algorithm>
#include <array>

namespace parley::knowledge {

namespace {

/// Passages whose sums stay in the first cache while dimension after dimension is added.
constexpr std::size_t stripe = 4096;
using Sums = std::array<std::int32_t, stripe>;

/// One dimension of a stripe, and what the question has there.
struct Column {
  const std::int8_t* values;
  std::int16_t factor;
};
/// Columns added in one go. Two products of bytes (127 at most) fit in 16 bits, which processors
/// multiply several times as fast as 32.
constexpr std::size_t together = 4;

// As dot() in vector_block.cpp.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(undefined_behavior_sanitizer)
#define PARLEY_SANITIZED
#endif
#endif
#if defined(__x86_64__) && !defined(PARLEY_SANITIZED)
__attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#endif
void
add_products(std::int32_t* sums, const std::array<Column, together>& columns) noexcept {
  const auto [a, b, c, d] = columns;
  for (std::size_t i = 0; i < stripe; ++i) {
    auto first = static_cast<std::int16_t>(a.factor * a.values[i] + b.factor * b.values[i]);
    auto second = static_cast<std::int16_t>(c.factor * c.values[i] + d.factor * d.values[i]);
    sums[i] += first + second;
  }
}

using Near = std::pair<float, std::size_t>;

/// The best of what it was given, as many as `limit`.
class Best {
 public:
  explicit Best(std::size_t limit) : limit_(limit) { near_.reserve(2 * limit + 1024); }
  void offer(float likeness, std::size_t passage) {
    if (likeness <= least_) return;
    near_.emplace_back(likeness, passage);
    if (near_.size() >= 2 * limit_ + 1024) cut();
  }
  std::vector<Near> take() {
    if (near_.size() > limit_) cut();
    std::ranges::sort(near_, std::greater{});
    return std::move(near_);
  }

 private:
  void cut() {
    auto last = near_.begin() + static_cast<std::ptrdiff_t>(limit_);
    std::ranges::nth_element(near_, last - 1, std::greater{});
    near_.erase(last, near_.end());
    least_ = near_.back().first;
  }
  std::size_t limit_;
  float least_ = -2.0F;  ///< below any
  std::vector<Near> near_;
};

}  // namespace

std::shared_ptr<const VectorColumns> VectorColumns::build(Blocks blocks,
                                                          const std::function<bool()>& stop) {
  std::shared_ptr<VectorColumns> made(new VectorColumns);
  std::size_t passages = 0;
  for (const auto& block : blocks) {
    made->covered_.insert(block.get());
    made->starts_.push_back({passages, block.get()});
    passages += block->size();
  }
  made->dimensions_ = blocks.empty() ? 0 : blocks.front()->dimensions();
  made->inverse_lengths_.reserve(passages);
  made->stripes_.resize((passages + stripe - 1) / stripe * stripe * made->dimensions_);
  for (const auto& block : blocks) {
    if (stop && stop()) return nullptr;
    for (std::size_t p = 0; p < block->size(); ++p) {
      auto at = made->inverse_lengths_.size();
      const auto* row = block->row(p);
      auto* column = made->stripes_.data() + at / stripe * stripe * made->dimensions_ + at % stripe;
      for (std::size_t d = 0; d < made->dimensions_; ++d) column[d * stripe] = row[d];
      made->inverse_lengths_.push_back(block->inverse_length(p));
    }
  }
  made->blocks_ = std::move(blocks);
  return made;
}

std::vector<std::pair<float, PassagePlace>> VectorColumns::nearest(const ByteVector& query,
                                                                   std::size_t limit) const {
  if (query.values.size() != dimensions_ || limit == 0) return {};
  std::vector<std::size_t> touched;
  for (std::size_t d = 0; d < dimensions_; ++d)
    if (query.values[d] != 0) touched.push_back(d);
  Best best(limit);
  Sums sums;
  for (std::size_t first = 0; first < passages(); first += stripe) {
    sums.fill(0);
    const auto* columns = stripes_.data() + first * dimensions_;
    for (std::size_t t = 0; t < touched.size(); t += together) {
      std::array<Column, together> some;
      for (std::size_t i = 0; i < together; ++i) {
        bool there = t + i < touched.size();
        auto dimension = touched[there ? t + i : t];
        some[i] = {columns + dimension * stripe, there ? query.values[dimension] : std::int8_t{0}};
      }
      add_products(sums.data(), some);
    }
    auto here = std::min(stripe, passages() - first);
    for (std::size_t i = 0; i < here; ++i)
      best.offer(static_cast<float>(sums[i]) * query.inverse_length * inverse_lengths_[first + i],
                 first + i);
  }
  std::vector<std::pair<float, PassagePlace>> out;
  for (const auto& [likeness, passage] : best.take()) {
    auto after = std::ranges::upper_bound(starts_, passage, {}, &Start::passage);
    const auto& start = *std::prev(after);
    out.emplace_back(
        likeness, PassagePlace{start.block, static_cast<std::uint32_t>(passage - start.passage)});
  }
  return out;
}

std::size_t VectorColumns::size_bytes() const noexcept {
  return stripes_.size() + inverse_lengths_.size() * sizeof(float) +
         blocks_.size() * (sizeof(Start) + 64);
}

}  // namespace parley::knowledge
