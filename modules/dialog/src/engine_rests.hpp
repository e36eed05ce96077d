#pragma once
#include <mutex>
#include <vector>

#include "parley/base/clock.hpp"

namespace parley::dialog {

/// Which engines are left alone for a while. Thread-safe.
class EngineRests {
 public:
  EngineRests(std::size_t engines, Duration first, Duration longest)
      : first_(first), longest_(longest), engines_(engines) {}

  /// One use of an engine. Let go of without a word, it counts for nothing.
  class Use {
   public:
    Use() = default;
    Use(EngineRests& rests, std::size_t engine, bool is_trial)
        : rests_(&rests), engine_(engine), is_trial_(is_trial) {}
    Use(Use&& other) noexcept { *this = std::move(other); }
    Use& operator=(Use&& other) noexcept {
      end();
      rests_ = std::exchange(other.rests_, nullptr);
      engine_ = other.engine_;
      is_trial_ = other.is_trial_;
      return *this;
    }
    ~Use() { end(); }
    void succeeded();
    /// It rests from `now` on, at least `at_least`.
    void failed(TimePoint now, Duration at_least);

   private:
    void end();
    EngineRests* rests_ = nullptr;
    std::size_t engine_ = 0;
    bool is_trial_ = false;
  };

  /// Nothing while it rests, or while its trial runs.
  std::optional<Use> use(std::size_t engine, TimePoint now);

 private:
  struct Engine {
    int failures = 0;  ///< in a row
    TimePoint rests_until = TimePoint::min();
    bool is_on_trial = false;
  };
  const Duration first_;
  const Duration longest_;
  std::mutex mutex_;
  std::vector<Engine> engines_;  ///< under mutex_
};

}  // namespace parley::dialog
