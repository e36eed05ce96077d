#include "vector_graph.hpp"

#include <hnswlib/hnswlib.h>

#include <algorithm>
#include <unordered_set>

namespace parley::knowledge {

namespace {

constexpr std::size_t neighbours = 16;
constexpr std::size_t build_breadth = 100;
constexpr std::size_t search_breadth = 400;

class HnswGraph final : public VectorGraph {
 public:
  explicit HnswGraph(std::vector<std::shared_ptr<const Segment>> segments)
      : segments_(std::move(segments)), space_(embedding_size) {
    for (const auto& segment : segments_) {
      covered_.insert(segment.get());
      for (std::uint32_t p = 0; p < segment->passages(); ++p) places_.push_back({segment.get(), p});
    }
    graph_ = std::make_unique<hnswlib::HierarchicalNSW<float>>(
        &space_, std::max<std::size_t>(1, places_.size()), neighbours, build_breadth);
    for (std::size_t i = 0; i < places_.size(); ++i) {
      auto vector = unit_vector(places_[i].segment->embedding(places_[i].passage));
      graph_->addPoint(vector.data(), i);
    }
    graph_->setEf(search_breadth);
  }

  bool covers(const Segment* segment) const override { return covered_.contains(segment); }
  std::size_t passages() const override { return places_.size(); }

  std::vector<std::pair<float, PassagePlace>> nearest(const Embedding& query,
                                                      std::size_t limit) const override {
    auto vector = unit_vector(query);
    auto found = graph_->searchKnn(vector.data(), std::min(limit, places_.size()));
    std::vector<std::pair<float, PassagePlace>> out;
    for (; !found.empty(); found.pop())
      out.emplace_back(1.0F - found.top().first, places_[found.top().second]);
    std::ranges::reverse(out);
    return out;
  }

  std::size_t size_bytes() const override {
    return places_.size() * (embedding_size * sizeof(float) + neighbours * 2 * 4 + 64);
  }

 private:
  std::vector<std::shared_ptr<const Segment>> segments_;
  std::unordered_set<const Segment*> covered_;
  std::vector<PassagePlace> places_;
  hnswlib::InnerProductSpace space_;
  std::unique_ptr<hnswlib::HierarchicalNSW<float>> graph_;
};

}  // namespace

std::shared_ptr<const VectorGraph> VectorGraph::build(
    std::vector<std::shared_ptr<const Segment>> segments) {
  return std::make_shared<HnswGraph>(std::move(segments));
}

}  // namespace parley::knowledge
