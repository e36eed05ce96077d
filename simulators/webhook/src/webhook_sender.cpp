#include "parley/simulators/webhook_sender.hpp"

#include "parley/base/signal.hpp"
#include "parley/base/task_group.hpp"
#include "parley/webhooks/signature.hpp"

namespace parley::simulators {

namespace {

constexpr std::size_t most_times = 100;

Result<net::OutgoingRequest> signed_request(const WebhookToSend& webhook, WallTime now) {
  auto at = now - std::chrono::duration_cast<std::chrono::milliseconds>(webhook.age);
  auto seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  auto timestamp = std::to_string(seconds);
  net::OutgoingRequest request;
  request.method = net::Method::post;
  request.url = webhook.url;
  request.body = webhook.body;
  request.headers.set("Content-Type", "application/json");
  if (webhook.scheme == WebhookToSend::Scheme::generic) {
    request.headers.set("x-webhook-timestamp", timestamp);
    request.headers.set("x-webhook-signature",
                        webhooks::generic_signature(webhook.secret, timestamp, webhook.body));
    return request;
  }
  auto secret = webhooks::StandardSecret::parse(webhook.secret);
  if (!secret) return std::unexpected(secret.error());
  request.headers.set("webhook-id", webhook.id);
  request.headers.set("webhook-timestamp", timestamp);
  request.headers.set("webhook-signature", secret->sign(webhook.id, at, webhook.body));
  return request;
}

struct Sent {
  explicit Sent(net::OutgoingRequest r) : request(std::move(r)) {}
  const net::OutgoingRequest request;
  std::vector<int> statuses;
  Signal one_more;
};

asio::awaitable<void> send_one(std::shared_ptr<Sent> sent, net::HttpClient& http, Context ctx) {
  auto work = http.send(std::move(ctx), sent->request);
  auto answer = co_await std::move(work);
  sent->statuses.push_back(answer ? answer->status : 0);
  sent->one_more.notify();
}

}  // namespace

Task<std::vector<int>> send_webhook(net::HttpClient& http, Clock& clock, Context ctx,
                                    WebhookToSend webhook) {
  if (webhook.times < 1 || webhook.times > most_times)
    co_return fail(Errc::invalid, "a webhook is sent 1 to 100 times");
  auto request = signed_request(webhook, clock.wall());
  if (!request) co_return std::unexpected(request.error());
  // Shared with the requests, which outlive this when it is cancelled.
  auto sent = std::make_shared<Sent>(*request);
  auto executor = co_await asio::this_coro::executor;
  TaskGroup sending(executor);
  for (std::size_t i = 0; i < webhook.times; ++i)
    sending.spawn("webhook.send", [sent, &http, ctx] { return send_one(sent, http, ctx); });
  // Each request has its own time limit, so this ends.
  while (sent->statuses.size() < webhook.times) co_await sent->one_more.wait();
  co_await sending.stop();
  co_return sent->statuses;
}

}  // namespace parley::simulators
