#include "parley/simulators/webhook_receiver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "parley/base/strings.hpp"

namespace parley::simulators {

namespace {

using Verdict = ReceivedWebhook::Verdict;

constexpr std::size_t most_kept = 1000;

std::string header(const net::HttpRequest& request, std::string_view name) {
  return std::string(request.headers.get(name).value_or(""));
}

Verdict verdict_on(const net::HttpRequest& request, const webhooks::StandardSecret& secret,
                   WallTime now) {
  auto id = header(request, "webhook-id");
  auto timestamp = header(request, "webhook-timestamp");
  auto signatures = header(request, "webhook-signature");
  std::int64_t seconds = 0;
  auto read = std::from_chars(timestamp.data(), timestamp.data() + timestamp.size(), seconds);
  bool is_number = read.ec == std::errc() && read.ptr == timestamp.data() + timestamp.size() &&
                   seconds > 0 && seconds < 100'000'000'000;
  if (id.empty() || !is_number || signatures.empty()) return Verdict::unsigned_;
  WallTime at{std::chrono::seconds(seconds)};
  if (at > now + webhooks::timestamp_tolerance || at < now - webhooks::timestamp_tolerance)
    return Verdict::stale;
  // Several while a secret is being replaced: one has to hold.
  auto right = secret.sign(id, at, request.body);
  auto all = split(signatures, ' ');
  bool holds = std::ranges::any_of(
      all, [&](auto& one) { return webhooks::equal_in_constant_time(one, right); });
  return holds ? Verdict::good : Verdict::forged;
}

std::string_view reason(Verdict verdict) {
  constexpr std::string_view reasons[]{
      "ok", "webhook-id, webhook-timestamp or webhook-signature is missing",
      "the timestamp is more than five minutes away", "no signature holds"};
  return reasons[static_cast<std::size_t>(verdict)];
}

}  // namespace

struct WebhookReceiver::Impl {
  Impl(asio::any_io_executor executor, Clock& c, Random& random, webhooks::StandardSecret s,
       StandInOptions where)
      : clock(c),
        secret(std::move(s)),
        server(std::move(executor), clock, random, std::move(where),
               [](const Fault& fault, const net::HttpRequest&) {
                 return net::text_response(fault.status, "as the plan of faults wants it\n");
               }) {
    server.otherwise([this](net::HttpRequest request) -> asio::awaitable<net::HttpResponse> {
      co_return receive(std::move(request));
    });
  }

  net::HttpResponse receive(net::HttpRequest request) {
    if (request.method != net::Method::post)
      return net::text_response(405, "webhooks come by POST\n");
    ReceivedWebhook one;
    one.verdict = verdict_on(request, secret, clock.wall());
    one.id = header(request, "webhook-id");
    one.path = request.path;
    one.body = std::move(request.body);
    one.repeated = one.verdict == Verdict::good && std::ranges::any_of(received, [&](auto& before) {
                     return before.verdict == Verdict::good && before.id == one.id;
                   });
    auto verdict = one.verdict;
    if (received.size() == most_kept) received.erase(received.begin());
    received.push_back(std::move(one));
    return net::text_response(verdict == Verdict::good ? 200 : 401,
                              std::string(reason(verdict)) + "\n");
  }

  Clock& clock;
  const webhooks::StandardSecret secret;
  std::vector<ReceivedWebhook> received;
  StandInServer server;
};

WebhookReceiver::WebhookReceiver(asio::any_io_executor executor, Clock& clock, Random& random,
                                 webhooks::StandardSecret secret, StandInOptions where)
    : impl_(std::make_unique<Impl>(std::move(executor), clock, random, std::move(secret),
                                   std::move(where))) {}
WebhookReceiver::~WebhookReceiver() = default;

Result<void> WebhookReceiver::start() { return impl_->server.start(); }
asio::awaitable<void> WebhookReceiver::stop(TimePoint deadline) {
  return impl_->server.stop(deadline);
}
std::uint16_t WebhookReceiver::port() const noexcept { return impl_->server.port(); }
StandInServer& WebhookReceiver::server() noexcept { return impl_->server; }
const std::vector<ReceivedWebhook>& WebhookReceiver::received() const noexcept {
  return impl_->received;
}

}  // namespace parley::simulators
