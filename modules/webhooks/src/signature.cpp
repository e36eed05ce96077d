#include "parley/webhooks/signature.hpp"

#include <sodium.h>

#include <array>
#include <charconv>

#include "parley/base/strings.hpp"

namespace parley::webhooks {

namespace {

constexpr std::string_view secret_prefix = "whsec_";
constexpr std::size_t new_key_bytes = 32;
constexpr std::size_t min_key_bytes = 24;
constexpr std::size_t max_key_bytes = 64;

const unsigned char* raw(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool is_fresh(std::string_view timestamp, WallTime now) {
  std::int64_t seconds = 0;
  auto [end, ec] = std::from_chars(timestamp.data(), timestamp.data() + timestamp.size(), seconds);
  // Before the year 10000, so that no arithmetic overflows.
  if (ec != std::errc() || end != timestamp.data() + timestamp.size() || seconds < 0 ||
      seconds > 253'402'300'799)
    return false;
  auto away = now - WallTime(std::chrono::seconds(seconds));
  return std::chrono::abs(away) <= timestamp_tolerance;
}

}  // namespace

std::string hmac_sha256(std::string_view key, std::string_view message) {
  crypto_auth_hmacsha256_state state;
  std::string mac(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256_init(&state, raw(key), key.size());
  crypto_auth_hmacsha256_update(&state, raw(message), message.size());
  crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char*>(mac.data()));
  return mac;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string generic_signature(std::string_view secret, std::string_view timestamp,
                              std::string_view body) {
  std::string signed_text(timestamp);
  signed_text += '.';
  signed_text += body;
  return to_hex(as_bytes(hmac_sha256(secret, signed_text)));
}

Verdict check_generic(std::string_view secret, GenericHeaders headers, std::string_view body,
                      WallTime now) {
  auto given = to_lower(headers.signature);
  if (given.starts_with("sha256=")) given.erase(0, 7);
  if (!equal_in_constant_time(given, generic_signature(secret, headers.timestamp, body)))
    return Verdict::bad_signature;
  return is_fresh(headers.timestamp, now) ? Verdict::good : Verdict::stale;
}

StandardSecret StandardSecret::make(Random& random) {
  std::string key(new_key_bytes, '\0');
  random.fill(std::as_writable_bytes(std::span(key)));
  return StandardSecret(std::move(key));
}

Result<StandardSecret> StandardSecret::parse(std::string_view text) {
  if (!text.starts_with(secret_prefix)) return fail(Errc::invalid, "a secret starts with whsec_");
  auto bytes = base64_decode(text.substr(secret_prefix.size()));
  if (!bytes || bytes->size() < min_key_bytes || bytes->size() > max_key_bytes)
    return fail(Errc::invalid, "a secret is whsec_ and the base64 of 24 to 64 bytes");
  return StandardSecret(std::string(as_text(*bytes)));
}

std::string StandardSecret::text() const {
  return std::string(secret_prefix) + base64_encode(as_bytes(key_));
}

std::string StandardSecret::sign(std::string_view id, WallTime time, std::string_view body) const {
  auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::string signed_text(id);
  signed_text += '.' + std::to_string(seconds) + '.';
  signed_text += body;
  return "v1," + base64_encode(as_bytes(hmac_sha256(key_, signed_text)));
}

}  // namespace parley::webhooks
