#include "parley/providers/streaming/refusal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "parley/base/json.hpp"
#include "parley/net/retry_after.hpp"

namespace parley::providers::streaming {

namespace {

Errc code_of(int status) {
  switch (status) {
    case 401:
      return Errc::unauthenticated;
    case 402:
    case 403:
      return Errc::forbidden;
    case 404:
      return Errc::not_found;
    case 408:
      return Errc::timeout;
    case 429:
      return Errc::rate_limited;
    default:
      return status >= 400 && status < 500 ? Errc::invalid : Errc::unavailable;
  }
}

/// A code is one word; anything else could be a sentence.
bool is_code(std::string_view text) {
  return !text.empty() && text.size() <= 60 && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-' || c == '.';
  });
}

}  // namespace

std::string refusal_code(std::string_view body) {
  auto parsed = parse_json(body);
  if (!parsed) return "";
  for (auto* place : {"/err_code", "/detail/status", "/detail/code", "/error/code", "/error/type",
                      "/error", "/code", "/detail/0/type"})
    if (auto text = text_at(*parsed, place); is_code(text)) return text;
  return "";
}

Error refusal(int status, const net::Headers& headers, std::string_view body, WallTime now) {
  Error error{code_of(status), fmt::format("answered {}", status)};
  if (auto code = refusal_code(body); !code.empty()) error.detail += " " + code;
  net::HttpResponse told;
  told.headers = headers;
  if (status == 429 || status >= 500) error.retry_after = net::retry_after(told, now);
  return error;
}

std::string address_under(std::string_view base, std::string_view path) {
  while (base.ends_with('/')) base.remove_suffix(1);
  return std::string(base) + std::string(path);
}

std::string socket_address_under(std::string_view base, std::string_view path) {
  auto url = address_under(base, path);
  if (url.starts_with("http")) url.replace(0, 4, "ws");
  return url;
}

}  // namespace parley::providers::streaming
