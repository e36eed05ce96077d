#pragma once
#include <optional>
#include <string>

#include "parley/alerts/alerts.hpp"
#include "parley/net/client.hpp"
#include "parley/webhooks/signature.hpp"

namespace parley::providers::alert_webhook {

/// POSTs `alert.raised` and `alert.resolved` to an operator's address as JSON, signed as Standard
/// Webhooks has it when there is a secret; the webhook-id is the alert's id and the action, so that
/// a receiver knows a repeat. The address is the operator's own setting, so it may be private.
class WebhookSink final : public alerts::AlertSink {
 public:
  WebhookSink(Clock& clock, net::HttpClient& http, std::string url,
              std::optional<webhooks::StandardSecret> secret)
      : clock_(clock), http_(http), url_(std::move(url)), secret_(std::move(secret)) {}
  std::string name() const override { return "webhook"; }
  Task<void> send(Context ctx, const alerts::Alert& alert, Action action) override;

 private:
  Clock& clock_;
  net::HttpClient& http_;
  std::string url_;
  std::optional<webhooks::StandardSecret> secret_;
};

}  // namespace parley::providers::alert_webhook
