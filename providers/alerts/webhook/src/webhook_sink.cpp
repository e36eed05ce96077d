#include "parley/providers/alert_webhook/webhook_sink.hpp"

namespace parley::providers::alert_webhook {

Task<void> WebhookSink::send(Context ctx, const alerts::Alert& alert, Action action) {
  bool raised = action == Action::trigger;
  auto when = raised ? alert.raised_at : alert.resolved_at.value_or(clock_.wall());
  json::object body{{"type", raised ? "alert.raised" : "alert.resolved"},
                    {"timestamp", to_rfc3339(when)},
                    {"data",
                     {{"id", alert.id.str()},
                      {"key", alert.what.key},
                      {"severity", to_string(alert.what.severity)},
                      {"summary", alert.what.summary},
                      {"advice", alert.what.advice}}}};
  net::OutgoingRequest request;
  request.method = net::Method::post;
  request.url = url_;
  request.body = json::serialize(body);
  request.headers.set("Content-Type", "application/json");
  auto id = alert.id.str() + (raised ? "-raised" : "-resolved");
  auto now = clock_.wall();
  auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  request.headers.set("webhook-id", id);
  request.headers.set("webhook-timestamp", std::to_string(seconds));
  if (secret_) request.headers.set("webhook-signature", secret_->sign(id, now, request.body));
  request.max_response_bytes = 64 << 10;
  request.long_response = net::OutgoingRequest::LongResponse::cut;
  auto sending = http_.send(ctx, std::move(request));
  auto response = co_await std::move(sending);
  if (!response) co_return std::unexpected(response.error());
  if (response->status < 300) co_return Result<void>{};
  co_return fail(Errc::unavailable,
                 "the alert webhook answered " + std::to_string(response->status));
}

}  // namespace parley::providers::alert_webhook
