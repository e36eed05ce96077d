#include "graph_figures.hpp"

#include <fmt/format.h>

#include <atomic>
#include <cmath>
#include <thread>

#include "model_vectors.hpp"
#include "spread.hpp"
#include "vector_graph.hpp"

namespace parley::bench {

namespace {

using knowledge::VectorBlock;
using knowledge::VectorGraph;

constexpr std::size_t dimensions = ModelVectors::dimensions;
constexpr std::size_t passages_a_document = 100;
constexpr std::size_t questions_asked = 200;
constexpr std::size_t neighbours_asked = 10;
constexpr std::size_t neighbourhood = 100;  ///< whose intrinsic dimension is told

/// Runs `work(i)` for all below `count`.
template <class Work>
void share_out(std::size_t count, std::size_t threads, Work work) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> running;
  for (std::size_t t = 0; t < threads; ++t)
    running.emplace_back([&] {
      for (auto i = next++; i < count; i = next++) work(i);
    });
}

#if defined(__x86_64__)
__attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#endif
float
cosine(const float* a, const float* b) noexcept {
  constexpr std::size_t lanes = 32;
  static_assert(dimensions % lanes == 0);
  float sums[lanes] = {};
  for (std::size_t i = 0; i < dimensions; i += lanes)
    for (std::size_t l = 0; l < lanes; ++l) sums[l] += a[i + l] * b[i + l];
  float sum = 0;
  for (auto one : sums) sum += one;
  return sum;
}

struct Collection {
  std::vector<float> values;
  VectorGraph::Blocks blocks;
  std::vector<std::vector<float>> questions;
};

Collection make_collection(std::size_t passages, std::size_t threads) {
  Collection made;
  auto documents = passages / passages_a_document;
  made.values.resize(passages * dimensions);
  made.blocks.resize(documents);
  ModelVectors model;
  share_out(documents, threads, [&](std::size_t d) {
    auto* first = made.values.data() + d * passages_a_document * dimensions;
    model.document(d, passages_a_document, first);
    auto block = std::make_shared<VectorBlock>(dimensions);
    for (std::size_t p = 0; p < passages_a_document; ++p)
      block->add(knowledge::in_bytes({first + p * dimensions, dimensions}));
    made.blocks[d] = std::move(block);
  });
  for (std::size_t q = 0; q < questions_asked; ++q)
    made.questions.push_back(model.question(q * 7919 % documents));
  return made;
}

/// The nearest of all, in floats: their cosines, best first.
std::vector<float> nearest_of_all(const Collection& collection,
                                  const std::vector<float>& question) {
  std::vector<float> all;
  for (std::size_t at = 0; at < collection.values.size(); at += dimensions)
    all.push_back(cosine(question.data(), collection.values.data() + at));
  std::ranges::partial_sort(all, all.begin() + neighbourhood, std::greater{});
  all.resize(neighbourhood);
  return all;
}

/// Of how many directions the surroundings of a point are made (Levina and Bickel's estimate).
double intrinsic_dimension(const std::vector<float>& cosines) {
  auto distance = [](float one) { return std::sqrt(std::max(1e-9, 2.0 - 2.0 * one)); };
  auto farthest = distance(cosines.back());
  double sum = 0;
  for (auto one : cosines) sum += std::log(farthest / distance(one));
  return static_cast<double>(cosines.size() - 1) / sum;
}

}  // namespace

void measure_graph(std::size_t passages, std::size_t threads) {
  auto began = wall_ms();
  auto collection = make_collection(passages, threads);
  auto made = wall_ms();
  auto graph = VectorGraph::build(collection.blocks, {.threads = threads});
  auto built = wall_ms();
  std::size_t rows = 0;
  for (const auto& block : collection.blocks) rows += block->size_bytes();
  fmt::print(
      "{} passages as an embedding model has them ({} dimensions, made in {:.1f} s)\n  graph made "
      "in {:.1f} s by {} threads: {:.0f} MB, beside {:.0f} MB of vectors in bytes; load {:.1f}\n",
      passages, dimensions, (made - began) / 1e3, (built - made) / 1e3, threads,
      static_cast<double>(graph->size_bytes()) / 1e6, static_cast<double>(rows) / 1e6, load_now());
  std::fflush(stdout);

  std::vector<std::vector<float>> expected(questions_asked);
  Spread exact;
  exact.values.resize(questions_asked);
  share_out(questions_asked, threads, [&](std::size_t q) {
    auto from = processor_ms();
    expected[q] = nearest_of_all(collection, collection.questions[q]);
    exact.values[q] = processor_ms() - from;
  });
  Spread wall;
  Spread processor;
  Spread dimension;
  double same = 0;
  for (std::size_t q = 0; q < questions_asked; ++q) {
    const auto& question = collection.questions[q];
    dimension.values.push_back(intrinsic_dimension(expected[q]));
    auto a = wall_ms();
    auto b = processor_ms();
    auto found = graph->nearest(knowledge::in_bytes(question), neighbours_asked);
    processor.values.push_back(processor_ms() - b);
    wall.values.push_back(wall_ms() - a);
    // Measured in floats, as the expected are: what a byte a dimension confuses counts as missed.
    for (const auto& [similarity, place] : found) {
      auto document = std::ranges::find(collection.blocks, place.block,
                                        [](const auto& block) { return block.get(); });
      auto at = static_cast<std::size_t>(document - collection.blocks.begin());
      const auto* row =
          collection.values.data() + (at * passages_a_document + place.passage) * dimensions;
      same += cosine(question.data(), row) >= expected[q][neighbours_asked - 1] - 1e-6F;
    }
  }
  fmt::print(
      "  query: wall p50 {:.2f} ms, p99 {:.2f} ms, processor time p50 {:.2f} ms, p99 {:.2f} ms, "
      "recall@10 {:.3f}; all compared in floats: processor time {:.1f} ms; intrinsic dimension "
      "around a query {:.0f}\n",
      wall.at(0.5), wall.at(0.99), processor.at(0.5), processor.at(0.99),
      same / (questions_asked * neighbours_asked), exact.at(0.5), dimension.at(0.5));
  std::fflush(stdout);
}

}  // namespace parley::bench
