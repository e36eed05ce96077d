#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace parley {

/// The only source of randomness. Production uses SystemRandom (the operating system's generator,
/// fit for tokens), simulations a seeded one. Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte> bytes) = 0;

  std::uint64_t next_u64();
  /// Uniform in [0, 1).
  double next_unit();
  /// URL-safe base64 text of `bytes` random bytes, without padding: one-time tokens, secrets.
  std::string token(std::size_t bytes = 32);
};

class SystemRandom final : public Random {
 public:
  void fill(std::span<std::byte> bytes) override;
};

/// The same bytes for the same seed: simulations only.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<std::byte> bytes) override;

 private:
  std::uint64_t state_;
};

}  // namespace parley
