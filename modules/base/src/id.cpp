#include "parley/base/id.hpp"

#include <array>

namespace parley {

std::string make_ulid(WallTime time, Random& random) {
  constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string text(26, '0');
  auto milliseconds = static_cast<std::uint64_t>(time.time_since_epoch().count());
  for (std::size_t i = 10; i-- > 0; milliseconds >>= 5) text[i] = alphabet[milliseconds & 31];
  std::array<std::byte, 16> bytes;
  random.fill(bytes);
  for (std::size_t i = 0; i < 16; ++i)
    text[10 + i] = alphabet[std::to_integer<std::size_t>(bytes[i]) & 31];
  return text;
}

}  // namespace parley
