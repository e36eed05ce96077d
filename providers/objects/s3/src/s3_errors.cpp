#include "s3_errors.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "parley/providers/s3/xml.hpp"

namespace parley::s3 {

namespace {

struct Meaning {
  std::string_view code;  ///< S3's
  Errc errc;
  std::string_view what;
};

constexpr std::array meanings{
    Meaning{"NoSuchKey", Errc::not_found, "no such object"},
    Meaning{"NoSuchUpload", Errc::not_found, "no such upload"},
    Meaning{"NoSuchBucket", Errc::invalid, "the bucket does not exist: see objects.url"},
    Meaning{"InvalidAccessKeyId", Errc::forbidden,
            "the access key is not known there: see s3.access_key_id"},
    Meaning{"SignatureDoesNotMatch", Errc::forbidden,
            "the secret key does not belong to the access key: see s3.secret_access_key"},
    Meaning{"ExpiredToken", Errc::forbidden, "the session token has expired: see s3.session_token"},
    Meaning{"RequestTimeTooSkewed", Errc::forbidden,
            "this machine's clock is more than 15 minutes off"},
    Meaning{"AccessDenied", Errc::forbidden,
            "the access key may not do this in the bucket: it needs to get, put and delete "
            "objects"},
    Meaning{"PermanentRedirect", Errc::invalid,
            "the bucket is in another region: see objects.region"},
    Meaning{"AuthorizationHeaderMalformed", Errc::invalid,
            "the bucket is in another region: see objects.region"},
    Meaning{"QuotaExceeded", Errc::resource_exhausted, "the storage is full"},
    Meaning{"XMinioStorageFull", Errc::resource_exhausted, "the storage is full"},
    Meaning{"SlowDown", Errc::unavailable, "S3 asks to slow down"},
    Meaning{"ServiceUnavailable", Errc::unavailable, "S3 is not available"},
    Meaning{"InternalError", Errc::unavailable, "S3 has an internal error"},
    Meaning{"RequestTimeout", Errc::unavailable, "the upload was too slow for S3"}};

Errc by_status(int status) {
  if (status < 300) return Errc::unavailable;  // an error page all the same
  if (status == 404) return Errc::not_found;
  if (status == 401 || status == 403) return Errc::forbidden;
  if (status == 409 || status == 412) return Errc::conflict;
  if (status == 416) return Errc::end_of_stream;
  if (status == 507) return Errc::resource_exhausted;
  if (status == 408 || status == 429 || status >= 500) return Errc::unavailable;
  return Errc::invalid;
}

std::string_view plain(Errc code) {
  switch (code) {
    case Errc::not_found:
      return "no such object";
    case Errc::end_of_stream:
      return "beyond the object's end";
    case Errc::forbidden:
      return "S3 refuses the access key, or what it may do in the bucket";
    case Errc::resource_exhausted:
      return "the storage is full";
    case Errc::invalid:
      return "S3 does not understand the request: see objects.endpoint and objects.region";
    default:
      return "S3 is not available";
  }
}

}  // namespace

Error error_of(const net::HttpResponse& response) {
  auto code = xml_text(response.body, "Code");
  Error error;
  error.code = by_status(response.status);
  std::string_view what = plain(error.code);
  for (auto& meaning : meanings) {
    if (meaning.code != code) continue;
    error.code = meaning.errc;
    what = meaning.what;
  }
  // The server's own words may quote keys and names: its code says enough.
  error.detail = fmt::format("{} ({}{}{})", what, response.status, code.empty() ? "" : " ", code);
  if (auto after = response.headers.get("Retry-After")) {
    int seconds = 0;
    auto read = std::from_chars(after->data(), after->data() + after->size(), seconds);
    if (read.ec == std::errc() && seconds > 0) error.retry_after = std::chrono::seconds(seconds);
  }
  return error;
}

bool is_error_page(const net::HttpResponse& response) {
  return response.status >= 300 || response.body.contains("<Error>");
}

}  // namespace parley::s3
