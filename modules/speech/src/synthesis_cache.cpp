#include "parley/speech/synthesis_cache.hpp"

#include <fmt/format.h>

#include <list>
#include <mutex>
#include <unordered_map>

namespace parley::speech {

namespace {

using Pieces = std::vector<audio::Frame>;

std::size_t size_of(const audio::Frame& frame) { return frame.samples.size() * 2; }

std::string key_of(const std::string& text, const VoiceOptions& options) {
  // The lengths keep two different triples from making one key.
  return fmt::format("{}:{}|{}:{}|{:.3f}|{}|{}", options.voice.size(), options.voice,
                     options.language.size(), options.language, options.speed, options.rate_hz,
                     text);
}

}  // namespace

struct CachingSynthesizer::Store {
  struct Entry {
    std::string key;
    std::shared_ptr<const Pieces> pieces;
    std::size_t bytes = 0;
  };
  explicit Store(Options limits) : options(limits) {}

  const Options options;
  mutable std::mutex mutex;
  std::list<Entry> entries;  ///< most recently used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key;
  Counts counts;

  std::shared_ptr<const Pieces> find(const std::string& key) {
    std::lock_guard lock(mutex);
    auto found = by_key.find(key);
    if (found == by_key.end()) {
      ++counts.misses;
      return nullptr;
    }
    ++counts.hits;
    entries.splice(entries.begin(), entries, found->second);
    return found->second->pieces;
  }

  void put(std::string key, Pieces pieces, std::size_t bytes) {
    auto kept = std::make_shared<const Pieces>(std::move(pieces));
    std::lock_guard lock(mutex);
    if (by_key.contains(key)) return;
    entries.push_front({std::move(key), std::move(kept), bytes});
    by_key.emplace(entries.front().key, entries.begin());
    counts.bytes += bytes;
    while (counts.bytes > options.max_bytes) {
      counts.bytes -= entries.back().bytes;
      by_key.erase(entries.back().key);
      entries.pop_back();
    }
  }
};

namespace {

class Replay final : public SynthesisStream {
 public:
  explicit Replay(std::shared_ptr<const Pieces> pieces) : pieces_(std::move(pieces)) {}
  Task<audio::Frame> next() override {
    if (at_ == pieces_->size()) co_return fail(Errc::end_of_stream, "the text is spoken");
    co_return (*pieces_)[at_++];
  }

 private:
  std::shared_ptr<const Pieces> pieces_;
  std::size_t at_ = 0;
};

class Recording final : public SynthesisStream {
 public:
  Recording(std::unique_ptr<SynthesisStream> inner,
            std::shared_ptr<CachingSynthesizer::Store> store, std::string key)
      : inner_(std::move(inner)), store_(std::move(store)), key_(std::move(key)) {}

  Task<audio::Frame> next() override {
    auto piece = co_await inner_->next();
    if (piece) {
      keep(*piece);
    } else if (piece.error().code == Errc::end_of_stream && fits_ && !stored_) {
      stored_ = true;
      store_->put(std::move(key_), std::move(pieces_), bytes_);
    }
    co_return piece;
  }

 private:
  void keep(const audio::Frame& piece) {
    if (!fits_) return;
    bytes_ += size_of(piece);
    fits_ = bytes_ <= store_->options.max_entry_bytes;
    if (fits_)
      pieces_.push_back(piece);
    else
      pieces_ = {};
  }

  std::unique_ptr<SynthesisStream> inner_;
  std::shared_ptr<CachingSynthesizer::Store> store_;
  std::string key_;
  Pieces pieces_;
  std::size_t bytes_ = 0;
  bool fits_ = true;
  bool stored_ = false;
};

}  // namespace

CachingSynthesizer::CachingSynthesizer(Synthesizer& engine)
    : CachingSynthesizer(engine, Options{}) {}

CachingSynthesizer::CachingSynthesizer(Synthesizer& engine, Options options)
    : engine_(engine), store_(std::make_shared<Store>(options)) {}

CachingSynthesizer::~CachingSynthesizer() = default;

std::string CachingSynthesizer::name() const { return engine_.name(); }

Task<std::unique_ptr<SynthesisStream>> CachingSynthesizer::synthesize(Context ctx, std::string text,
                                                                      VoiceOptions options) {
  auto key = key_of(text, options);
  if (auto pieces = store_->find(key)) co_return std::make_unique<Replay>(std::move(pieces));
  auto stream = co_await engine_.synthesize(std::move(ctx), std::move(text), std::move(options));
  if (!stream) co_return std::unexpected(stream.error());
  co_return std::make_unique<Recording>(std::move(*stream), store_, std::move(key));
}

CachingSynthesizer::Counts CachingSynthesizer::counts() const {
  std::lock_guard lock(store_->mutex);
  auto counts = store_->counts;
  counts.entries = store_->entries.size();
  return counts;
}

}  // namespace parley::speech
