#include "exchange.hpp"

#include <fmt/format.h>

#include "parley/base/strings.hpp"
#include "parley/telemetry/log.hpp"
#include "request_check.hpp"

namespace parley::api {

namespace {

constexpr std::size_t max_idempotency_key = 255;

std::optional<std::string> allowed_origin(const ApiOptions& options, const net::HttpRequest& http) {
  auto origin = http.headers.get("Origin");
  if (!origin) return std::nullopt;
  for (auto& allowed : options.cors_origins) {
    if (allowed == "*") return "*";
    if (iequals(allowed, *origin)) return std::string(*origin);
  }
  return std::nullopt;
}

void add_security(net::HttpResponse& response, const net::HttpRequest& http) {
  auto unless_set = [&](std::string_view name, std::string value) {
    if (!response.headers.get(name)) response.headers.set(name, std::move(value));
  };
  unless_set("X-Content-Type-Options", "nosniff");
  unless_set("X-Frame-Options", "DENY");
  unless_set("Referrer-Policy", "no-referrer");
  unless_set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  if (http.tls) unless_set("Strict-Transport-Security", "max-age=31536000");
}

void add_cors(net::HttpResponse& response, const ApiOptions& options,
              const net::HttpRequest& http) {
  if (options.cors_origins.empty()) return;
  response.headers.add("Vary", "Origin");
  auto origin = allowed_origin(options, http);
  if (!origin) return;
  response.headers.set("Access-Control-Allow-Origin", *origin);
  response.headers.set("Access-Control-Expose-Headers",
                       "ETag, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, "
                       "X-Request-Id, traceparent, Idempotency-Replayed, Content-Range, "
                       "Age, Warning, X-Parley-As-Of, X-Parley-Degraded, "
                       "X-Parley-Degraded-Since");
}

class Exchange {
 public:
  Exchange(Services& services, const Route& route, net::HttpRequest http)
      : services_(services),
        route_(route),
        request_{.services = services, .http = std::move(http)} {}

  asio::awaitable<net::HttpResponse> run();

 private:
  asio::awaitable<net::HttpResponse> answer();
  asio::awaitable<Checked> identify();
  asio::awaitable<Checked> count(std::string client, const OrganizationId* organization);
  Checked note(const RateLimiter::Decision& decision);
  Checked read_idempotency_key();
  asio::awaitable<net::HttpResponse> once();
  asio::awaitable<net::HttpResponse> handled();
  net::HttpResponse success(Reply reply) const;
  net::HttpResponse failed(const Failure& failure) const;
  void finish(net::HttpResponse& response, const Context& ctx) const;
  bool is_read() const {
    return request_.http.method == net::Method::get || request_.http.method == net::Method::head;
  }

