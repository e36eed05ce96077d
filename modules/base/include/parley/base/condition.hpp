#pragma once
#include <string>

namespace parley {

/// How something that can be done without is at this moment: what a health check reads and an
/// operator sees. Degraded: it is away, and what stands in for it inside the process is used.
struct Condition {
  enum class Is { well, degraded } is = Is::well;
  std::string reason;  ///< of a degraded one; without secrets

  bool well() const noexcept { return is == Is::well; }
  static Condition degraded(std::string why) { return {Is::degraded, std::move(why)}; }
};

}  // namespace parley
