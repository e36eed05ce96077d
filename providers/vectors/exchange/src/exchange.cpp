#include "parley/providers/vectors/exchange.hpp"

#include "parley/net/retry_after.hpp"

namespace parley::providers::vectors {

namespace {

Errc code_of_status(int status) {
  switch (status) {
    case 404:
      return Errc::not_found;
    case 401:
    case 403:
      return Errc::forbidden;
    case 400:
    case 409:
    case 410:
    case 413:
    case 422:
      return Errc::invalid;
    case 429:
      return Errc::rate_limited;
    default:
      return Errc::unavailable;
  }
}

}  // namespace

Exchange::Exchange(Parts parts, std::string vendor, net::Headers headers)
    : parts_(parts), vendor_(std::move(vendor)), headers_(std::move(headers)) {
  headers_.set("Content-Type", "application/json");
}

std::unexpected<Error> Exchange::refusal(const net::HttpResponse& response) const {
  auto body = parse_json(response.body);
  std::string said;
  if (body) said = text_at(*body, "/message");
  if (body && said.empty()) said = text_at(*body, "/error/message");
  Error error{code_of_status(response.status),
              vendor_ + ": " + std::to_string(response.status) + " " +
                  (said.empty() ? response.body : said).substr(0, 200)};
  error.retry_after = net::retry_after(response, parts_.clock.wall());
  return std::unexpected(std::move(error));
}

Task<json::value> Exchange::ask(Context ctx, Question question) {
  auto call = [&](Context limited) -> Task<json::value> {
    net::OutgoingRequest request;
    request.method = question.method;
    request.url = question.url;
    request.headers = headers_;
    request.body = question.body;
    auto sending = parts_.http.send(std::move(limited), std::move(request));
    auto response = co_await std::move(sending);
    if (!response) co_return std::unexpected(response.error());
    if (response->status / 100 != 2) co_return refusal(*response);
    auto answer = parse_json(response->body.empty() ? "null" : response->body);
    if (!answer) co_return fail(Errc::corrupt, vendor_ + " answers no JSON");
    co_return std::move(*answer);
  };
  resilience::Operation operation{question.name, resilience::Repeat::safe};
  auto running = parts_.policy.run(std::move(ctx), std::move(operation), call);
  auto answer = co_await std::move(running);
  // Every one of these may be done again.
  if (!answer && answer.error().code == Errc::outcome_unknown) answer.error().code = Errc::timeout;
  co_return answer;
}

}  // namespace parley::providers::vectors
