#include "parley/providers/s3/sigv4.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <map>

#include "parley/base/strings.hpp"

namespace parley::s3 {

namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

std::string hex(std::string_view bytes) { return to_hex(as_bytes(bytes)); }

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr);
  return {reinterpret_cast<char*>(digest.data()), length};
}

std::string hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &length);
  return {reinterpret_cast<char*>(digest.data()), length};
}

/// Trimmed, with inner runs of spaces as one.
std::string settled(std::string_view value) {
  std::string out;
  for (char c : trim(value))
    if (c != ' ' || !out.ends_with(' ')) out += c;
  return out;
}

/// By lower-case name; values of one name joined in their order.
std::map<std::string, std::string> canonical_headers(const Signable& request) {
  std::map<std::string, std::string> fields;
  for (auto& [name, value] : request.headers.all()) {
    auto [at, is_new] = fields.try_emplace(to_lower(name), settled(value));
    if (!is_new) at->second += "," + settled(value);
  }
  return fields;
}

std::string scope_text(const SigningScope& scope) {
  return fmt::format("{}/{}/s3/aws4_request", amz_date(scope.at).substr(0, 8), scope.region);
}

}  // namespace

std::string sha256_hex(std::string_view bytes) { return hex(sha256(bytes)); }

std::string encode_path(std::string_view path) {
  std::vector<std::string> segments;
  for (auto& segment : split(path, '/')) segments.push_back(url_encode(segment));
  return join(segments, "/");
}

std::string amz_date(WallTime at) {
  return fmt::format("{:%Y%m%dT%H%M%SZ}", std::chrono::floor<std::chrono::seconds>(at));
}

std::string canonical_query(const net::Fields& query) {
  net::Fields encoded;
  for (auto& [name, value] : query) encoded.emplace_back(url_encode(name), url_encode(value));
  std::ranges::sort(encoded);
  std::string text;
  for (auto& [name, value] : encoded) {
    if (!text.empty()) text += '&';
    text.append(name).append("=").append(value);
  }
  return text;
}

std::string signed_header_names(const Signable& request) {
  std::string names;
  for (auto& [name, value] : canonical_headers(request)) {
    if (!names.empty()) names += ';';
    names += name;
  }
  return names;
}

std::string canonical_request(const Signable& request) {
  std::string headers;
  for (auto& [name, value] : canonical_headers(request))
    headers.append(name).append(":").append(value).append("\n");
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, encode_path(request.path),
                     canonical_query(request.query), headers, signed_header_names(request),
                     request.payload_hash);
}

std::string signature(const Signable& request, const std::string& secret_key,
                      const SigningScope& scope) {
  auto date = amz_date(scope.at);
  auto text = fmt::format("{}\n{}\n{}\n{}", algorithm, date, scope_text(scope),
                          sha256_hex(canonical_request(request)));
  auto key = hmac("AWS4" + secret_key, date.substr(0, 8));
  for (std::string_view part :
       {std::string_view(scope.region), std::string_view("s3"), std::string_view("aws4_request")})
    key = hmac(key, part);
  return hex(hmac(key, text));
}

void sign(Signable& request, const Credentials& credentials, const SigningScope& scope) {
  request.headers.set("x-amz-date", amz_date(scope.at));
  request.headers.set("x-amz-content-sha256", request.payload_hash);
  if (!credentials.session_token.empty())
    request.headers.set("x-amz-security-token", credentials.session_token);
  auto names = signed_header_names(request);
  auto proof = signature(request, credentials.secret_key, scope);
  request.headers.set("Authorization",
                      fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", algorithm,
                                  credentials.access_key, scope_text(scope), names, proof));
}

std::string presigned_query(Signable request, const Credentials& credentials,
                            const SigningScope& scope, std::chrono::seconds lifetime) {
  request.payload_hash = unsigned_payload;
  auto& query = request.query;
  query.emplace_back("X-Amz-Algorithm", algorithm);
  query.emplace_back("X-Amz-Credential", credentials.access_key + "/" + scope_text(scope));
  query.emplace_back("X-Amz-Date", amz_date(scope.at));
  query.emplace_back("X-Amz-Expires", std::to_string(lifetime.count()));
  query.emplace_back("X-Amz-SignedHeaders", signed_header_names(request));
  if (!credentials.session_token.empty())
    query.emplace_back("X-Amz-Security-Token", credentials.session_token);
  auto proof = signature(request, credentials.secret_key, scope);
  return canonical_query(query) + "&X-Amz-Signature=" + proof;
}

}  // namespace parley::s3
