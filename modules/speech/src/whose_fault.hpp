#pragma once
#include "parley/base/error.hpp"

namespace parley::speech {

/// Whether an engine is to blame, rather than what it was asked.
constexpr bool is_engines_fault(Errc code) noexcept {
  return code != Errc::invalid && code != Errc::not_found && code != Errc::too_large &&
         code != Errc::unsupported;
}

}  // namespace parley::speech
