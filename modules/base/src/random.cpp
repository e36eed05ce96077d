#include "parley/base/random.hpp"

#include <sodium.h>

#include <vector>

#include "parley/base/strings.hpp"

namespace parley {

std::uint64_t Random::next_u64() {
  std::uint64_t value = 0;
  fill(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

double Random::next_unit() { return static_cast<double>(next_u64() >> 11) * 0x1.0p-53; }

std::string Random::token(std::size_t bytes) {
  std::vector<std::byte> raw(bytes);
  fill(raw);
  return base64url_encode(raw);
}

void SystemRandom::fill(std::span<std::byte> bytes) { randombytes_buf(bytes.data(), bytes.size()); }

void SeededRandom::fill(std::span<std::byte> bytes) {
  // SplitMix64: a full-period generator with one word of state (Steele, Lea, Flood 2014).
  std::size_t i = 0;
  while (i < bytes.size()) {
    constexpr std::uint64_t step = 0x9e3779b97f4a7c15;
    std::uint64_t z = std::atomic_ref(state_).fetch_add(step) + step;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    for (int shift = 0; shift < 64 && i < bytes.size(); shift += 8)
      bytes[i++] = static_cast<std::byte>(z >> shift);
  }
}

}  // namespace parley
