#pragma once
#include "parley/providers/twilio/carrier.hpp"
#include "parley/telephony/recorder.hpp"

namespace parley::providers::twilio {

/// Twilio's recordings over REST: dual-channel, told of by /webhooks/twilio/recording.
class TwilioRecorder final : public telephony::CarrierRecorder {
 public:
  /// All of them outlive it.
  TwilioRecorder(Options options, Clock& clock, net::HttpClient& http, resilience::Policy& policy);

  std::string carrier() const override { return "twilio"; }
  /// Looks first: a lost answer to an earlier request may have begun one.
  Task<std::string> start(Context ctx, std::string carrier_call_id) override;
  Task<void> stop(Context ctx, std::string carrier_call_id, std::string recording_id) override;
  Task<std::vector<std::byte>> fetch(Context ctx, std::string recording_id) override;

  /// For a server that learns its port late; before the first request.
  void set_public_url(std::string url) { options_.public_url = std::move(url); }

 private:
  Task<net::HttpResponse> ask(Context ctx, net::Method method, std::string path, std::string form);
  Task<std::string> running(Context ctx, std::string carrier_call_id);
  Task<std::string> begin(Context ctx, std::string carrier_call_id);

  Options options_;
  Clock& clock_;
  net::HttpClient& http_;
  resilience::Policy& policy_;
};

}  // namespace parley::providers::twilio
