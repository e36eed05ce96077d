#include "parley/speech/engine_rests.hpp"

#include <algorithm>

namespace parley::speech {

bool is_engines_fault(Errc code) noexcept {
  switch (code) {
    case Errc::invalid:
    case Errc::not_found:
    case Errc::too_large:
    case Errc::unsupported:
      return false;
    default:
      return true;
  }
}

EngineRests::Turn EngineRests::ask(std::size_t engine) {
  std::lock_guard lock(mutex_);
  auto& standing = engines_[engine];
  if (standing.is_well) return Turn::free;
  auto now = clock_.now();
  if (now < standing.until) return Turn::resting;
  standing.until = now + rest_;
  return Turn::trial;
}

void EngineRests::well(std::size_t engine) {
  std::lock_guard lock(mutex_);
  engines_[engine] = {};
}

void EngineRests::failed(std::size_t engine, const Error& error) {
  if (!is_engines_fault(error.code)) return;
  auto rest = std::clamp<Duration>(error.retry_after, rest_, std::max(rest_, longest_rest));
  std::lock_guard lock(mutex_);
  engines_[engine] = {false, clock_.now() + rest};
}

void EngineRests::let_go(std::size_t engine) {
  std::lock_guard lock(mutex_);
  if (!engines_[engine].is_well) engines_[engine].until = clock_.now();
}

bool EngineRests::is_well(std::size_t engine) const {
  std::lock_guard lock(mutex_);
  return engines_[engine].is_well;
}

}  // namespace parley::speech
