#pragma once
#include <string>
#include <vector>

#include "parley/net/client.hpp"

namespace parley::simulators {

/// One webhook, and how it is sent.
struct WebhookToSend {
  enum class Scheme {
    generic,  ///< x-webhook-signature and -timestamp, as Parley's own endpoint reads them
    standard  ///< Standard Webhooks
  };
  std::string url;
  Scheme scheme = Scheme::generic;
  std::string secret;  ///< of standard: whsec_...
  std::string body;
  std::string id = "msg_1";  ///< of standard
  Duration age{};            ///< its signed time is so long ago; negative: ahead
  std::size_t times = 1;     ///< all at once, 100 at most
};

/// Sends it, and gives the status of each answer, 0 where none came. Errors: invalid (a secret that
/// is none, or too many times).
Task<std::vector<int>> send_webhook(net::HttpClient& http, Clock& clock, Context ctx,
                                    WebhookToSend webhook);

}  // namespace parley::simulators
