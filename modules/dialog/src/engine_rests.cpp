#include "engine_rests.hpp"

#include <algorithm>

namespace parley::dialog {

std::optional<EngineRests::Use> EngineRests::use(std::size_t engine, TimePoint now) {
  std::lock_guard lock(mutex_);
  auto& one = engines_[engine];
  if (now < one.rests_until || one.is_on_trial) return std::nullopt;
  one.is_on_trial = one.failures > 0;
  return Use(*this, engine, one.is_on_trial);
}

void EngineRests::Use::succeeded() {
  if (!rests_) return;
  {
    std::lock_guard lock(rests_->mutex_);
    rests_->engines_[engine_].failures = 0;
  }
  end();
}

void EngineRests::Use::failed(TimePoint now, Duration at_least) {
  if (!rests_) return;
  {
    std::lock_guard lock(rests_->mutex_);
    auto& one = rests_->engines_[engine_];
    // Several uses may fail of one cause: only what failed after its rest counts again.
    if (now >= one.rests_until) ++one.failures;
    auto rest = rests_->first_;
    for (int i = 1; i < one.failures && rest < rests_->longest_; ++i) rest *= 2;
    rest = std::max(std::min(rest, rests_->longest_), at_least);
    one.rests_until = std::max(one.rests_until, now + rest);
  }
  end();
}

void EngineRests::Use::end() {
  if (!rests_) return;
  if (is_trial_) {
    std::lock_guard lock(rests_->mutex_);
    rests_->engines_[engine_].is_on_trial = false;
  }
  rests_ = nullptr;
}

}  // namespace parley::dialog
