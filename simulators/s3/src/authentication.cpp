#include "authentication.hpp"

#include <algorithm>
#include <charconv>

#include "parley/base/strings.hpp"

namespace parley::simulators {

namespace {

constexpr auto most_skew = std::chrono::minutes(15);
constexpr int longest_link_seconds = 604'800;

/// What a request claims about its signature.
struct Claim {
  std::string credential;
  std::string signed_headers;
  std::string signature;
  std::string date;
  std::string payload_hash;
  int lifetime_seconds = 0;  ///< 0: not a presigned link
};

std::unexpected<S3Refusal> malformed() {
  return refuse_s3(400, "AuthorizationHeaderMalformed", "The authorization header is malformed");
}

std::string part_of(std::string_view header, std::string_view name) {
  auto at = header.find(name);
  if (at == std::string_view::npos) return "";
  auto value = header.substr(at + name.size());
  return std::string(trim(value.substr(0, value.find(','))));
}

S3Result<Claim> claim_of(const net::HttpRequest& request) {
  auto query = [&](std::string_view name) {
    return std::string(net::find_field(request.query, name).value_or(""));
  };
  auto header = [&](std::string_view name) {
    return std::string(request.headers.get(name).value_or(""));
  };
  Claim claim;
  if (auto authorization = header("Authorization"); !authorization.empty()) {
    if (!authorization.starts_with("AWS4-HMAC-SHA256 ")) return malformed();
    claim.credential = part_of(authorization, "Credential=");
    claim.signed_headers = part_of(authorization, "SignedHeaders=");
    claim.signature = part_of(authorization, "Signature=");
    claim.date = header("x-amz-date");
    claim.payload_hash = header("x-amz-content-sha256");
    if (claim.payload_hash.empty())
      return refuse_s3(400, "InvalidRequest", "Missing required header: x-amz-content-sha256");
    return claim;
  }
  if (query("X-Amz-Algorithm") != "AWS4-HMAC-SHA256")
    return refuse_s3(403, "AccessDenied", "Access Denied");
  claim.credential = query("X-Amz-Credential");
  claim.signed_headers = query("X-Amz-SignedHeaders");
  claim.signature = query("X-Amz-Signature");
  claim.date = query("X-Amz-Date");
  claim.payload_hash = s3::unsigned_payload;
  auto expires = query("X-Amz-Expires");
  std::from_chars(expires.data(), expires.data() + expires.size(), claim.lifetime_seconds);
  if (claim.lifetime_seconds < 1 || claim.lifetime_seconds > longest_link_seconds)
    return refuse_s3(400, "AuthorizationQueryParametersError",
                     "X-Amz-Expires must be between 1 and 604800");
  return claim;
}

/// "20260115T123456Z".
std::optional<WallTime> time_of(std::string_view date) {
  if (date.size() != 16 || date[8] != 'T' || date[15] != 'Z') return std::nullopt;
  bool good = true;
  auto number = [&](std::size_t at, std::size_t digits) {
    unsigned value = 0;
    auto text = date.substr(at, digits);
    auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    good = good && read.ec == std::errc() && read.ptr == text.data() + text.size();
    return value;
  };
  std::chrono::year_month_day day{std::chrono::year(static_cast<int>(number(0, 4))),
                                  std::chrono::month(number(4, 2)), std::chrono::day(number(6, 2))};
  auto hour = std::chrono::hours(number(9, 2));
  auto minute = std::chrono::minutes(number(11, 2));
  auto second = std::chrono::seconds(number(13, 2));
  if (!good || !day.ok()) return std::nullopt;
  return WallTime(std::chrono::sys_days(day)) + hour + minute + second;
}

S3Result<void> check_time(const Claim& claim, WallTime at, WallTime now) {
  bool is_link = claim.lifetime_seconds > 0;
  if (is_link && now > at + std::chrono::seconds(claim.lifetime_seconds))
    return refuse_s3(403, "AccessDenied", "Request has expired");
  if (at > now + most_skew || (!is_link && at < now - most_skew))
    return refuse_s3(403, "RequestTimeTooSkewed",
                     "The difference between the request time and the current time is too large.");
  return {};
}

S3Result<void> check_body(const Claim& claim, std::string_view body) {
  if (claim.payload_hash == s3::unsigned_payload) return {};
  if (claim.payload_hash.starts_with("STREAMING-"))
    return refuse_s3(501, "NotImplemented", "Bodies in signed chunks are not implemented");
  if (claim.payload_hash != s3::sha256_hex(body))
    return refuse_s3(
        400, "XAmzContentSHA256Mismatch",
        "The provided 'x-amz-content-sha256' header does not match what was computed.");
  return {};
}

}  // namespace

S3Result<void> check_signature(const net::HttpRequest& request, const s3::Credentials& credentials,
                               const std::string& region, WallTime now) {
  auto claim = claim_of(request);
  if (!claim) return std::unexpected(claim.error());
  auto scope = split(claim->credential, '/');
  if (scope.size() != 5 || scope[3] != "s3" || scope[4] != "aws4_request") return malformed();
  if (scope[0] != credentials.access_key)
    return refuse_s3(403, "InvalidAccessKeyId",
                     "The AWS Access Key Id you provided does not exist in our records.");
  if (scope[2] != region)
    return refuse_s3(400, "AuthorizationHeaderMalformed",
                     "The region '" + scope[2] + "' is wrong; expecting '" + region + "'");
  auto at = time_of(claim->date);
  if (!at || claim->date.substr(0, 8) != scope[1]) return malformed();
  if (auto good = check_time(*claim, *at, now); !good) return good;

  s3::Signable signable;
  signable.method = net::to_string(request.method);
  signable.path = request.path;
  for (auto& field : request.query)
    if (field.first != "X-Amz-Signature") signable.query.push_back(field);
  auto names = split(claim->signed_headers, ';');
  for (auto& name : names)
    signable.headers.set(name, std::string(request.headers.get(name).value_or("")));
  auto is_signed = [&](std::string_view name) {
    return std::ranges::find(names, name) != names.end();
  };
  for (auto& [name, value] : request.headers.all())
    if (auto lower = to_lower(name); lower.starts_with("x-amz-") && !is_signed(lower))
      return refuse_s3(403, "AccessDenied", "There were headers present which were not signed");
  if (!is_signed("host")) return malformed();
  signable.payload_hash = claim->payload_hash;
  if (s3::signature(signable, credentials.secret_key, {region, *at}) != claim->signature)
    return refuse_s3(403, "SignatureDoesNotMatch",
                     "The request signature we calculated does not match the signature you "
                     "provided. Check your key and signing method.");
  return check_body(*claim, request.body);
}

}  // namespace parley::simulators
