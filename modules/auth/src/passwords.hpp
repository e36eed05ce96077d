#pragma once
#include <optional>
#include <string>

#include "parley/auth/auth.hpp"

namespace parley::auth {

/// 8 to 256 bytes of text, and not the email. Errors: invalid.
Result<void> check_password_rules(std::string_view password, std::string_view email);

/// Lower case, trimmed, one @ with something on both sides. Errors: invalid.
Result<std::string> normalize_email(std::string_view text);

/// SHA-256 in hex: for random tokens and keys, which need no slow hash.
std::string token_hash(std::string_view token);

/// Argon2id on the pool, never on an I/O thread.
class Passwords {
 public:
  Passwords(WorkerPool& pool, Random& random, const AuthOptions& options);

  /// Errors: rate_limited (the pool's queue is full), resource_exhausted (no memory).
  Task<std::string> hash(std::string password);

  struct Check {
    bool matches = false;
    bool outdated = false;  ///< matches, but was made with other parameters
  };
  /// Without a hash the same work is done for nothing, so that time does not tell which emails
  /// exist.
  Task<Check> verify(std::string password, std::optional<std::string> hash);

 private:
  WorkerPool& pool_;
  std::size_t passes_;
  std::size_t memory_;
  std::string decoy_;
};

}  // namespace parley::auth