  Services& services_;
  const Route& route_;
  Request request_;
  bool is_local_ = false;
  std::optional<std::string> key_;  ///< of Idempotency-Key
  std::optional<RateLimiter::Decision> rate_;
};

asio::awaitable<net::HttpResponse> Exchange::run() {
  auto& parts = services_.parts;
  auto& ctx = request_.ctx;
  ctx.deadline = parts.clock.now() + services_.options.request_timeout;
  if (auto given = request_.http.headers.get("traceparent"))
    if (auto parent = trace::parse_traceparent(*given)) ctx.trace = parent->context;
  auto span = parts.tracer.start(fmt::format("{} {}", to_string(route_.method), route_.path), ctx,
                                 trace::SpanKind::server);
  ctx = span.context();
  request_.client_ip = client_address(request_.http, services_.options);
  auto answering = answer();
  auto response = co_await std::move(answering);
  span.set("http.response.status_code", std::int64_t{response.status});
  if (response.status >= 500) span.fail({Errc::unavailable, "see the log"});
  finish(response, ctx);
  co_return response;
}

asio::awaitable<net::HttpResponse> Exchange::answer() {
  auto identifying = identify();
  auto known = co_await std::move(identifying);
  if (!known) co_return failed(known.error());
  if (!route_.permission.empty() && !is_local_ && !request_.who.may(route_.permission)) {
    Failure failure;
    failure.status = 403;
    failure.code = "forbidden";
    failure.message = fmt::format("This needs the permission \"{}\".", route_.permission);
    co_return failed(failure);
  }
  auto query = check_query(request_.http.query, route_, services_.table.schemas);
  if (!query) co_return failed(query.error());
  request_.query = std::move(*query);
  auto body = check_body(request_, route_, services_.table.schemas);
  if (!body) co_return failed(body.error());
  auto key = read_idempotency_key();
  if (!key) co_return failed(key.error());
  auto handling = key_ ? once() : handled();
  co_return co_await std::move(handling);
}

// Who asks, and how often

asio::awaitable<Checked> Exchange::identify() {
  auto address = "address " + address_group(request_.client_ip);
  auto counting = count(address, nullptr);
  if (route_.access == Access::anyone) co_return co_await std::move(counting);
  auto header = request_.http.headers.get("Authorization").value_or("");
  is_local_ = route_.access == Access::permitted_or_local && header.empty() &&
              comes_from_here(request_.http);
  if (is_local_) co_return co_await std::move(counting);
  bool is_bearer = header.size() > 7 && iequals(header.substr(0, 7), "Bearer ");
  Failure nobody;
  nobody.status = 401;
  nobody.code = "unauthenticated";
  nobody.message = "Sign in: send \"Authorization: Bearer\" with an access token or an API key.";
  nobody.headers.set("WWW-Authenticate", "Bearer");
  if (is_bearer) {
    // Guesses at keys cost a look into the database: an address that made too many waits.
    if (services_.clients.exhausted(address)) {
      auto guessing = count(address, nullptr);
      if (auto counted = co_await std::move(guessing); !counted) co_return counted;
    }
    auto checking = services_.parts.auth.sessions->authenticate(
        request_.ctx, std::string(trim(header.substr(7))));
    auto who = co_await std::move(checking);
    if (who) {
      request_.who = std::move(*who);
      request_.ctx.organization = request_.who.organization;
      request_.ctx.principal = request_.who.principal;
      auto known = count("principal " + request_.who.principal.id, &request_.who.organization);
      co_return co_await std::move(known);
    }
    if (who.error().code != Errc::unauthenticated) co_return refuse(who.error());
    nobody.message = failure_of(who.error()).message;
    nobody.headers.set("WWW-Authenticate", "Bearer error=\"invalid_token\"");
  }
  if (auto counted = co_await std::move(counting); !counted) co_return counted;
  co_return std::unexpected(std::move(nobody));
}

asio::awaitable<Checked> Exchange::count(std::string client, const OrganizationId* organization) {
  auto taking = services_.clients.take(request_.ctx, std::move(client));
  auto own = co_await std::move(taking);
  if (auto good = note(own); !good || !organization) co_return good;
  auto sharing = services_.organizations.take(request_.ctx, organization->str());
  auto all = co_await std::move(sharing);
  co_return note(all);
}

/// Of two limits the one that is nearer is told.
Checked Exchange::note(const RateLimiter::Decision& decision) {
  if (decision.limit > 0 && (!rate_ || decision.remaining < rate_->remaining)) rate_ = decision;
  if (decision.allowed) return {};
  return refuse_until(decision.retry_after, "rate_limited",
                      "Too many requests. Wait as long as Retry-After says.");
}

// Once for each key

Checked Exchange::read_idempotency_key() {
  auto given = request_.http.headers.get("Idempotency-Key");
  if (!given || request_.http.method != net::Method::post) return {};
  auto visible = [](char c) { return c > ' ' && c < 0x7F; };
  if (given->empty() || given->size() > max_idempotency_key ||
      !std::ranges::all_of(*given, visible))
    return refuse(400, "malformed_idempotency_key",
                  "Idempotency-Key must have 1 to 255 visible ASCII characters.");
  key_ = std::string(*given);
  return {};
}

asio::awaitable<net::HttpResponse> Exchange::once() {
  auto& who = request_.who;
  Idempotency::Key key;
  key.scope = who.organization.empty()
                  ? "anyone " + request_.client_ip
                  : fmt::format("{} {}", who.organization.str(), who.principal.id);
  key.key = *key_;
  key.request_hash = request_hash(request_);
  request_.idempotency_key = content_hash(key.scope + "\n" + key.key);
  auto& idempotency = services_.idempotency;
  auto beginning = idempotency.begin(request_.ctx, key);
  auto begun = co_await std::move(beginning);
  if (!begun) co_return failed(failure_of(begun.error()));
  if (auto* kept = std::get_if<net::HttpResponse>(&*begun)) {
    kept->headers.set("Idempotency-Replayed", "true");
    co_return std::move(*kept);
  }
  Failure refused;
  if (std::holds_alternative<Idempotency::OtherRequest>(*begun)) {
    refused.status = 422;
    refused.code = "idempotency_key_reused";
    refused.message = "This Idempotency-Key was used for another request.";
    co_return failed(refused);
  }
  if (std::holds_alternative<Idempotency::StillRunning>(*begun)) {
    refused.status = 409;
    refused.code = "idempotency_in_progress";
    refused.message = "A request with this Idempotency-Key is still running.";
    refused.retry_after = std::chrono::seconds(1);
    co_return failed(refused);
  }
  auto run = std::get<Idempotency::Run>(*begun);
  auto handling = handled();
  auto response = co_await std::move(handling);
  bool settled = response.status < 500 && response.status != 429 && !response.stream;
  auto ending = settled ? idempotency.finish(request_.ctx, key, run, response)
                        : idempotency.abandon(request_.ctx, key, run);
  if (auto ended = co_await std::move(ending); !ended)
    log::warn("api.idempotency_not_kept", {{"reason", ended.error().detail}}, request_.ctx);
  co_return response;
}

// The answer

asio::awaitable<net::HttpResponse> Exchange::handled() {
  auto handling = route_.handler(request_);
  auto outcome = co_await std::move(handling);
  bool may_keep = LastAnswers::may_keep(route_, request_);
  auto& last_answers = services_.last_answers;
  if (outcome) {
    auto response = success(std::move(*outcome));
    if (may_keep && response.status == 200) {
      auto keeping = last_answers.keep(request_.ctx, request_, response);
      (void)co_await std::move(keeping);
    }
    co_return response;
  }
  if (may_keep && outcome.error().status == 503 && services_.parts.database.away_since()) {
    auto finding = last_answers.find(request_.ctx, request_);
    if (auto found = co_await std::move(finding); found && *found) co_return std::move(**found);
  }
  auto& failure = outcome.error();
  if (failure.status >= 500)
    log::error("api.request_failed",
               {{"route", route_.path},
                {"code", code_of(failure, route_.thing)},
                {"reason", failure.reason},
                {"requestId", request_.http.request_id}},
               request_.ctx);
  co_return failed(failure);
}

net::HttpResponse Exchange::failed(const Failure& failure) const {
  return respond(failure, code_of(failure, route_.thing), request_.http.request_id);
}

net::HttpResponse Exchange::success(Reply reply) const {
  net::HttpResponse response;
  auto status = reply.status ? reply.status : route_.status;
  if (reply.stream) {
    response = net::text_response(status, "", route_.media_type);
    response.stream = std::move(reply.stream);
    response.stream_size = reply.stream_size;
  } else if (reply.raw) {
    response = net::text_response(status, std::move(*reply.raw), route_.media_type);
  } else {
    json::object body{{"success", true}, {"data", std::move(reply.data)}};
    if (reply.pagination) body["pagination"] = std::move(*reply.pagination);
    if (!reply.message.empty()) body["message"] = reply.message;
    response = json_response(status, json::serialize(body));
  }
  for (auto& [name, value] : reply.headers.all()) response.headers.set(name, value);
  if (reply.version) response.headers.set("ETag", fmt::format("\"v{}\"", *reply.version));
  if (!response.headers.get("Cache-Control"))
    response.headers.set("Cache-Control", is_read() ? "private, no-cache" : "no-store");
  if (!is_read() || status != 200) return response;
  if (response.stream && !response.headers.get("ETag")) return response;
  if (!response.headers.get("ETag"))
    response.headers.set("ETag", fmt::format("W/\"{}\"", content_hash(response.body)));
  auto known = request_.http.headers.get("If-None-Match");
  if (!known) return response;
  auto strong = [](std::string_view tag) { return tag.starts_with("W/") ? tag.substr(2) : tag; };
  auto tag = strong(*response.headers.get("ETag"));
  for (auto& given : split(*known, ',')) {
    if (trim(given) != "*" && strong(trim(given)) != tag) continue;
    response.status = 304;
    response.body.clear();
    response.stream = nullptr;
    break;
  }
  return response;
}

void Exchange::finish(net::HttpResponse& response, const Context& ctx) const {
  if (rate_) {
    response.headers.set("RateLimit-Limit", fmt::format("{:.0f}", rate_->limit));
    response.headers.set("RateLimit-Remaining", fmt::format("{:.0f}", rate_->remaining));
    response.headers.set("RateLimit-Reset", std::to_string(rate_->until_full.count()));
  }
  // Answers go on while a part is away; who reads them should know.
  auto away = services_.parts.health.latest()->degraded();
  if (auto since = services_.parts.database.away_since()) {
    // Known here before health looks.
    if (std::ranges::find(away, "database") == away.end()) away.insert(away.begin(), "database");
    response.headers.set("X-Parley-Degraded-Since", to_rfc3339(*since));
  }
  if (!away.empty())
    response.headers.set("X-Parley-Degraded", fmt::format("{}", fmt::join(away, ", ")));
  if (auto header = trace::format_traceparent(ctx.trace); !header.empty())
    response.headers.set("traceparent", header);
  add_security(response, request_.http);
  add_cors(response, services_.options, request_.http);
}

}  // namespace

asio::awaitable<net::HttpResponse> serve(std::shared_ptr<Services> services, const Route& route,
                                         metrics::Histogram seconds, net::HttpRequest http) {
  auto& clock = services->parts.clock;
  auto began = clock.now();
  Exchange exchange(*services, route, std::move(http));
  auto answering = exchange.run();
  auto response = co_await std::move(answering);
  seconds.observe(clock.now() - began);
  co_return response;
}

net::HttpResponse options_response(const ApiOptions& options, const net::HttpRequest& http,
                                   const std::string& allow) {
  net::HttpResponse response;
  response.status = 204;
  response.headers.set("Allow", allow);
  add_security(response, http);
  add_cors(response, options, http);
  bool preflight = http.headers.get("Access-Control-Request-Method").has_value();
  if (preflight && response.headers.get("Access-Control-Allow-Origin")) {
    response.headers.set("Access-Control-Allow-Methods", allow);
    response.headers.set("Access-Control-Allow-Headers",
                         "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, "
                         "Last-Event-ID, Range, X-Request-Id, traceparent");
    response.headers.set("Access-Control-Max-Age", "600");
  }
  return response;
}

}  // namespace parley::api
