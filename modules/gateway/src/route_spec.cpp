#include "parley/gateway/route_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>

#include "forwarding.hpp"
#include "parley/auth/permissions.hpp"
#include "parley/base/strings.hpp"
#include "parley/net/address_policy.hpp"

namespace parley::gateway {

namespace {

constexpr std::size_t max_targets = 32;
constexpr std::size_t max_header_rules = 50;
constexpr std::size_t max_file_routes = 1000;
constexpr std::int64_t max_body_mb = 1024;

std::optional<net::Method> parse_method(std::string_view name) {
  for (auto method : {net::Method::get, net::Method::head, net::Method::post, net::Method::put,
                      net::Method::patch, net::Method::delete_, net::Method::options})
    if (to_string(method) == name) return method;
  return std::nullopt;
}

/// Lists of texts; anything else is a problem.
std::vector<std::string> texts(FieldReader& in, std::string_view field, std::size_t most) {
  std::vector<std::string> all;
  const auto* value = in.any(field);
  if (!value) return all;
  const auto* list = value->if_array();
  bool good = list && list->size() <= most;
  if (good)
    for (auto& item : *list) {
      if (auto* text = item.if_string())
        all.emplace_back(*text);
      else
        good = false;
    }
  if (!good) in.problem(field, fmt::format("must be a list of at most {} texts", most));
  return all;
}

/// A nested object's problems, under its own name.
void adopt(FieldReader& in, std::string_view field, FieldReader& nested) {
  for (auto& problem : nested.finish())
    in.problem(
        problem.field.empty() ? std::string(field) : fmt::format("{}.{}", field, problem.field),
        problem.problem);
}

template <class Read>
void nested(FieldReader& in, std::string_view field, Read read) {
  const auto* value = in.any(field);
  if (!value) return;
  FieldReader inside(*value);
  read(inside);
  adopt(in, field, inside);
}

void read_path(FieldReader& in, RouteSpec& spec) {
  spec.path = in.text("path", {.min_length = 1, .max_length = 500});
  if (!spec.path.empty())
    if (auto problem = check_pattern(spec.path)) in.problem("path", *problem);
  auto match = in.optional_text("match").value_or("prefix");
  if (match != "prefix" && match != "exact") in.problem("match", "must be prefix or exact");
  if (match == "exact") spec.match = RouteSpec::Match::exact;
  for (auto& name : texts(in, "methods", 7)) {
    auto method = parse_method(name);
    if (method)
      spec.methods.push_back(*method);
    else
      in.problem("methods", "are GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS");
  }
  spec.strip_prefix = in.optional_flag("stripPrefix").value_or(false);
  spec.rewrite = in.optional_text("rewrite", {.min_length = 1, .max_length = 500}).value_or("");
  if (spec.rewrite.empty()) return;
  if (spec.strip_prefix) in.problem("rewrite", "and stripPrefix exclude each other");
  if (auto problem = check_rewrite(spec.rewrite, spec.path)) in.problem("rewrite", *problem);
}

std::optional<std::string> problem_of_target(const std::string& text, Reach reach) {
  auto url = boost::urls::parse_uri(text);
  if (!url || text.size() > 2000) return "is not a URL";
  auto scheme = to_lower(std::string(url->scheme()));
  if (scheme != "http" && scheme != "https") return "must start with http:// or https://";
  if (url->host().empty()) return "names no host";
  if (url->has_userinfo()) return "must not hold a user or password; set a header instead";
  if (url->has_query() || url->has_fragment()) return "must not have a query or fragment";
  if (reach == Reach::any) return std::nullopt;
  boost::system::error_code ec;
  auto address = boost::asio::ip::make_address(std::string(url->host_address()), ec);
  // What a name leads to is looked at whenever a connection is made.
  bool is_private = ec ? iequals(std::string(url->host_address()), "localhost")
                       : !net::is_public_address(address);
  if (is_private)
    return "is not a public address; routes to private ones stand in the server's own routes file, "
           "or gateway.allow_private is set";
  return std::nullopt;
}

void read_targets(FieldReader& in, RouteSpec& spec, Reach reach) {
  const auto* value = in.any("targets");
  const auto* list = value ? value->if_array() : nullptr;
  if (!list || list->empty() || list->size() > max_targets)
    return in.problem("targets", fmt::format("must be a list of 1 to {} targets", max_targets));
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto place = fmt::format("targets.{}", i);
    FieldReader inside((*list)[i]);
    TargetSpec target;
    target.url = inside.text("url", {.min_length = 1, .max_length = 2000});
    target.weight = static_cast<int>(inside.optional_integer("weight", 1, 100).value_or(1));
    if (!target.url.empty())
      if (auto problem = problem_of_target(target.url, reach)) inside.problem("url", *problem);
    adopt(in, place, inside);
    spec.targets.push_back(std::move(target));
  }
}

void read_balancing(FieldReader& in, RouteSpec& spec) {
  auto balancing = in.optional_text("balancing").value_or("round_robin");
  if (balancing == "least_connections")
    spec.balancing = RouteSpec::Balancing::least_connections;
  else if (balancing != "round_robin")
    in.problem("balancing", "must be round_robin or least_connections");
  nested(in, "healthCheck", [&](FieldReader& inside) {
    HealthCheckSpec check;
    check.path = inside.optional_text("path").value_or("/");
    check.interval =
        std::chrono::seconds(inside.optional_integer("intervalSeconds", 1, 3600).value_or(10));
    check.timeout =
        std::chrono::milliseconds(inside.optional_integer("timeoutMs", 10, 60'000).value_or(2000));
    if (!is_plain_path(check.path)) inside.problem("path", "must be a path like /healthz");
    spec.health_check = check;
  });
}

void read_access(FieldReader& in, RouteSpec& spec) {
  auto access = in.optional_text("access").value_or("bearer");
  if (access == "anyone")
    spec.access = RouteSpec::Access::anyone;
  else if (access != "bearer")
    in.problem("access", "must be bearer or anyone");
  if (auto permission = in.optional_text("permission")) {
    spec.permission = *permission;
    std::vector<std::string> known(auth::permissions().begin(), auth::permissions().end());
    if (!auth::is_permission(*permission)) {
      auto near = nearest(*permission, known);
      in.problem("permission", near ? fmt::format("does not exist; the nearest is {}", *near)
                                    : "does not exist; gateway:use is for everyone");
    }
    if (spec.access == RouteSpec::Access::anyone)
      in.problem("permission", "is for access bearer: anyone needs none");
  }
  nested(in, "rateLimit", [&](FieldReader& inside) {
    RateSpec rate;
    rate.per_minute = static_cast<int>(inside.integer("perMinute", 1, 10'000'000));
    rate.burst = static_cast<int>(inside.optional_integer("burst", 1, 100'000).value_or(10));
    spec.rate = rate;
  });
}

HeaderRules read_headers(FieldReader& in, std::string_view field) {
  HeaderRules rules;
  nested(in, field, [&](FieldReader& inside) {
    rules.remove = texts(inside, "remove", max_header_rules);
    if (const auto* set = inside.any("set")) {
      const auto* object = set->if_object();
      if (!object || object->size() > max_header_rules)
        return inside.problem("set", "must be an object of names and values");
      for (auto& [name, value] : *object) {
        if (auto* text = value.if_string())
          rules.set.emplace_back(std::string(name), std::string(*text));
        else
          inside.problem(fmt::format("set.{}", std::string_view(name)), "must be text");
      }
    }
    for (auto& name : rules.remove)
      if (auto problem = problem_of_header(name, "")) inside.problem("remove", *problem);
    for (auto& [name, value] : rules.set)
      if (auto problem = problem_of_header(name, value))
        inside.problem(fmt::format("set.{}", name.substr(0, 80)), *problem);
  });
  return rules;
}

std::optional<transform::Mapping> read_mapping(FieldReader& in, std::string_view field) {
  const auto* value = in.any(field);
  if (!value) return std::nullopt;
  auto mapping = transform::Mapping::compile(*value);
  if (mapping) return std::move(*mapping);
  for (auto& line : split(mapping.error().detail, '\n')) in.problem(field, line);
  return std::nullopt;
}

}  // namespace

std::expected<RouteSpec, std::vector<FieldProblem>> parse_route(const json::value& value,
                                                                Reach reach) {
  RouteSpec spec;
  FieldReader in(value);
  read_path(in, spec);
  spec.name = in.optional_text("name", {.min_length = 1, .max_length = 80}).value_or(spec.path);
  read_targets(in, spec, reach);
  read_balancing(in, spec);
  read_access(in, spec);
  spec.timeout =
      std::chrono::milliseconds(in.optional_integer("timeoutMs", 10, 600'000).value_or(30'000));
  spec.retries = static_cast<int>(in.optional_integer("retries", 0, 3).value_or(1));
  spec.max_body_bytes =
      static_cast<std::size_t>(in.optional_integer("maxBodyMb", 0, max_body_mb).value_or(10)) << 20;
  spec.request_headers = read_headers(in, "requestHeaders");
  spec.response_headers = read_headers(in, "responseHeaders");
  spec.request_mapping = read_mapping(in, "requestTransform");
  spec.response_mapping = read_mapping(in, "responseTransform");
  spec.websocket = in.optional_flag("websocket").value_or(true);
  spec.enabled = in.optional_flag("enabled").value_or(true);
  auto problems = in.finish();
  if (!problems.empty()) return std::unexpected(std::move(problems));
  spec.source = value.as_object();
  return spec;
}

Result<std::vector<RouteSpec>> parse_route_file(std::string_view text) {
  auto parsed = parse_json(text);
  if (!parsed) return std::unexpected(parsed.error());
  FieldReader in(*parsed);
  const auto* value = in.any("routes");
  const auto* list = value ? value->if_array() : nullptr;
  if (!list || list->size() > max_file_routes)
    in.problem("routes", fmt::format("must be a list of at most {} routes", max_file_routes));
  std::vector<RouteSpec> specs;
  std::vector<std::string> faults;
  for (auto& problem : in.finish()) faults.push_back(problem.field + " " + problem.problem);
  for (std::size_t i = 0; list && i < list->size(); ++i) {
    auto spec = parse_route((*list)[i], Reach::any);
    if (spec) {
      if (auto problem = problem_of_place(*spec))
        faults.push_back(fmt::format("routes.{}.path {}", i, *problem));
      specs.push_back(std::move(*spec));
      continue;
    }
    for (auto& problem : spec.error())
      faults.push_back(fmt::format("routes.{}.{} {}", i, problem.field, problem.problem));
  }
  if (!faults.empty()) return fail(Errc::invalid, join(faults, "\n"));
  return specs;
}

}  // namespace parley::gateway
