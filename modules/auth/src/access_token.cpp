#include "access_token.hpp"

#include <sodium.h>

#include "parley/base/json.hpp"
#include "parley/base/strings.hpp"

namespace parley::auth {

namespace {

constexpr std::string_view issuer = "parley";
constexpr std::string_view type = "at+jwt";
constexpr std::size_t max_token_bytes = 4096;
/// Nodes' clocks differ a little: a token may be this much "not yet" valid.
constexpr auto clock_leeway = std::chrono::seconds(5);

std::int64_t seconds_of(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::string encode(const json::object& object) {
  auto text = json::serialize(object);
  return base64url_encode(as_bytes(text));
}

std::unexpected<Error> refused(std::string why) {
  return fail(Errc::unauthenticated, "the access token " + std::move(why));
}

Result<json::object> decode(std::string_view part) {
  auto bytes = base64url_decode(part);
  if (!bytes) return refused("is malformed");
  auto value = parse_json(as_text(*bytes));
  if (!value || !value->is_object()) return refused("is malformed");
  return std::move(value->get_object());
}

std::optional<std::string> text_of(const json::object& object, std::string_view name) {
  auto* value = object.if_contains(name);
  if (!value || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

std::optional<std::int64_t> integer_of(const json::object& object, std::string_view name) {
  auto* value = object.if_contains(name);
  if (!value || !value->is_int64()) return std::nullopt;
  return value->get_int64();
}

}  // namespace

std::string AccessTokens::mac(std::string_view message) const {
  std::array<std::byte, crypto_auth_hmacsha256_BYTES> code;
  crypto_auth_hmacsha256(reinterpret_cast<unsigned char*>(code.data()),
                         reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                         reinterpret_cast<const unsigned char*>(key_.data()));
  return base64url_encode(code);
}

std::string AccessTokens::sign(const AccessClaims& claims) const {
  json::object header{{"alg", "HS256"}, {"typ", type}};
  json::object body{{"iss", issuer},
                    {"sub", claims.user.str()},
                    {"org", claims.organization.str()},
                    {"role", to_string(claims.role)},
                    {"sid", claims.session.str()},
                    {"ver", claims.user_version},
                    {"iat", seconds_of(claims.issued)},
                    {"nbf", seconds_of(claims.issued)},
                    {"exp", seconds_of(claims.expires)}};
  auto message = encode(header) + "." + encode(body);
  return message + "." + mac(message);
}

Result<AccessClaims> AccessTokens::verify(std::string_view token, WallTime now) const {
  auto last_dot = token.rfind('.');
  auto first_dot = token.find('.');
  if (token.size() > max_token_bytes || first_dot == std::string_view::npos ||
      first_dot == last_dot || token.find('.', first_dot + 1) != last_dot)
    return refused("is malformed");
  auto given = token.substr(last_dot + 1);
  auto right = mac(token.substr(0, last_dot));
  if (given.size() != right.size() || sodium_memcmp(given.data(), right.data(), right.size()) != 0)
    return refused("was not issued here, or was altered");

  auto header = decode(token.substr(0, first_dot));
  if (!header) return std::unexpected(header.error());
  if (text_of(*header, "alg") != "HS256" || text_of(*header, "typ") != type ||
      header->contains("crit"))
    return refused("is of another kind");
  auto body = decode(token.substr(first_dot + 1, last_dot - first_dot - 1));
  if (!body) return std::unexpected(body.error());
  auto user = text_of(*body, "sub");
  auto organization = text_of(*body, "org");
  auto role = parse_role(text_of(*body, "role").value_or(""));
  auto session = text_of(*body, "sid");
  auto version = integer_of(*body, "ver");
  auto issued = integer_of(*body, "iat");
  auto not_before = integer_of(*body, "nbf");
  auto expires = integer_of(*body, "exp");
  if (text_of(*body, "iss") != issuer || !user || !organization || !role || !session || !version ||
      !issued || !not_before || !expires)
    return refused("lacks a claim");
  if (seconds_of(now + clock_leeway) < *not_before) return refused("is not valid yet");
  if (seconds_of(now) >= *expires) return refused("has expired: refresh it");

  AccessClaims claims;
  claims.user = UserId(std::move(*user));
  claims.organization = OrganizationId(std::move(*organization));
  claims.role = *role;
  claims.session = SessionId(std::move(*session));
  claims.user_version = *version;
  claims.issued = WallTime(std::chrono::seconds(*issued));
  claims.expires = WallTime(std::chrono::seconds(*expires));
  return claims;
}

}  // namespace parley::auth
