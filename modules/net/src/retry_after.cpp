#include "parley/net/retry_after.hpp"

#include <time.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace parley::net {

namespace {

constexpr std::chrono::seconds longest = std::chrono::hours(24);

/// "Sun, 06 Nov 1994 08:49:37 GMT". The program stays in the C locale, whose names these are.
std::optional<std::chrono::sys_seconds> parse_http_date(const std::string& text) {
  tm fields{};
  auto* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &fields);
  if (!end || *end != '\0') return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&fields)));
}

std::chrono::seconds asked_for(const HttpResponse& response, WallTime now) {
  std::string text(response.headers.get("Retry-After").value_or(""));
  std::int64_t seconds = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (ec == std::errc() && end == text.data() + text.size())
    return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, longest.count()));
  auto until = parse_http_date(text);
  if (!until) return {};
  auto from = parse_http_date(std::string(response.headers.get("Date").value_or("")))
                  .value_or(std::chrono::floor<std::chrono::seconds>(now));
  return *until - from;
}

}  // namespace

std::chrono::milliseconds retry_after(const HttpResponse& response, WallTime now) {
  return std::clamp(asked_for(response, now), std::chrono::seconds(0), longest);
}

}  // namespace parley::net
