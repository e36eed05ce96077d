// Recordings that the carrier makes, when there is an account to ask.
#include "wiring_impl.hpp"

namespace parley::app {

Result<void> Server::Impl::make_carrier_recordings() {
  twilio_options.account_sid = settings.text("twilio.account_sid");
  twilio_options.auth_token = settings.text("twilio.auth_token");
  twilio_options.api_url = settings.text("twilio.api_url");
  if (twilio_options.auth_token.empty()) {
    auto kept = kept_secret(twilio_token_file(settings), random);
    if (!kept) return std::unexpected(kept.error());
    twilio_options.auth_token = *kept;
  }
  auto policy = service_policies->add("twilio");
  if (!policy) return std::unexpected(policy.error());
  twilio_policy = *policy;
  if (twilio_options.account_sid.empty()) return {};
  twilio_recorder = std::make_unique<providers::twilio::TwilioRecorder>(twilio_options, clock,
                                                                        *http, *twilio_policy);
  carrier_recordings = std::make_unique<calls::CarrierRecordings>(
      calls::CarrierRecordings::Parts{*database, *queue, *objects, *twilio_recorder});
  return {};
}

}  // namespace parley::app
