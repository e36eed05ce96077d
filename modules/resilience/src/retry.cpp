#include "retry.hpp"

namespace parley::resilience {

bool is_callers_error(Errc code) noexcept {
  switch (code) {
    case Errc::invalid:
    case Errc::unauthenticated:
    case Errc::forbidden:
    case Errc::not_found:
    case Errc::conflict:
    case Errc::too_large:
    case Errc::unsupported:
    case Errc::end_of_stream:
      return true;
    case Errc::rate_limited:
    case Errc::unavailable:
    case Errc::timeout:
    case Errc::outcome_unknown:
    case Errc::corrupt:
    case Errc::resource_exhausted:
      break;
  }
  return false;
}

bool nothing_happened(Errc code, Repeat repeat) noexcept {
  bool perhaps = code == Errc::outcome_unknown || code == Errc::corrupt;
  return !perhaps || repeat == Repeat::safe;
}

bool may_retry(Errc code, Repeat repeat) noexcept {
  return !is_callers_error(code) && code != Errc::resource_exhausted &&
         nothing_happened(code, repeat);
}

Duration pause_before(int number, const PolicyOptions::Retry& options, const Error& error,
                      Random& random) {
  auto longest = options.first_pause;
  for (int i = 1; i < number && longest < options.longest_pause; ++i) longest *= 2;
  longest = std::min(longest, options.longest_pause);
  auto jitter = random.next_unit() * static_cast<double>(longest.count());
  return error.retry_after + Duration(static_cast<Duration::rep>(jitter));
}

}  // namespace parley::resilience
