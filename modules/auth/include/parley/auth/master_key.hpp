#pragma once
#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "parley/base/error.hpp"
#include "parley/base/random.hpp"

namespace parley::auth {

using SecretKey = std::array<std::byte, 32>;

/// The installation's one secret, from which the key of each purpose is derived, so that none of
/// them tells anything about another. Losing it ends every session and voids calendar links.
class MasterKey {
 public:
  /// Reads the key from `file` (made with mode 0600 if it is missing, safely when several processes
  /// start together). Errors: unavailable (unreadable folder), forbidden (other users may read the
  /// file), corrupt (not 32 bytes of base64url).
  static Result<MasterKey> load_or_create(const std::filesystem::path& file, Random& random);
  /// Base64url text of 32 bytes: several nodes share it by configuration. Errors: invalid.
  static Result<MasterKey> from_text(std::string_view text);
  static MasterKey make(Random& random);

  SecretKey derive(std::string_view purpose) const;

 private:
  explicit MasterKey(SecretKey key) : key_(key) {}
  SecretKey key_;
};

/// XChaCha20-Poly1305 with a random nonce in front; `about` is authenticated, not stored: what was
/// sealed for one row does not open in another.
std::string seal(const SecretKey& key, std::string_view plain, std::string_view about);
/// Errors: corrupt (wrong key, wrong `about`, altered).
Result<std::string> unseal(const SecretKey& key, std::string_view sealed, std::string_view about);

/// Tokens for addresses that must work without signing in, such as a calendar feed: not stored,
/// bound to purpose, organization and thing. Thread-safe.
class LinkSigner {
 public:
  explicit LinkSigner(const MasterKey& master) : key_(master.derive("links")) {}
  std::string token(std::string_view purpose, std::string_view organization,
                    std::string_view thing) const;
  /// The organization the token was made for. Errors: unauthenticated.
  Result<std::string> check(std::string_view purpose, std::string_view thing,
                            std::string_view token) const;

 private:
  SecretKey key_;
};

}  // namespace parley::auth
