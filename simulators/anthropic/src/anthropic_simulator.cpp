#include "parley/simulators/anthropic_simulator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "messages_reply.hpp"
#include "messages_request.hpp"

namespace parley::simulators {

namespace {

using net::HttpRequest;
using net::HttpResponse;

constexpr std::string_view versions[]{"2023-06-01", version_without_sampling};
constexpr std::size_t bytes_a_token = 4;
constexpr net::Router::Limits limits{32u << 20};

std::string_view error_type(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 402:
      return "billing_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 409:
      return "conflict_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 504:
      return "timeout_error";
    case 529:
      return "overloaded_error";
    default:
      return status < 500 ? "invalid_request_error" : "api_error";
  }
}

HttpResponse json_response(int status, const json::object& body, const std::string& request_id) {
  auto response = net::text_response(status, json::serialize(body), "application/json");
  response.headers.set("request-id", request_id);
  return response;
}

HttpResponse refusal(int status, std::string_view message, const std::string& request_id) {
  return json_response(status, message_error(error_type(status), message, request_id), request_id);
}

/// `code` is an error's type, or the finer code of a spend limit.
HttpResponse fault_answer(const Fault& fault, const HttpRequest& request) {
  auto body =
      message_error(error_type(fault.status), "as the plan of faults wants it", request.request_id);
  if (fault.code.ends_with("_error"))
    body["error"].as_object()["type"] = fault.code;
  else if (!fault.code.empty())
    body["error"].as_object()["details"] = json::object{{"error_code", fault.code}};
  return json_response(fault.status, body, request.request_id);
}

}  // namespace

struct AnthropicSimulator::Impl {
  Impl(asio::any_io_executor executor, Clock& c, Random& random, AnthropicSimulatorOptions o)
      : clock(c),
        options(std::move(o)),
        server(std::move(executor), clock, random, options.where, fault_answer) {
    using Handler = HttpResponse (Impl::*)(const HttpRequest&);
    auto add = [this](net::Method method, std::string pattern, Handler handler) {
      auto serve = [this, handler](HttpRequest request) -> asio::awaitable<HttpResponse> {
        auto stranger = not_admitted(request);
        co_return stranger ? std::move(*stranger) : (this->*handler)(request);
      };
      server.add(method, std::move(pattern), serve, limits);
    };
    add(net::Method::post, "/v1/messages", &Impl::message);
    add(net::Method::post, "/v1/messages/count_tokens", &Impl::count);
    add(net::Method::get, "/v1/models", &Impl::models);
    add(net::Method::get, "/v1/models/{id}", &Impl::model);
    server.otherwise([](HttpRequest request) -> asio::awaitable<HttpResponse> {
      co_return refusal(404, "Not found", request.request_id);
    });
  }

  std::optional<HttpResponse> not_admitted(const HttpRequest& request) const {
    auto key = request.headers.get("x-api-key").value_or("");
    auto bearer = request.headers.get("authorization").value_or("");
    constexpr std::string_view scheme = "Bearer ";
    if (key.empty() && bearer.starts_with(scheme)) key = bearer.substr(scheme.size());
    if (key != options.api_key) return refusal(401, "invalid x-api-key", request.request_id);
    auto version = request.headers.get("anthropic-version").value_or("");
    if (std::ranges::find(versions, version) == std::end(versions))
      return refusal(400, "anthropic-version: header is required and must be a valid version",
                     request.request_id);
    return std::nullopt;
  }

  Result<MessagesRequest> read(const HttpRequest& request) const {
    auto body = parse_json(request.body);
    if (!body) return std::unexpected(body.error());
    return read_messages_request(*body, request.headers.get("anthropic-version").value_or(""));
  }
  bool is_known(const std::string& name) const {
    return std::ranges::find(options.models, name) != options.models.end();
  }

  HttpResponse message(const HttpRequest& request) {
    auto asked = read(request);
    if (!asked) return refusal(400, asked.error().detail, request.request_id);
    if (!is_known(asked->model_name))
      return refusal(404, "model: " + asked->model_name, request.request_id);
    auto envelope = envelope_for(*asked);
    auto reply = script.next(asked->model, clock.wall());
    if (asked->is_streamed) {
      auto response = event_response(script, clock, options.where.seed + answers,
                                     message_events(reply, envelope));
      response.headers.set("request-id", request.request_id);
      return response;
    }
    if (reply.breaks != ModelReply::Breaks::never)
      return refusal(529, "Overloaded", request.request_id);
    return json_response(200, whole_message(reply, envelope), request.request_id);
  }

  MessageEnvelope envelope_for(const MessagesRequest& asked) {
    MessageEnvelope envelope;
    envelope.id = fmt::format("msg_{:06}", ++answers);
    envelope.model = asked.model_name;
    auto all = static_cast<std::int64_t>(asked.input_bytes / bytes_a_token);
    auto prefix_tokens = asked.cached_prefix.size() / bytes_a_token;
    if (!asked.cached_prefix.empty() && prefix_tokens >= options.min_cached_tokens) {
      bool is_new = cached.insert(asked.model_name + "\n" + asked.cached_prefix).second;
      auto& counted = is_new ? envelope.cache_written_tokens : envelope.cache_read_tokens;
      counted = std::min(all, static_cast<std::int64_t>(prefix_tokens));
    }
    envelope.input_tokens = all - envelope.cache_written_tokens - envelope.cache_read_tokens;
    return envelope;
  }

  HttpResponse count(const HttpRequest& request) {
    auto body = parse_json(request.body);
    if (body && body->is_object()) body->get_object()["max_tokens"] = 0;
    auto asked = body ? read_messages_request(*body, "") : std::unexpected(body.error());
    if (!asked) return refusal(400, asked.error().detail, request.request_id);
    return json_response(200, {{"input_tokens", asked->input_bytes / bytes_a_token}},
                         request.request_id);
  }

  static json::object described(const std::string& name) {
    return {{"type", "model"},
            {"id", name},
            {"display_name", name},
            {"created_at", "2026-10-01T00:00:00Z"}};
  }
  HttpResponse models(const HttpRequest& request) {
    json::array all;
    for (const auto& name : options.models) all.push_back(described(name));
    return json_response(200,
                         {{"data", all},
                          {"has_more", false},
                          {"first_id", options.models.front()},
                          {"last_id", options.models.back()}},
                         request.request_id);
  }
  HttpResponse model(const HttpRequest& request) {
    std::string name(request.path_value("id").value_or(""));
    if (!is_known(name)) return refusal(404, "model: " + name, request.request_id);
    return json_response(200, described(name), request.request_id);
  }

  Clock& clock;
  const AnthropicSimulatorOptions options;
  ModelScript script;
  std::uint64_t answers = 0;
  std::set<std::string> cached;
  StandInServer server;
};

AnthropicSimulator::AnthropicSimulator(asio::any_io_executor executor, Clock& clock, Random& random,
                                       AnthropicSimulatorOptions options)
    : impl_(std::make_unique<Impl>(std::move(executor), clock, random, std::move(options))) {}
AnthropicSimulator::~AnthropicSimulator() = default;

Result<void> AnthropicSimulator::start() { return impl_->server.start(); }
asio::awaitable<void> AnthropicSimulator::stop(TimePoint deadline) {
  return impl_->server.stop(deadline);
}
std::uint16_t AnthropicSimulator::port() const noexcept { return impl_->server.port(); }
StandInServer& AnthropicSimulator::server() noexcept { return impl_->server; }
ModelScript& AnthropicSimulator::script() noexcept { return impl_->script; }

}  // namespace parley::simulators
