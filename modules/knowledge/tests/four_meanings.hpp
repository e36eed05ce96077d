#pragma once
#include <atomic>

#include "parley/knowledge/embedder.hpp"

namespace parley::knowledge {

/// Knows four things, by a few words each.
class FourMeanings final : public Embedder {
 public:
  const std::string& name() const noexcept override { return name_; }
  std::size_t dimensions() const noexcept override { return 4; }
  std::size_t max_batch() const noexcept override { return 2; }
  Task<std::vector<Vector>> embed(Context, std::vector<std::string> texts) override {
    ++calls;
    if (away) co_return fail(Errc::unavailable, "the embedder is away");
    if (texts.size() > max_batch()) co_return fail(Errc::invalid, "too many");
    std::vector<Vector> out;
    for (const auto& text : texts) {
      Vector vector(4, 0.01F);
      const std::vector<std::vector<const char*>> meanings{
          {"car", "park", "automobile"}, {"cost", "price", "charge"}, {"dog", "hound"}, {"sleep"}};
      for (std::size_t m = 0; m < meanings.size(); ++m)
        for (const auto* word : meanings[m])
          if (text.contains(word)) vector[m] += 1.0F;
      out.push_back(std::move(vector));
    }
    co_return out;
  }
  std::string name_ = "four/1";
  std::atomic<bool> away = false;
  std::atomic<int> calls = 0;
};

}  // namespace parley::knowledge
