#include "rest.hpp"

#include "parley/base/strings.hpp"
#include "parley/net/retry_after.hpp"

namespace parley::providers::twilio {

net::OutgoingRequest rest_request(const Options& options, net::Method method, std::string_view path,
                                  std::string form) {
  net::OutgoingRequest request;
  request.method = method;
  request.url = options.api_url + "/2010-04-01/Accounts/" + url_encode(options.account_sid);
  request.url += path;
  auto credentials = options.account_sid + ":" + options.auth_token;
  request.headers.set("Authorization", "Basic " + base64_encode(as_bytes(credentials)));
  request.headers.set("Accept", "application/json");
  if (method == net::Method::post) {
    request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    request.body = std::move(form);
  }
  return request;
}

Error rest_error(const net::HttpResponse& response, const Clock& clock) {
  if (response.status == 401) return {Errc::forbidden, "Twilio refused the credentials"};
  auto code = Errc::unavailable;
  if (response.status == 429) code = Errc::rate_limited;
  if (response.status == 404) code = Errc::not_found;
  if (response.status == 400 || response.status == 409) code = Errc::conflict;
  Error error{code, "Twilio answered " + std::to_string(response.status)};
  error.retry_after = net::retry_after(response, clock.wall());
  return error;
}

}  // namespace parley::providers::twilio
