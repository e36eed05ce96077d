#include "parley/providers/language/exchange.hpp"

#include <fmt/format.h>

#include "parley/base/task_group.hpp"
#include "parley/net/retry_after.hpp"

namespace parley::providers::language {

namespace {

constexpr std::size_t max_error_bytes = 64u << 10;

/// The end of a body comes with its last event, as a rule.
constexpr Duration longest_wait_for_end = 20ms;

/// A generation has no effect outside, so whether it happened does not matter.
Error without_outcome(Error error, bool is_late) {
  if (error.code == Errc::outcome_unknown) error.code = is_late ? Errc::timeout : Errc::unavailable;
  return error;
}

Task<std::string> read_beginning(net::BodyStream body) {
  std::string all;
  while (all.size() < max_error_bytes) {
    auto reading = body();
    auto piece = co_await std::move(reading);
    // Half an error still has its status.
    if (!piece || piece->empty()) break;
    all += *piece;
  }
  co_return all;
}

}  // namespace

Answer::Answer(Clock& clock, const ExchangeOptions& options, TimePoint deadline,
               net::BodyStream body)
    : clock_(clock), options_(options), deadline_(deadline), reader_(std::move(body)) {}

Task<void> Answer::begin() {
  auto waiting = next();
  auto event = co_await std::move(waiting);
  if (event) {
    first_ = std::move(*event);
    co_return Result<void>{};
  }
  if (event.error().code != Errc::end_of_stream) co_return std::unexpected(event.error());
  co_return fail(Errc::unavailable, "the answer has no event");
}

Task<net::StreamEvent> Answer::next() {
  if (first_) {
    auto event = std::move(*first_);
    first_.reset();
    co_return event;
  }
  if (reader_.received_bytes() > options_.max_answer_bytes)
    co_return fail(Errc::too_large, "the model does not stop");
  auto limit = std::min(deadline_, clock_.now() + options_.longest_silence);
  auto reading = reader_.next();
  auto event = co_await with_deadline(clock_, limit, std::move(reading));
  if (!event)
    co_return std::unexpected(without_outcome(std::move(event.error()), clock_.now() >= limit));
  if (auto failure = options_.words.of_event(*event)) co_return std::unexpected(*failure);
  co_return event;
}

asio::awaitable<void> Answer::finish() {
  auto limit = clock_.now() + longest_wait_for_end;
  bool goes_on = true;
  while (goes_on) {
    auto reading = reader_.next();
    auto event = co_await with_deadline(clock_, limit, std::move(reading));
    goes_on = event.has_value();
  }
}

std::pair<std::string, std::string> split_base_url(std::string_view url) {
  auto scheme = url.find("://");
  auto path = url.find('/', scheme == std::string_view::npos ? 0 : scheme + 3);
  std::string origin(url.substr(0, path));
  std::string rest(path == std::string_view::npos ? "" : url.substr(path));
  while (rest.ends_with('/')) rest.pop_back();
  return {std::move(origin), std::move(rest)};
}

std::string answered(std::string_view vendor, int status, std::string_view type) {
  return fmt::format("{} answered {}{}{}", vendor, status, type.empty() ? "" : " ", type);
}

Result<std::unique_ptr<Exchange>> Exchange::make(Clock& clock, resilience::Policy& policy,
                                                 ExchangeOptions options) {
  auto [origin, path] = split_base_url(options.url);
  net::UpstreamOptions where;
  where.url = origin;
  auto upstream = net::make_upstream(std::move(where));
  if (!upstream) return std::unexpected(upstream.error());
  return std::unique_ptr<Exchange>(
      new Exchange(clock, policy, std::move(options), std::move(*upstream), std::move(path)));
}

Exchange::Exchange(Clock& clock, resilience::Policy& policy, ExchangeOptions options,
                   std::shared_ptr<net::Upstream> upstream, std::string base_path)
    : clock_(clock),
      policy_(policy),
      options_(std::move(options)),
      upstream_(std::move(upstream)),
      base_path_(std::move(base_path)) {}

Task<std::unique_ptr<Answer>> Exchange::post(Context ctx, std::string path, std::string body) {
  auto deadline = std::min(ctx.deadline, clock_.now() + options_.longest_generation);
  auto target = base_path_ + path;
  auto call = [&](Context limited) { return attempt(std::move(limited), deadline, target, body); };
  auto working = policy_.run(std::move(ctx), {"generate", resilience::Repeat::safe}, call);
  co_return co_await std::move(working);
}

Task<std::unique_ptr<Answer>> Exchange::attempt(Context ctx, TimePoint deadline, std::string target,
                                                std::string body) {
  net::UpstreamRequest request;
  request.method = net::Method::post;
  request.target = std::move(target);
  request.headers = options_.headers;
  request.headers.set("Content-Type", "application/json");
  request.headers.set("Accept", "text/event-stream");
  request.body = std::move(body);
  request.repeats = net::UpstreamRequest::Repeats::harmless;
  request.head_deadline = ctx.deadline;
  request.idle_timeout = options_.longest_silence;
  // The answer outlives the attempt, and with it the attempt's deadline.
  auto limit = ctx.deadline;
  ctx.deadline = deadline;
  upstream_->sweep();
  auto sending = upstream_->send(std::move(ctx), std::move(request));
  auto response = co_await with_deadline(clock_, limit, std::move(sending));
  if (!response)
    co_return std::unexpected(without_outcome(std::move(response.error()), clock_.now() >= limit));
  if (response->status != 200) {
    net::HttpResponse refused;
    refused.status = response->status;
    refused.headers = std::move(response->headers);
    auto reading = read_beginning(std::move(response->body));
    auto text = co_await with_deadline(clock_, limit, std::move(reading));
    if (text) refused.body = std::move(*text);
    auto error = options_.words.of_status(refused);
    error.retry_after = net::retry_after(refused, clock_.wall());
    co_return std::unexpected(std::move(error));
  }
  auto type = response->headers.get("Content-Type").value_or("");
  if (!type.starts_with("text/event-stream"))
    co_return fail(Errc::corrupt, "the answer is no event stream");
  auto answer = std::make_unique<Answer>(clock_, options_, deadline, std::move(response->body));
  auto beginning = answer->begin();
  auto begun = co_await with_deadline(clock_, limit, std::move(beginning));
  if (!begun) co_return std::unexpected(begun.error());
  co_return answer;
}

}  // namespace parley::providers::language
