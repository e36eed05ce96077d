#include "passage.hpp"

#include <fmt/format.h>

#include "parley/base/strings.hpp"
#include "parley/net/upstream.hpp"
#include "parley/telemetry/log.hpp"
#include "parley/telemetry/trace.hpp"

namespace parley::gateway {

namespace {

/// What is that short is read whole before the client gets a byte: a target that fails in its
/// middle may then be tried again, and head and body leave in one write.
constexpr std::uint64_t short_body_bytes = 64u << 10;
constexpr std::size_t max_mapped_bytes = 4u << 20;

bool is_json(const net::Headers& headers) {
  auto given = headers.get("Content-Type").value_or("");
  auto type = to_lower(trim(given.substr(0, given.find(';'))));
  return type == "application/json" || type.ends_with("+json");
}

struct Mapped {
  std::string text;
  std::vector<FieldProblem> problems;
};

Result<Mapped> map_text(const transform::Mapping& mapping, const std::string& text) {
  auto document = parse_json(text);
  if (!document) return std::unexpected(document.error());
  Mapped out;
  if (auto* list = document->if_array()) {
    auto batch = mapping.apply_each(*list);
    for (auto& problem : batch.problems)
      out.problems.push_back({fmt::format("/{}{}", problem.index, problem.field), problem.problem});
    out.text = json::serialize(batch.items);
  } else {
    auto outcome = mapping.apply(*document);
    out.problems = std::move(outcome.problems);
    out.text = json::serialize(outcome.value);
  }
  return out;
}

/// The answer's body on its way to the client. Whole, cut off or left by the client: the target's
/// breaker hears which.
class PassingBody {
 public:
  PassingBody(net::UpstreamResponse from, std::unique_ptr<Target::Place> place)
      : from_(std::move(from)), place_(std::move(place)), left_(from_.length) {}

  Task<std::string> next() {
    auto reading = from_.body();
    auto piece = co_await std::move(reading);
    if (!piece) {
      place_->cut_body();
      co_return piece;
    }
    if (left_) *left_ -= std::min<std::uint64_t>(*left_, piece->size());
    if (piece->empty() || left_ == 0u) place_->succeeded();
    co_return piece;
  }

