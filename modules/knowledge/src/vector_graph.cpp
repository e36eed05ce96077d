#include "vector_graph.hpp"

#include <hnswlib/hnswlib.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <thread>
#include <unordered_set>

namespace parley::knowledge {

namespace {

constexpr std::size_t neighbours = 16;
constexpr std::size_t build_breadth = 100;
/// Among how many a search looks for the nearest: the more there are, the more are about as near.
constexpr double breadth_of_root = 1;
constexpr double least_breadth = 400;
constexpr double most_breadth = 4000;
constexpr std::size_t between_looks = 256;  ///< passages added between two looks at `stop`

/// A vector's bytes and after them its inverse length: a quarter of what floats take, and of what
/// each step of a search has to fetch.
class ByteCosine final : public hnswlib::SpaceInterface<float> {
 public:
  explicit ByteCosine(std::size_t dimensions) : dimensions_(dimensions) {}
  std::size_t get_data_size() override { return dimensions_ + sizeof(float); }
  hnswlib::DISTFUNC<float> get_dist_func() override { return &distance; }
  void* get_dist_func_param() override { return &dimensions_; }

  static std::vector<std::int8_t> point(const std::int8_t* values, std::size_t size,
                                        float inverse_length) {
    std::vector<std::int8_t> out(size + sizeof(float));
    std::memcpy(out.data(), values, size);
    std::memcpy(out.data() + size, &inverse_length, sizeof(float));
    return out;
  }

 private:
  static float distance(const void* a, const void* b, const void* dimensions) {
    auto size = *static_cast<const std::size_t*>(dimensions);
    const auto* left = static_cast<const std::int8_t*>(a);
    const auto* right = static_cast<const std::int8_t*>(b);
    float of_left = 0;
    float of_right = 0;
    std::memcpy(&of_left, left + size, sizeof(float));
    std::memcpy(&of_right, right + size, sizeof(float));
    return 1.0F - static_cast<float>(dot(left, right, size)) * of_left * of_right;
  }
  std::size_t dimensions_;
};

class HnswGraph final : public VectorGraph {
 public:
  explicit HnswGraph(Blocks blocks)
      : blocks_(std::move(blocks)),
        space_(blocks_.empty() ? 0 : blocks_.front()->dimensions()),
        dimensions_(blocks_.empty() ? 0 : blocks_.front()->dimensions()) {
    for (const auto& block : blocks_) {
      covered_.insert(block.get());
      for (std::uint32_t p = 0; p < block->size(); ++p) places_.push_back({block.get(), p});
    }
    graph_ = std::make_unique<hnswlib::HierarchicalNSW<float>>(
        &space_, std::max<std::size_t>(1, places_.size()), neighbours, build_breadth);
    auto root = std::sqrt(static_cast<double>(places_.size()));
    graph_->setEf(
        static_cast<std::size_t>(std::clamp(breadth_of_root * root, least_breadth, most_breadth)));
  }

  /// False when it was given up.
  bool fill(const GraphMaking& making) {
    std::atomic<std::size_t> next = 0;
    std::atomic<bool> given_up = false;
    auto work = [&] {
      while (!given_up) {
        auto from = next.fetch_add(between_looks);
        if (from >= places_.size()) return;
        if (making.stop && making.stop()) given_up = true;
        for (auto i = from; i < std::min(from + between_looks, places_.size()); ++i) add(i);
      }
    };
    {
      std::vector<std::jthread> others;
      for (std::size_t t = 1; t < making.threads; ++t) others.emplace_back(work);
      work();
    }
    return !given_up;
  }

  bool covers(const VectorBlock* block) const override { return covered_.contains(block); }
  std::size_t passages() const override { return places_.size(); }

  std::vector<std::pair<float, PassagePlace>> nearest(const ByteVector& query,
                                                      std::size_t limit) const override {
    if (query.values.size() != dimensions_ || places_.empty()) return {};
    auto point = ByteCosine::point(query.values.data(), dimensions_, query.inverse_length);
    auto found = graph_->searchKnn(point.data(), std::min(limit, places_.size()));
    std::vector<std::pair<float, PassagePlace>> out;
    for (; !found.empty(); found.pop())
      out.emplace_back(1.0F - found.top().first, places_[found.top().second]);
    std::ranges::reverse(out);
    return out;
  }

  std::size_t size_bytes() const override {
    return places_.size() * (dimensions_ + neighbours * 2 * 4 + 64 + sizeof(PassagePlace));
  }

 private:
  void add(std::size_t i) {
    auto [block, passage] = places_[i];
    auto point =
        ByteCosine::point(block->row(passage), dimensions_, block->inverse_length(passage));
    graph_->addPoint(point.data(), i);
  }

  Blocks blocks_;
  std::unordered_set<const VectorBlock*> covered_;
  std::vector<PassagePlace> places_;
  ByteCosine space_;
  std::size_t dimensions_;
  std::unique_ptr<hnswlib::HierarchicalNSW<float>> graph_;
};

}  // namespace

std::shared_ptr<const VectorGraph> VectorGraph::build(Blocks blocks, const GraphMaking& making) {
  auto graph = std::make_shared<HnswGraph>(std::move(blocks));
  if (!graph->fill(making)) return nullptr;
  return graph;
}

}  // namespace parley::knowledge
