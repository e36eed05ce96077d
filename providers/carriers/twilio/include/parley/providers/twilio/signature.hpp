#pragma once
#include <string>
#include <string_view>

#include "parley/net/http.hpp"

namespace parley::providers::twilio {

/// X-Twilio-Signature: base64(HMAC-SHA1(auth token, url + sorted form parameters)). `url` is
/// exactly what Twilio requested, percent-encoding untouched. A repeated parameter counts once per
/// distinct value. Source: npm twilio 6.2.0 lib/webhooks/webhooks.js.
std::string sign(std::string_view auth_token, std::string_view url, const net::Fields& form);

/// Constant-time comparison; accepts the signature over the URL with and without its default port,
/// since Twilio may have included it.
bool verify(std::string_view auth_token, std::string_view url, const net::Fields& form,
            std::string_view signature);

/// For JSON webhooks: the URL carries ?bodySHA256=<hex>, the form is empty, and both must hold.
bool verify_body(std::string_view auth_token, std::string_view url, std::string_view body,
                 std::string_view signature);

}  // namespace parley::providers::twilio
