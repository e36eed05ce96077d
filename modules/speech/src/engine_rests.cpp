#include "parley/speech/engine_rests.hpp"

#include <algorithm>

namespace parley::speech {

std::optional<EngineRests::Leave> EngineRests::ask(std::size_t engine) {
  std::lock_guard lock(mutex_);
  auto& standing = engines_[engine];
  if (standing.failures == 0) return Leave();
  auto now = clock_.now();
  if (now < standing.until) return std::nullopt;
  standing.until = now + lengths_.first;
  standing.trial = ++trials_;
  return Leave(*this, engine, standing.trial);
}

void EngineRests::well(std::size_t engine) {
  std::lock_guard lock(mutex_);
  engines_[engine] = {};
}

void EngineRests::failed(std::size_t engine, const Error& error) {
  auto now = clock_.now();
  std::lock_guard lock(mutex_);
  auto& standing = engines_[engine];
  // Several uses may fail of one cause: what began before the rest does not count again.
  if (standing.failures == 0 || standing.trial != 0 || now >= standing.until) ++standing.failures;
  auto rest = lengths_.first;
  for (int i = 1; i < standing.failures && rest < lengths_.longest; ++i) rest *= 2;
  rest = std::max(std::min(rest, lengths_.longest),
                  std::min<Duration>(error.retry_after, longest_asked));
  standing.until = std::max(standing.until, now + rest);
  standing.trial = 0;
}

void EngineRests::let_go(std::size_t engine, std::uint64_t trial) {
  std::lock_guard lock(mutex_);
  auto& standing = engines_[engine];
  if (standing.trial != trial) return;
  standing.trial = 0;
  standing.until = clock_.now();
}

}  // namespace parley::speech
