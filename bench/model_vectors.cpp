#include "model_vectors.hpp"

#include <algorithm>
#include <cmath>

namespace parley::bench {

namespace {
constexpr std::size_t hidden_directions = 64;
constexpr std::size_t subjects = 1000;
constexpr float of_document = 1.0F;  ///< how far a document is from its subject
constexpr float of_passage = 1.5F;   ///< and a passage from its document
constexpr float leaning = 0.5F;
constexpr float noise = 0.001F;  ///< outside of the hidden directions

// Chosen when the program is loaded: sums of a million vectors.
#if defined(__x86_64__)
__attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#endif
void
add(float* to, const float* direction, float factor, std::size_t size) noexcept {
  for (std::size_t i = 0; i < size; ++i) to[i] += factor * direction[i];
}
}  // namespace

ModelVectors::ModelVectors() {
  Random random(1);
  std::normal_distribution<float> normal;
  const float unit = 1.0F / std::sqrt(static_cast<float>(dimensions));
  auto total = 0.0F;
  for (std::size_t h = 0; h < hidden_directions; ++h) {
    spread_.push_back(1.0F / std::sqrt(static_cast<float>(h + 1)));
    total += spread_.back() * spread_.back();
  }
  for (auto& one : spread_) one /= std::sqrt(total);
  for (std::size_t i = 0; i < dimensions; ++i) lean_.push_back(leaning * unit * normal(random));
  for (std::size_t i = 0; i < hidden_directions * dimensions; ++i)
    hidden_.push_back(unit * normal(random));
  for (std::size_t s = 0; s < subjects; ++s)
    for (auto one : spread_) subjects_.push_back(one * normal(random));
}

std::vector<float> ModelVectors::about(std::uint64_t document) const {
  Random random(document + 1);
  std::normal_distribution<float> normal;
  const auto* subject = subjects_.data() + random() % subjects * hidden_directions;
  std::vector<float> out(subject, subject + hidden_directions);
  for (std::size_t h = 0; h < hidden_directions; ++h)
    out[h] += of_document * spread_[h] * normal(random);
  return out;
}

void ModelVectors::passage(const std::vector<float>& about, Random& random, float* out) const {
  std::normal_distribution<float> normal;
  std::uniform_real_distribution<float> even(-noise, noise);
  for (std::size_t i = 0; i < dimensions; ++i) out[i] = lean_[i] + even(random);
  for (std::size_t h = 0; h < hidden_directions; ++h)
    add(out, hidden_.data() + h * dimensions, about[h] + of_passage * spread_[h] * normal(random),
        dimensions);
  auto square = 0.0F;
  for (std::size_t i = 0; i < dimensions; ++i) square += out[i] * out[i];
  for (std::size_t i = 0; i < dimensions; ++i) out[i] /= std::sqrt(square);
}

void ModelVectors::document(std::uint64_t number, std::size_t passages, float* out) const {
  auto what = about(number);
  Random random(number + (1ull << 32));
  for (std::size_t p = 0; p < passages; ++p) passage(what, random, out + p * dimensions);
}

std::vector<float> ModelVectors::question(std::uint64_t document) const {
  Random random(document + (1ull << 40));
  std::vector<float> out(dimensions);
  passage(about(document), random, out.data());
  return out;
}

}  // namespace parley::bench