 private:
  net::UpstreamResponse from_;
  std::unique_ptr<Target::Place> place_;
  std::optional<std::uint64_t> left_;
};

bool is_targets_failure(int status) { return status == 502 || status == 503 || status == 504; }

}  // namespace

Passage::Passage(PassageParts& parts, std::shared_ptr<LiveRoute> route, net::HttpRequest request)
    : parts_(parts),
      route_(std::move(route)),
      request_(std::move(request)),
      deadline_(parts.clock.now() + route_->spec().timeout) {
  ctx_.deadline = deadline_;
  if (auto given = request_.headers.get("traceparent"))
    if (auto parent = trace::parse_traceparent(*given)) ctx_.trace = parent->context;
}

Overdue Passage::overdue() const {
  return parts_.clock.now() >= deadline_ ? Overdue::yes : Overdue::no;
}

asio::awaitable<net::HttpResponse> Passage::run() {
  auto began = parts_.clock.now();
  auto admitting = admit();
  auto admitted = co_await std::move(admitting);
  Answered answered = std::unexpected(Refusal{});
  if (admitted) {
    auto passing = pass_on();
    answered = co_await std::move(passing);
  } else {
    answered = std::unexpected(std::move(admitted.error()));
  }
  auto response = answered ? std::move(*answered) : respond(answered.error(), request_.request_id);
  route_->count(response.status);
  route_->observe(parts_.clock.now() - began);
  co_return response;
}

// Whether it may

asio::awaitable<Passage::Checked> Passage::admit() {
  client_ = client_of(request_, parts_.trusted_proxies);
  by_.client_chain = client_.chain;
  auto identifying = identify();
  if (auto known = co_await std::move(identifying); !known) co_return known;
  if (auto* limits = route_->limits()) {
    auto key = by_.principal.empty() ? "address " + client_.address : "who " + by_.principal;
    auto taking = limits->take(ctx_, std::move(key));
    auto taken = co_await std::move(taking);
    if (!taken && taken.error().code == Errc::rate_limited)
      co_return std::unexpected(
          Refusal{.status = 429,
                  .code = "rate_limited",
                  .message = "Too many requests. Wait as long as Retry-After says.",
                  .retry_after = taken.error().retry_after});
  }
  if (std::max<std::uint64_t>(request_.body.size(), request_.body_length.value_or(0)) >
      route_->spec().max_body_bytes)
    co_return std::unexpected(
        Refusal{413, "too_large", "The body is larger than this route takes."});
  auto mapping = map_request();
  co_return co_await std::move(mapping);
}

asio::awaitable<Passage::Checked> Passage::identify() {
  auto& spec = route_->spec();
  if (spec.access == RouteSpec::Access::anyone) co_return Checked{};
  Refusal nobody{401, "unauthenticated",
                 "Sign in: send \"Authorization: Bearer\" with an access token or an API key."};
  nobody.authenticate = "Bearer";
  auto header = request_.headers.get("Authorization").value_or("");
  if (header.size() <= 7 || !iequals(header.substr(0, 7), "Bearer "))
    co_return std::unexpected(nobody);
  auto checking = parts_.sessions.authenticate(ctx_, std::string(trim(header.substr(7))));
  auto who = co_await std::move(checking);
  if (!who && who.error().code != Errc::unauthenticated)
    co_return std::unexpected(Refusal{.status = 503,
                                      .code = "unavailable",
                                      .message = "Who is asking cannot be looked up just now.",
                                      .retry_after = 5s});
  if (!who) {
    nobody.authenticate = "Bearer error=\"invalid_token\"";
    co_return std::unexpected(nobody);
  }
  auto& owner = route_->origin().organization;
  if (!owner.empty() && who->organization != owner)
    co_return std::unexpected(Refusal{404, "route_not_found", "There is no such route."});
  if (!who->may(spec.permission))
    co_return std::unexpected(Refusal{
        403, "forbidden", fmt::format("This needs the permission \"{}\".", spec.permission)});
  by_.organization = who->organization.str();
  by_.principal = who->principal.id;
  ctx_.organization = who->organization;
  ctx_.principal = who->principal;
  co_return Checked{};
}

// The request's body

/// What the client did wrong while its body was read.
Refusal Passage::refusal_of_body(const Error& error) const {
  switch (error.code) {
    case Errc::too_large:
      return {413, "too_large", "The body is larger than this route takes."};
    case Errc::timeout:
      return {408, "request_timeout", "The body took too long."};
    default:
      return {400, "malformed_request", "The body broke off or is malformed."};
  }
}

Task<std::string> Passage::next_piece_up() {
  body_begun_ = true;
  auto reading = request_.body_stream();
  auto piece = co_await std::move(reading);
  if (piece) body_bytes_ += piece->size();
  if (piece && body_bytes_ > route_->spec().max_body_bytes)
    piece = fail(Errc::too_large, "the body is larger than the route takes");
  if (!piece) body_failure_ = piece.error();
  // The route's time runs from the end of the upload.
  deadline_ = std::max(deadline_, parts_.clock.now() + route_->spec().timeout);
  co_return piece;
}

asio::awaitable<Passage::Checked> Passage::read_whole_body() {
  while (request_.body_stream && request_.body.size() <= max_mapped_bytes) {
    auto reading = next_piece_up();
    auto piece = co_await std::move(reading);
    if (!piece) co_return std::unexpected(refusal_of_body(piece.error()));
    if (piece->empty()) request_.body_stream = nullptr;
    request_.body += *piece;
  }
  if (request_.body.size() > max_mapped_bytes)
    co_return std::unexpected(Refusal{413, "too_large", "A body that is mapped has at most 4 MB."});
  co_return Checked{};
}

// Mapping bodies

asio::awaitable<Passage::Checked> Passage::map_request() {
  auto& mapping = route_->spec().request_mapping;
  if (!mapping || (request_.body.empty() && !request_.body_stream)) co_return Checked{};
  if (!is_json(request_.headers))
    co_return std::unexpected(
        Refusal{415, "unsupported_media_type", "Content-Type must be application/json."});
  auto reading = read_whole_body();
  if (auto read = co_await std::move(reading); !read) co_return read;
  // The work owns what it touches: it is not interrupted when this coroutine is.
  std::function<Result<Mapped>()> work = [mapping = *mapping, text = std::move(request_.body)] {
    return map_text(mapping, text);
  };
  auto running = parts_.transforming.run<Mapped>(std::move(work));
  auto mapped = co_await std::move(running);
  if (!mapped && mapped.error().code == Errc::invalid)
    co_return std::unexpected(Refusal{400, "malformed_json", "Bad body: " + mapped.error().detail});
  if (!mapped)
    co_return std::unexpected(Refusal{.status = 503,
                                      .code = "unavailable",
                                      .message = "Too much is going on just now. Try again soon.",
                                      .retry_after = 1s});
  if (!mapped->problems.empty())
    co_return std::unexpected(Refusal{.status = 422,
                                      .code = "validation_failed",
                                      .message = "The body does not fit what this route takes.",
                                      .details = std::move(mapped->problems)});
  request_.body = std::move(mapped->text);
  co_return Checked{};
}

asio::awaitable<Passage::Answered> Passage::map_response(net::HttpResponse response) {
  Refusal broken{502, "gateway_bad_answer", "The service's answer is not what this route expects."};
  while (response.stream && response.body.size() <= max_mapped_bytes) {
    auto reading = response.stream();
    auto piece = co_await std::move(reading);
    if (!piece) co_return std::unexpected(refusal_of(piece.error(), overdue()));
    if (piece->empty()) response.stream = nullptr;
    response.body += *piece;
  }
  if (response.stream) co_return std::unexpected(broken);
  response.stream_size.reset();
  std::function<Result<Mapped>()> work = [mapping = *route_->spec().response_mapping,
                                          text = std::move(response.body)] {
    return map_text(mapping, text);
  };
  auto running = parts_.transforming.run<Mapped>(std::move(work));
  auto mapped = co_await std::move(running);
  if (!mapped || !mapped->problems.empty()) {
    // Fields only: values may be personal.
    log::warn("gateway.answer_not_mapped",
              {{"route", route_->address()},
               {"field", mapped ? mapped->problems.front().field : mapped.error().detail}},
              ctx_);
    co_return std::unexpected(broken);
  }
  response.body = std::move(mapped->text);
  co_return response;
}

// Passing on

/// Nor what streamed up and is gone.
bool Passage::may_repeat() const {
  return net::is_idempotent(request_.method) && !(request_.body_stream && body_begun_);
}

net::UpstreamRequest Passage::request_for(Target& target) {
  auto& spec = route_->spec();
  net::UpstreamRequest out;
  out.method = request_.method;
  out.target = rewritten(spec, {request_.target, route_->base_segments(), target.path()});
  out.headers = request_headers(spec, request_, by_);
  out.head_deadline = deadline_;
  out.idle_timeout = spec.timeout;
  return out;
}

asio::awaitable<Passage::Answered> Passage::pass_on() {
  std::vector<Target*> tried;
  int attempts = 1 + (may_repeat() ? route_->spec().retries : 0);
  while (true) {
    auto place = route_->choose(tried);
    if (!place)
      co_return std::unexpected(
          Refusal{.status = 503,
                  .code = "gateway_no_healthy_target",
                  .message = "None of the services behind this address is well just now.",
                  .retry_after = place.error().retry_after});
    place_ = std::move(*place);
    tried.push_back(&place_->target());
    auto trying = attempt(*place_);
    auto response = co_await std::move(trying);
    if (response) {
      bool mapped = route_->spec().response_mapping && response->status < 300 &&
                    request_.method != net::Method::head && is_json(response->headers);
      if (!mapped) co_return std::move(*response);
      auto mapping = map_response(std::move(*response));
      co_return co_await std::move(mapping);
    }
    auto& error = response.error();
    log::warn("gateway.target_failed",
              {{"route", route_->address()},
               {"target", place_->target().spec().url},
               {"code", to_string(error.code)},
               {"reason", error.detail},
               {"requestId", request_.request_id}},
              ctx_);
    place_.reset();
    if (body_failure_) co_return std::unexpected(refusal_of_body(*body_failure_));
    bool again =
        --attempts > 0 && may_repeat() && overdue() == Overdue::no && error.code != Errc::invalid;
    if (!again) co_return std::unexpected(refusal_of(error, overdue()));
    route_->count_retry();
  }
}

Task<net::HttpResponse> Passage::attempt(Target::Place& place) {
  auto out = request_for(place.target());
  // Kept for another attempt, when there may be one.
  out.body = may_repeat() ? request_.body : std::move(request_.body);
  if (request_.body_stream) {
    out.body_stream = [this] { return next_piece_up(); };
    out.body_length = request_.body_length;
  }
  auto sending = place.target().upstream().send(ctx_, std::move(out));
  auto from = co_await std::move(sending);
  if (!from) {
    // A header the client sent that cannot be passed on is not the target's fault.
    if (from.error().code != Errc::invalid && !body_failure_) place.failed();
    co_return std::unexpected(from.error());
  }
  auto answering = answer_of(std::move(*from), place);
  co_return co_await std::move(answering);
}

Task<net::HttpResponse> Passage::answer_of(net::UpstreamResponse from, Target::Place& place) {
  if (from.status < 200 || from.status > 599) {
    place.failed();
    co_return fail(Errc::corrupt, fmt::format("it answered with the status {}", from.status));
  }
  if (is_targets_failure(from.status)) place.failed();
  net::HttpResponse response;
  response.status = from.status;
  response.headers = response_headers(route_->spec(), from.headers);
  // Pages of an organization's service stand on the origin of everybody's dashboard.
  if (!route_->origin().organization.empty())
    response.headers.add("Content-Security-Policy", "sandbox allow-scripts allow-forms");
  bool without_body =
      request_.method == net::Method::head || from.status == 204 || from.status == 304;
  if (without_body) {
    place.succeeded();
    // Only its length is told, and it is never asked for.
    if (request_.method == net::Method::head && from.length) {
      response.stream_size = from.length;
      response.stream = []() -> Task<std::string> { co_return std::string(); };
    }
    co_return response;
  }
  if (!from.length || *from.length > short_body_bytes) {
    response.stream_size = from.length;
    auto body = std::make_shared<PassingBody>(std::move(from), std::move(place_));
    response.stream = [body] { return body->next(); };
    co_return response;
  }
  response.body.reserve(static_cast<std::size_t>(*from.length));
  while (true) {
    auto reading = from.body();
    auto piece = co_await std::move(reading);
    if (!piece) {
      place.cut_body();
      co_return std::unexpected(piece.error());
    }
    if (piece->empty()) break;
    response.body += *piece;
  }
  place.succeeded();
  co_return response;
}

}  // namespace parley::gateway
