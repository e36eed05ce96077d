#pragma once
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "parley/base/clock.hpp"
#include "parley/base/error.hpp"

namespace parley::speech {

/// How long an engine that failed is left alone.
struct RestLengths {
  Duration first;    ///< and twice as long each further time in a row,
  Duration longest;  ///< up to this
};

/// Which of several engines are left alone for now, because they failed. When an engine's rest is
/// over, one call or sentence tries it, and the others wait for how that goes, for `first` at most.
/// Thread-safe.
class EngineRests {
 public:
  /// An engine that asks for a longer rest (Retry-After) gets no more than this.
  static constexpr Duration longest_asked = std::chrono::minutes(10);

  EngineRests(Clock& clock, std::size_t engines, RestLengths lengths)
      : clock_(clock), lengths_(lengths), engines_(engines) {}

  /// Leave to use an engine. When it goes before well() or failed() was told of a trial, the next
  /// asker tries. Goes before its EngineRests.
  class Leave {
   public:
    Leave() = default;
    Leave(Leave&& other) noexcept { swap(other); }
    Leave& operator=(Leave&& other) noexcept {
      Leave taken(std::move(other));
      swap(taken);
      return *this;
    }
    ~Leave() {
      if (rests_) rests_->let_go(engine_, trial_);
    }

   private:
    friend class EngineRests;
    Leave(EngineRests& rests, std::size_t engine, std::uint64_t trial)
        : rests_(&rests), engine_(engine), trial_(trial) {}
    void swap(Leave& other) noexcept {
      std::swap(rests_, other.rests_);
      std::swap(engine_, other.engine_);
      std::swap(trial_, other.trial_);
    }
    EngineRests* rests_ = nullptr;  ///< of a trial
    std::size_t engine_ = 0;
    std::uint64_t trial_ = 0;
  };

  /// Nothing: it rests, or somebody tries it.
  std::optional<Leave> ask(std::size_t engine);
  void well(std::size_t engine);
  /// It rests, for longer when `error` says so. Of several that fail at once one counts.
  void failed(std::size_t engine, const Error& error);

 private:
  struct Standing {
    int failures = 0;       ///< in a row
    TimePoint until{};      ///< of the rest, or of the trial that runs
    std::uint64_t trial{};  ///< that runs; 0: none
  };
  void let_go(std::size_t engine, std::uint64_t trial);

  Clock& clock_;
  const RestLengths lengths_;
  std::mutex mutex_;
  std::vector<Standing> engines_;  ///< under mutex_, as the next
  std::uint64_t trials_ = 0;
};

}  // namespace parley::speech
