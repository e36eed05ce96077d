#pragma once
#include <string>
#include <string_view>

#include "parley/base/clock.hpp"
#include "parley/base/random.hpp"

namespace parley::webhooks {

/// How far a signed time may be from ours, either way.
inline constexpr Duration timestamp_tolerance = 5min;

/// 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view message);

/// Both in the same time, whatever differs.
bool equal_in_constant_time(std::string_view a, std::string_view b);

/// Of incoming generic webhooks: hex HMAC-SHA256 over "<timestamp>.<raw body>", the key being the
/// secret's text as it is.
std::string generic_signature(std::string_view secret, std::string_view timestamp,
                              std::string_view body);

struct GenericHeaders {
  std::string_view signature;  ///< x-webhook-signature: 64 hex digits, "sha256=" before them or not
  std::string_view timestamp;  ///< x-webhook-timestamp: Unix seconds
};
enum class Verdict { good, bad_signature, stale };
Verdict check_generic(std::string_view secret, GenericHeaders headers, std::string_view body,
                      WallTime now);

/// A secret of Standard Webhooks: "whsec_" and the base64 of 24 to 64 random bytes.
class StandardSecret {
 public:
  static StandardSecret make(Random& random);  ///< of 32 bytes
  /// Errors: invalid.
  static Result<StandardSecret> parse(std::string_view text);

  std::string text() const;
  /// "v1,<base64 HMAC-SHA256 of id.timestamp.body>", the timestamp in Unix seconds.
  std::string sign(std::string_view id, WallTime time, std::string_view body) const;

 private:
  explicit StandardSecret(std::string key) : key_(std::move(key)) {}
  std::string key_;
};

}  // namespace parley::webhooks
