#include "forwarding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>

#include "parley/base/strings.hpp"

namespace parley::gateway {

namespace {

constexpr std::size_t max_segments = 32;
constexpr std::size_t max_forwarded = 2000;

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}
std::string_view name_of(std::string_view segment) { return segment.substr(1, segment.size() - 2); }

bool is_path_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~!$&'()*+,;=:@%/").find(c) != std::string_view::npos;
}

bool is_word(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::optional<std::string> check_segments(std::string_view path) {
  if (!path.starts_with('/')) return "must start with /";
  if (path == "/") return std::nullopt;
  auto segments = path_segments(path);
  if (segments.size() > max_segments) return fmt::format("has more than {} segments", max_segments);
  for (auto segment : segments) {
    if (segment.empty() || segment == "." || segment == "..")
      return "must not have empty segments, . or ..";
    if (is_parameter(segment) ? !is_word(name_of(segment))
                              : !std::ranges::all_of(segment, is_path_char))
      return fmt::format("has a segment that cannot be: '{}'", segment.substr(0, 80));
  }
  return std::nullopt;
}

/// The raw path behind the first `count` segments, beginning with '/' or empty.
std::string_view without_segments(std::string_view path, std::size_t count) {
  for (; count > 0 && !path.empty(); --count) {
    auto next = path.find('/', 1);
    path = next == std::string_view::npos ? std::string_view() : path.substr(next);
  }
  return path;
}

/// Framing and connections are ours to say.
bool is_ours(std::string_view name) {
  constexpr std::array<std::string_view, 4> ours{"host", "content-length", "expect", "date"};
  auto lower = to_lower(name);
  return is_hop_by_hop(lower) || std::ranges::find(ours, lower) != ours.end();
}

void apply(const HeaderRules& rules, net::Headers& headers) {
  if (!rules.remove.empty()) {
    net::Headers kept;
    for (auto& [name, value] : headers.all())
      if (std::ranges::none_of(rules.remove, [&](auto& gone) { return iequals(gone, name); }))
        kept.add(name, value);
    headers = std::move(kept);
  }
  for (auto& [name, value] : rules.set) headers.set(name, value);
}

/// As the server writes a peer's address; empty: not an address.
std::string plain_address(std::string_view text) {
  boost::system::error_code ec;
  auto address = boost::asio::ip::make_address(std::string(text), ec);
  return ec ? std::string() : address.to_string();
}

}  // namespace

std::vector<std::string_view> path_segments(std::string_view path) {
  std::vector<std::string_view> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  while (!path.empty()) {
    auto end = path.find('/');
    segments.push_back(path.substr(0, end));
    path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
  }
  return segments;
}

std::optional<std::string> check_pattern(std::string_view path) {
  if (auto problem = check_segments(path)) return problem;
  std::vector<std::string_view> names;
  for (auto segment : path_segments(path)) {
    if (!is_parameter(segment)) continue;
    auto name = name_of(segment);
    if (name == "rest") return "must not name {rest}: in a rewrite it is what follows the path";
    if (std::ranges::find(names, name) != names.end()) return "names a part twice";
    names.push_back(name);
  }
  return std::nullopt;
}

std::optional<std::string> check_rewrite(std::string_view rewrite, std::string_view path) {
  if (auto problem = check_segments(rewrite)) return problem;
  std::vector<std::string> known{"rest"};
  for (auto segment : path_segments(path))
    if (is_parameter(segment)) known.emplace_back(name_of(segment));
  for (auto segment : path_segments(rewrite))
    if (is_parameter(segment) && std::ranges::find(known, name_of(segment)) == known.end())
      return fmt::format("names {}, which the path does not; there are: {}", segment,
                         join(known, ", "));
  return std::nullopt;
}

std::optional<std::string> problem_of_header(std::string_view name, std::string_view value) {
  auto is_token = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  };
  if (name.empty() || name.size() > 100 || !std::ranges::all_of(name, is_token))
    return "is not the name of a header";
  if (is_ours(name)) return "belongs to the connection, which the gateway looks after itself";
  auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (value.size() > 4000 || std::ranges::any_of(value, is_control))
    return "must be at most 4000 bytes without control characters";
  return std::nullopt;
}

bool is_plain_path(std::string_view path) {
  return path.starts_with('/') && path.size() <= 500 &&
         std::ranges::all_of(path, [](char c) { return is_path_char(c) || c == '?'; });
}

std::optional<std::string> problem_of_place(const RouteSpec& spec) {
  constexpr std::array<std::string_view, 9> own{"api",      "gateway",   "health",
                                                "media",    "metrics",   "voice",
                                                "webhooks", "socket.io", "process-document"};
  auto segments = path_segments(spec.path);
  if (segments.empty() || std::ranges::find(own, segments.front()) == own.end())
    return std::nullopt;
  return fmt::format("must not begin with /{}: that is the server's own", segments.front());
}

