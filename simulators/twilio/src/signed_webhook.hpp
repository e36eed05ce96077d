#pragma once
#include "parley/net/client.hpp"

namespace parley::simulators {

/// What Twilio tells or asks a server. GET carries the form in the query.
struct SignedWebhook {
  std::string signed_url;  ///< as the world knows it: what is signed
  std::string url;         ///< where it is sent; the fragment is not
  net::Method method = net::Method::post;
  net::Fields form;
};

/// Sends it once, and once more when no connection came about, as Twilio does unless told
/// otherwise. Errors: those of HttpClient.
Task<net::HttpResponse> post_signed(net::HttpClient& http, Context ctx, std::string auth_token,
                                    SignedWebhook webhook);

}  // namespace parley::simulators
