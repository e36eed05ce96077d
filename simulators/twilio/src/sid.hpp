#pragma once
#include <string>

#include "parley/base/random.hpp"
#include "parley/base/strings.hpp"

namespace parley::simulators {

/// Two letters of the kind and 32 hex digits.
inline std::string make_sid(std::string_view prefix, Random& random) {
  std::array<std::byte, 16> bytes;
  random.fill(bytes);
  return std::string(prefix) + to_hex(bytes);
}

}  // namespace parley::simulators
