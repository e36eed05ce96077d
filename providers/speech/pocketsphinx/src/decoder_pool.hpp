#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "decoder.hpp"

namespace parley::providers::pocketsphinx {

/// The decoders of one utterance, side by side on the same frames. Either may be missing until it
/// is needed.
struct DecoderSet {
  std::unique_ptr<Decoder> grammar;
  std::unique_ptr<Decoder> ngram;
};

/// Lends decoders to utterances: they are heavy, and calls are silent most of the time.
/// Thread-safe.
class DecoderPool {
 public:
  DecoderPool(std::size_t max_busy, std::size_t max_idle)
      : max_busy_(max_busy), max_idle_(max_idle) {}

  /// A set, or none when all are lent out.
  std::unique_ptr<DecoderSet> take();
  /// Tries again once a set has come back; false when it is no longer wanted, and the next in the
  /// line is asked.
  using Retry = std::function<bool()>;
  void when_free(Retry retry);
  void give_back(std::unique_ptr<DecoderSet> set);
  /// Instead of giving back: the set is broken.
  void lost();

  std::size_t busy() const;
  std::size_t idle() const;

 private:
  void one_less_busy();

  const std::size_t max_busy_;
  const std::size_t max_idle_;
  mutable std::mutex mutex_;
  std::size_t busy_ = 0;
  std::vector<std::unique_ptr<DecoderSet>> idle_;
  std::deque<Retry> waiters_;
};

}  // namespace parley::providers::pocketsphinx
