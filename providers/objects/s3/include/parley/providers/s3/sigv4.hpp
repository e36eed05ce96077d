#pragma once
#include <string>
#include <string_view>

#include "parley/net/http.hpp"

namespace parley::s3 {

struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  ///< of temporary credentials; else empty
};

/// A request as Signature Version 4 sees it. Everything is decoded: the signer encodes.
struct Signable {
  std::string method;  ///< "GET"
  std::string path = "/";
  net::Fields query;
  net::Headers headers;  ///< those to be signed, `host` among them
  /// Lower-case hex SHA-256 of the body, or unsigned_payload.
  std::string payload_hash;
};

inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";

/// For what a signature holds: the service is always S3.
struct SigningScope {
  std::string region;
  WallTime at;
};

std::string sha256_hex(std::string_view bytes);
/// Each segment percent-encoded once, as S3 signs it.
std::string encode_path(std::string_view path);
/// Encoded and sorted, as it is signed and as it may be sent.
std::string canonical_query(const net::Fields& query);
/// "20260115T123456Z".
std::string amz_date(WallTime at);

std::string canonical_request(const Signable& request);
/// Lower-case hex.
std::string signature(const Signable& request, const std::string& secret_key,
                      const SigningScope& scope);
/// "host;x-amz-date": what `request` signs.
std::string signed_header_names(const Signable& request);

/// Adds x-amz-date, x-amz-content-sha256, x-amz-security-token and Authorization.
void sign(Signable& request, const Credentials& credentials, const SigningScope& scope);
/// The query of a link that needs no headers but those signed, for `lifetime` (1 s to 7 days).
std::string presigned_query(Signable request, const Credentials& credentials,
                            const SigningScope& scope, std::chrono::seconds lifetime);

}  // namespace parley::s3
