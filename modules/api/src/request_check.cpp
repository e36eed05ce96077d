#include "request_check.hpp"

#include <fmt/format.h>

#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <set>

#include "multipart.hpp"
#include "parley/base/strings.hpp"

namespace parley::api {

namespace {

std::unexpected<Failure> unknown_parameter(std::string_view name, const Route& route) {
  std::vector<std::string> names;
  for (auto& parameter : route.query) names.push_back(parameter.name);
  std::string message = fmt::format("There is no query parameter \"{}\" here", name.substr(0, 100));
  if (auto near = nearest(name, names))
    message += fmt::format("; did you mean \"{}\"?", *near);
  else if (!names.empty())
    message += fmt::format("; known ones: {}.", join(names, ", "));
  else
    message += "; none is known.";
  return refuse(400, "unknown_parameter", std::move(message));
}

/// The text as the JSON that the parameter's schema is about.
json::value value_of(const std::string& text, const Schema& schema) {
  auto type = std::string_view(schema.body.at("type").get_string());
  if (type == "integer") {
    std::int64_t number = 0;
    auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (ec == std::errc() && end == text.data() + text.size()) return number;
  }
  if (type == "boolean" && (text == "true" || text == "false")) return text == "true";
  return json::value(text);
}

bool has_zero_byte(const json::value& value) {
  auto has = [](std::string_view text) { return text.find('\0') != std::string_view::npos; };
  if (auto* text = value.if_string()) return has(std::string_view(*text));
  if (auto* list = value.if_array()) return std::ranges::any_of(*list, has_zero_byte);
  if (auto* object = value.if_object())
    for (auto& [name, member] : *object)
      if (has(name) || has_zero_byte(member)) return true;
  return false;
}

Checked check_json_type(std::string_view content_type) {
  auto kind = to_lower(trim(content_type.substr(0, content_type.find(';'))));
  bool is_json =
      kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"));
  auto charset = to_lower(content_type).find("charset=");
  bool is_utf8 = charset == std::string::npos ||
                 to_lower(content_type.substr(charset + 8)).find("utf-8") != std::string::npos;
  if (is_json && is_utf8) return {};
  return refuse(415, "unsupported_media_type", "Content-Type must be application/json in UTF-8.");
}

Checked check_json(Request& request, const Route& route, const Schemas& named) {
  auto& text = request.http.body;
  json::value value = json::object{};
  if (!trim(text).empty()) {
    if (auto type = check_json_type(request.http.headers.get("Content-Type").value_or("")); !type)
      return type;
    if (!is_valid_utf8(text)) return refuse(400, "malformed_json", "The body is not UTF-8.");
    auto parsed = parse_json(text);
    if (!parsed) return refuse(400, "malformed_json", "Bad body: " + parsed.error().detail);
    if (has_zero_byte(*parsed))
      return refuse(400, "malformed_json", "The body contains a zero character.");
    value = std::move(*parsed);
  }
  if (!value.is_object()) return refuse(400, "malformed_json", "The body must be a JSON object.");
  auto problems = problems_of(value, route.request, named);
  if (!problems.empty()) return refuse_fields(std::move(problems));
  request.body = std::move(value.get_object());
  return {};
}

Checked check_form(Request& request, const Route& route, const Schemas& named) {
  auto parts =
      parse_multipart(request.http.headers.get("Content-Type").value_or(""), request.http.body);
  if (!parts && parts.error().code == Errc::unsupported)
    return refuse(415, "unsupported_media_type", "Content-Type must be multipart/form-data.");
  if (!parts) return refuse(400, "malformed_form", "Bad body: " + parts.error().detail);
  json::object fields;
  for (auto& part : *parts) {
    bool twice = fields.contains(part.name);
    if (twice)
      return refuse(400, "malformed_form", fmt::format("\"{}\" was sent twice.", part.name));
    std::string_view text = part.file_name ? std::string_view(*part.file_name) : part.content;
    if (text.find('\0') != std::string_view::npos || !is_valid_utf8(text))
      return refuse(400, "malformed_form", fmt::format("\"{}\" is not UTF-8 text.", part.name));
    fields[part.name] = text;
  }
  auto problems = problems_of(fields, route.request, named);
  for (auto& [name, property] : route.request.body.at("properties").get_object()) {
    auto* format = property.get_object().if_contains("format");
    bool wants_file = format && format->get_string() == "binary";
    auto same_name = [&](const FormPart& part) { return part.name == std::string_view(name); };
    auto found = std::ranges::find_if(*parts, same_name);
    if (found != parts->end() && wants_file != found->file_name.has_value())
      problems.push_back({std::string(name), wants_file ? "must be a file" : "must not be a file"});
  }
  if (!problems.empty()) return refuse_fields(std::move(problems));
  request.body = std::move(fields);
  request.form = std::move(*parts);
  return {};
}

}  // namespace

std::expected<Query, Failure> check_query(const net::Fields& given, const Route& route,
                                          const Schemas& named) {
  json::object values;
  std::vector<FieldProblem> problems;
  for (auto& [name, text] : given) {
    auto parameter = std::ranges::find(route.query, name, &QueryParameter::name);
    if (parameter == route.query.end()) return unknown_parameter(name, route);
    if (values.contains(name))
      return refuse(400, "repeated_parameter",
                    fmt::format("The query parameter \"{}\" was given twice.", name));
    auto value = value_of(text, parameter->schema);
    for (auto& problem : problems_of(value, parameter->schema, named))
      problems.push_back({name, problem.problem});
    values[name] = std::move(value);
  }
  for (auto& parameter : route.query)
    if (parameter.presence == QueryParameter::Presence::required &&
        !values.contains(parameter.name))
      problems.push_back({parameter.name, "is required"});
  if (!problems.empty()) return refuse_fields(std::move(problems));
  return Query(std::move(values));
}

Checked check_body(Request& request, const Route& route, const Schemas& named) {
  if (route.body == BodyKind::json) return check_json(request, route, named);
  if (route.body == BodyKind::multipart) return check_form(request, route, named);
  return {};
}

std::string request_hash(const Request& request) {
  auto content = fmt::format("{} {}\n", to_string(request.http.method), request.http.target);
  // The same route has two addresses.
  if (auto at = content.find("/api/v1/"); at != std::string::npos) content.erase(at + 4, 3);
  if (request.form.empty()) return content_hash(content + request.http.body);
  for (auto& part : request.form)
    content += fmt::format("{}:{}{}:{}{}:{}", part.name.size(), part.name,
                           part.file_name.value_or("").size(), part.file_name.value_or(""),
                           part.content.size(), part.content);
  return content_hash(content);
}

std::string client_address(const net::HttpRequest& http, const ApiOptions& options) {
  auto is_trusted = [&](const std::string& address) {
    return std::ranges::find(options.trusted_proxies, address) != options.trusted_proxies.end();
  };
  std::string address = http.remote_ip;
  auto forwarded = http.headers.get("X-Forwarded-For");
  if (!forwarded || !is_trusted(address)) return address;
  auto hops = split(*forwarded, ',');
  for (auto hop = hops.rbegin(); hop != hops.rend() && is_trusted(address); ++hop) {
    boost::system::error_code ec;
    auto parsed = asio::ip::make_address(std::string(trim(*hop)), ec);
    if (ec) break;
    address = parsed.to_string();
  }
  return address;
}

bool comes_from_here(const net::HttpRequest& http) {
  boost::system::error_code ec;
  auto address = asio::ip::make_address(http.remote_ip, ec);
  return !ec && address.is_loopback() && !http.headers.get("X-Forwarded-For") &&
         !http.headers.get("Forwarded");
}

std::string address_group(const std::string& address) {
  boost::system::error_code ec;
  auto parsed = asio::ip::make_address(address, ec);
  if (ec || !parsed.is_v6()) return address;
  auto bytes = parsed.to_v6().to_bytes();
  return to_hex(std::as_bytes(std::span(bytes).first(8))) + "/64";
}

}  // namespace parley::api
