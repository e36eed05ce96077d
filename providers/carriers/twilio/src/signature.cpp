#include "parley/providers/twilio/signature.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <map>
#include <set>

#include "parley/base/strings.hpp"

namespace parley::providers::twilio {

namespace {

bool equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

/// Where the authority of an absolute URL ends.
struct UrlParts {
  std::string_view scheme;     // "https://"
  std::string_view authority;  // "user@host:port"
  std::string_view rest;       // "/path?query"
};

UrlParts split_url(std::string_view url) {
  auto scheme_end = url.find("://");
  auto start = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
  auto end = std::min(url.find_first_of("/?", start), url.size());
  return {url.substr(0, start), url.substr(start, end - start), url.substr(end)};
}

std::string without_port(std::string_view url) {
  auto parts = split_url(url);
  auto colon = parts.authority.rfind(':');
  if (colon == std::string_view::npos || parts.authority.find(']', colon) != std::string_view::npos)
    return std::string(url);
  return std::string(parts.scheme) + std::string(parts.authority.substr(0, colon)) +
         std::string(parts.rest);
}

/// Twilio's own library adds 443 for https and 80 for anything else, wss included.
std::string with_default_port(std::string_view url) {
  auto bare = without_port(url);
  auto parts = split_url(bare);
  auto* port = parts.scheme == "https://" ? ":443" : ":80";
  return std::string(parts.scheme) + std::string(parts.authority) + port + std::string(parts.rest);
}

}  // namespace

std::string sign(std::string_view auth_token, std::string_view url, const net::Fields& form) {
  std::map<std::string_view, std::set<std::string_view>> sorted;
  for (auto& [name, value] : form) sorted[name].insert(value);
  std::string message(url);
  for (auto& [name, values] : sorted) {
    for (auto& value : values) {
      message += name;
      message += value;
    }
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int length = 0;
  HMAC(EVP_sha1(), auth_token.data(), static_cast<int>(auth_token.size()),
       reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest.data(),
       &length);
  return base64_encode(std::as_bytes(std::span(digest.data(), length)));
}

bool verify(std::string_view auth_token, std::string_view url, const net::Fields& form,
            std::string_view signature) {
  // All are computed, so that the time tells nothing about which one matched.
  bool as_given = equal(sign(auth_token, url, form), signature);
  bool bare = equal(sign(auth_token, without_port(url), form), signature);
  bool with_port = equal(sign(auth_token, with_default_port(url), form), signature);
  return as_given || bare || with_port;
}

bool verify_body(std::string_view auth_token, std::string_view url, std::string_view body,
                 std::string_view signature) {
  constexpr std::string_view parameter = "bodySHA256=";
  auto at = url.find(parameter);
  if (at == std::string_view::npos) return false;
  auto claimed = url.substr(at + parameter.size());
  claimed = claimed.substr(0, claimed.find('&'));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int length = 0;
  EVP_Digest(body.data(), body.size(), digest.data(), &length, EVP_sha256(), nullptr);
  bool body_matches = equal(to_hex(std::as_bytes(std::span(digest.data(), length))), claimed);
  return verify(auth_token, url, {}, signature) && body_matches;
}

}  // namespace parley::providers::twilio
