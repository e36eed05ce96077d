#pragma once
#include <mutex>
#include <vector>

#include "parley/base/clock.hpp"

namespace parley::speech {

/// Which of several engines are left alone for now, because they failed. When an engine's rest is
/// over, one call or sentence tries it, and the others wait for how that goes. Thread-safe.
class EngineRests {
 public:
  static constexpr Duration longest_rest = std::chrono::minutes(10);

  EngineRests(Clock& clock, std::size_t engines, Duration rest)
      : clock_(clock), rest_(rest), engines_(engines) {}

  enum class Turn {
    free,    ///< it is well
    trial,   ///< the asker finds out: well(), failed() or let_go() follows
    resting  ///< use another one
  };
  Turn ask(std::size_t engine);
  void well(std::size_t engine);
  /// It rests, for longer when `error` says so. What is wrong with a request alone is no reason.
  void failed(std::size_t engine, const Error& error);
  /// A trial that ended without an answer: the next asker tries.
  void let_go(std::size_t engine);
  bool is_well(std::size_t engine) const;

 private:
  struct Standing {
    bool is_well = true;
    TimePoint until{};  ///< of the rest, or of the trial that runs
  };
  Clock& clock_;
  const Duration rest_;
  mutable std::mutex mutex_;
  std::vector<Standing> engines_;
};

/// Whether an engine is to blame, rather than what it was asked.
bool is_engines_fault(Errc code) noexcept;

}  // namespace parley::speech
