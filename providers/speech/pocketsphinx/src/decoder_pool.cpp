#include "decoder_pool.hpp"

namespace parley::providers::pocketsphinx {

std::unique_ptr<DecoderSet> DecoderPool::take() {
  std::lock_guard lock(mutex_);
  if (busy_ >= max_busy_) return nullptr;
  ++busy_;
  if (idle_.empty()) return std::make_unique<DecoderSet>();
  auto set = std::move(idle_.back());
  idle_.pop_back();
  return set;
}

void DecoderPool::when_free(Retry retry) {
  {
    std::lock_guard lock(mutex_);
    if (busy_ >= max_busy_) {
      waiters_.push_back(std::move(retry));
      return;
    }
  }
  retry();
}

void DecoderPool::one_less_busy() {
  {
    std::lock_guard lock(mutex_);
    --busy_;
  }
  while (true) {
    Retry waiter;
    {
      std::lock_guard lock(mutex_);
      if (waiters_.empty()) return;
      waiter = std::move(waiters_.front());
      waiters_.pop_front();
    }
    if (waiter()) return;
  }
}

void DecoderPool::give_back(std::unique_ptr<DecoderSet> set) {
  if (set->grammar && set->grammar->worn()) set->grammar.reset();
  if (set->ngram && set->ngram->worn()) set->ngram.reset();
  {
    std::lock_guard lock(mutex_);
    if (idle_.size() < max_idle_ || !waiters_.empty()) idle_.push_back(std::move(set));
  }
  one_less_busy();
}

void DecoderPool::lost() { one_less_busy(); }

std::size_t DecoderPool::busy() const {
  std::lock_guard lock(mutex_);
  return busy_;
}

std::size_t DecoderPool::idle() const {
  std::lock_guard lock(mutex_);
  return idle_.size();
}

}  // namespace parley::providers::pocketsphinx
