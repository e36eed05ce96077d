#include "embedding.hpp"
#include "parley/knowledge/embedder.hpp"
#include "vector_block.hpp"

namespace parley::knowledge {

namespace {

class BuiltinEmbedder final : public Embedder {
 public:
  explicit BuiltinEmbedder(WorkerPool& pool) : pool_(pool) {}

  const std::string& name() const noexcept override { return name_; }
  std::size_t dimensions() const noexcept override { return embedding_size; }
  std::size_t max_batch() const noexcept override { return 256; }

  Task<std::vector<Vector>> embed(Context /*ctx*/, std::vector<std::string> texts) override {
    if (texts.empty() || texts.size() > max_batch())
      co_return fail(Errc::invalid, "1 to 256 texts at once");
    std::function<Result<std::vector<Vector>>()> compute = [texts = std::move(texts)] {
      std::vector<Vector> out;
      for (const auto& text : texts) {
        auto bytes = embed_passage(text);
        auto inverse = inverse_length(bytes);
        auto& vector = out.emplace_back();
        for (auto value : bytes) vector.push_back(static_cast<float>(value) * inverse);
      }
      return Result<std::vector<Vector>>(std::move(out));
    };
    auto computing = pool_.run<std::vector<Vector>>(std::move(compute));
    co_return co_await std::move(computing);
  }

 private:
  WorkerPool& pool_;
  std::string name_ = "builtin/1";
};

}  // namespace

std::unique_ptr<Embedder> make_builtin_embedder(WorkerPool& pool) {
  return std::make_unique<BuiltinEmbedder>(pool);
}

}  // namespace parley::knowledge
