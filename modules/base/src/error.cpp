#include "parley/base/error.hpp"

namespace parley {

std::string_view to_string(Errc code) noexcept {
  switch (code) {
    case Errc::invalid:
      return "invalid";
    case Errc::unauthenticated:
      return "unauthenticated";
    case Errc::forbidden:
      return "forbidden";
    case Errc::not_found:
      return "not_found";
    case Errc::conflict:
      return "conflict";
    case Errc::too_large:
      return "too_large";
    case Errc::unsupported:
      return "unsupported";
    case Errc::rate_limited:
      return "rate_limited";
    case Errc::unavailable:
      return "unavailable";
    case Errc::timeout:
      return "timeout";
    case Errc::outcome_unknown:
      return "outcome_unknown";
    case Errc::end_of_stream:
      return "end_of_stream";
    case Errc::corrupt:
      return "corrupt";
    case Errc::resource_exhausted:
      return "resource_exhausted";
  }
  return "unknown";
}

}  // namespace parley