std::string rewritten(const RouteSpec& spec, const RewriteInput& input) {
  auto query_at = input.raw_target.find('?');
  auto path = input.raw_target.substr(0, query_at);
  auto query = query_at == std::string_view::npos ? "" : input.raw_target.substr(query_at);
  path = without_segments(path, input.base_segments);
  auto pattern = path_segments(spec.path);
  std::string out(input.target_path);
  if (out.ends_with('/')) out.pop_back();
  if (spec.rewrite.empty()) {
    out += spec.strip_prefix ? without_segments(path, pattern.size()) : path;
  } else {
    auto given = path_segments(path);
    for (auto segment : path_segments(spec.rewrite)) {
      if (!is_parameter(segment)) {
        out.append("/").append(segment);
      } else if (name_of(segment) == "rest") {
        out += without_segments(path, pattern.size());
      } else {
        auto at = static_cast<std::size_t>(std::ranges::find(pattern, segment) - pattern.begin());
        out.append("/").append(at < given.size() ? given[at] : "");
      }
    }
  }
  if (!out.starts_with('/')) out.insert(0, "/");
  return out.append(query);
}

bool is_hop_by_hop(std::string_view name) {
  constexpr std::array<std::string_view, 10> hops{"connection",
                                                  "keep-alive",
                                                  "proxy-authenticate",
                                                  "proxy-authorization",
                                                  "proxy-connection",
                                                  "te",
                                                  "trailer",
                                                  "transfer-encoding",
                                                  "upgrade",
                                                  "http2-settings"};
  return std::ranges::find(hops, to_lower(name)) != hops.end();
}

net::Headers end_to_end(const net::Headers& headers) {
  std::vector<std::string> named;
  for (auto& [name, value] : headers.all())
    if (iequals(name, "Connection"))
      for (auto& word : split(value, ',')) named.emplace_back(trim(word));
  net::Headers kept;
  for (auto& [name, value] : headers.all()) {
    bool is_named = std::ranges::any_of(named, [&](auto& word) { return iequals(word, name); });
    if (!is_named && !is_ours(name)) kept.add(name, value);
  }
  return kept;
}

net::Headers request_headers(const RouteSpec& spec, const net::HttpRequest& request,
                             const ForwardedBy& by) {
  net::Headers headers;
  for (auto& [name, value] : end_to_end(request.headers).all()) {
    auto lower = to_lower(name);
    // Nobody outside says who is asking.
    if (lower.starts_with("x-forwarded-") || lower == "forwarded" || lower == "x-real-ip" ||
        lower.starts_with("x-parley-") || lower == "x-request-id")
      continue;
    // The token is for us; it would let the target act as whoever asks.
    if (spec.access == RouteSpec::Access::bearer && lower == "authorization") continue;
    // Only plain JSON can be mapped.
    if (spec.response_mapping && lower == "accept-encoding") continue;
    headers.add(name, value);
  }
  headers.set("X-Forwarded-For", by.client_chain);
  headers.set("X-Forwarded-Proto", request.tls ? "https" : "http");
  headers.set("X-Forwarded-Host", std::string(request.headers.get("Host").value_or("")));
  headers.set("X-Request-Id", request.request_id);
  if (!by.organization.empty()) {
    headers.set("X-Parley-Organization", by.organization);
    headers.set("X-Parley-Principal", by.principal);
  }
  apply(spec.request_headers, headers);
  return headers;
}

net::Headers response_headers(const RouteSpec& spec, const net::Headers& from_target) {
  auto headers = end_to_end(from_target);
  apply(spec.response_headers, headers);
  return headers;
}

Client client_of(const net::HttpRequest& request, std::span<const std::string> trusted_proxies) {
  auto is_trusted = [&](const std::string& address) {
    return std::ranges::find(trusted_proxies, address) != trusted_proxies.end();
  };
  Client client{request.remote_ip, request.remote_ip};
  if (!is_trusted(request.remote_ip)) return client;
  std::vector<std::string> chain;
  for (auto& [name, value] : request.headers.all())
    if (iequals(name, "X-Forwarded-For"))
      for (auto& part : split(value, ',')) chain.emplace_back(trim(part));
  // From the nearest on, for as long as those who tell are believed.
  for (auto at = chain.rbegin(); at != chain.rend(); ++at) {
    auto address = plain_address(*at);
    if (address.empty()) break;
    client.address = address;
    if (client.chain.size() < max_forwarded) client.chain.insert(0, address + ", ");
    if (!is_trusted(address)) break;
  }
  return client;
}

}  // namespace parley::gateway
