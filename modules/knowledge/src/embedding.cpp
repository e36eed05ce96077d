#include "embedding.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace parley::knowledge {

namespace {

std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xBF58476D1CE4E5B9u;
  x ^= x >> 27;
  x *= 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

std::uint64_t hash_of(std::string_view text, std::uint64_t seed) {
  std::uint64_t hash = 0xCBF29CE484222325u ^ seed;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return mix(hash);
}

class Accumulator {
 public:
  void add(std::string_view word, float weight) {
    // Two places each, so that a collision of two words is not a confusion of two words.
    place(hash_of(word, 1), 0.7F * weight);
    place(hash_of(word, 2), 0.7F * weight);
    if (word.size() < 4) return;
    std::string framed = "^" + std::string(word) + "$";
    auto grams = framed.size() - 2;
    auto share = 0.9F * weight / std::sqrt(static_cast<float>(grams));
    for (std::size_t i = 0; i < grams; ++i)
      place(hash_of(std::string_view(framed).substr(i, 3), 3), share);
  }

  Embedding finish() const {
    auto largest = 0.0F;
    for (auto value : sum_) largest = std::max(largest, std::abs(value));
    Embedding out{};
    if (largest == 0.0F) return out;
    for (std::size_t i = 0; i < embedding_size; ++i)
      out[i] = static_cast<std::int8_t>(std::lround(sum_[i] / largest * 127.0F));
    return out;
  }

 private:
  void place(std::uint64_t hash, float weight) {
    sum_[hash % embedding_size] += (hash >> 40) & 1 ? weight : -weight;
  }
  std::array<float, embedding_size> sum_{};
};

}  // namespace

Embedding embed_passage(std::string_view utf8) {
  auto terms = index_terms(utf8);
  std::ranges::sort(terms);  // sums of floats depend on the order
  Accumulator sum;
  for (std::size_t first = 0, next = 0; first < terms.size(); first = next) {
    while (next < terms.size() && terms[next] == terms[first]) ++next;
    sum.add(terms[first], 1.0F + std::log(static_cast<float>(next - first)));
  }
  return sum.finish();
}

Embedding embed_terms(std::span<const QueryTerm> terms) {
  Accumulator sum;
  for (const auto& term : terms) sum.add(term.stem, static_cast<float>(term.weight));
  return sum.finish();
}

}  // namespace parley::knowledge
