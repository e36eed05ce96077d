#include "signed_webhook.hpp"

#include "parley/base/strings.hpp"
#include "parley/providers/twilio/signature.hpp"

namespace parley::simulators {

namespace {

constexpr auto answer_limit = std::chrono::seconds(15);

std::string encoded(const net::Fields& form) {
  std::string text;
  for (auto& [name, value] : form)
    text += (text.empty() ? "" : "&") + url_encode(name) + "=" + url_encode(value);
  return text;
}

}  // namespace

Task<net::HttpResponse> post_signed(net::HttpClient& http, Context ctx, std::string auth_token,
                                    SignedWebhook webhook) {
  for (auto* url : {&webhook.url, &webhook.signed_url})
    url->resize(std::min(url->find('#'), url->size()));
  net::OutgoingRequest request;
  request.method = webhook.method;
  request.timeout = answer_limit;
  if (webhook.method == net::Method::get) {
    for (auto* url : {&webhook.url, &webhook.signed_url})
      *url += (url->contains('?') ? "&" : "?") + encoded(webhook.form);
    webhook.form.clear();
  } else {
    request.body = encoded(webhook.form);
    request.headers.set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8");
  }
  request.url = webhook.url;
  request.headers.set("X-Twilio-Signature",
                      providers::twilio::sign(auth_token, webhook.signed_url, webhook.form));
  auto again = request;
  auto sending = http.send(ctx, std::move(request));
  auto answer = co_await std::move(sending);
  if (answer || answer.error().code != Errc::unavailable) co_return answer;
  auto repeating = http.send(ctx, std::move(again));
  co_return co_await std::move(repeating);
}

}  // namespace parley::simulators
