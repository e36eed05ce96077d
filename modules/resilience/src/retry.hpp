#pragma once
#include <algorithm>

#include "parley/base/random.hpp"
#include "parley/resilience/policy.hpp"

namespace parley::resilience {

/// The service answered that we were wrong: it is well.
bool is_callers_error(Errc code) noexcept;
/// Whether the same call may go out again after this.
bool may_retry(Errc code, Repeat repeat) noexcept;
/// Whether doing it another way cannot make it happen twice.
bool nothing_happened(Errc code, Repeat repeat) noexcept;
/// The pause before retry `number` (1 is the first): full jitter, on top of Retry-After.
Duration pause_before(int number, const PolicyOptions::Retry& options, const Error& error,
                      Random& random);

/// How many retries can be paid for. Its Policy holds the lock.
class RetryBudget {
 public:
  explicit RetryBudget(const PolicyOptions::Retry& options)
      : share_(options.budget_percent / 100.0), most_(options.budget_burst), saved_(most_) {}
  void earn() { saved_ = std::min(most_, saved_ + share_); }
  bool spend() {
    // Sums of a tenth at a time are not quite one.
    if (saved_ < 1 - 1e-9) return false;
    saved_ = std::max(0.0, saved_ - 1);
    return true;
  }
  void reset() { saved_ = most_; }
  double saved() const { return saved_; }

 private:
  double share_;
  double most_;
  double saved_;
};

}  // namespace parley::resilience
