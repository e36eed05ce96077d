#include "response_head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "parley/base/strings.hpp"

namespace parley::net {

namespace {

struct Reason {
  int status;
  std::string_view text;
};

constexpr std::array reasons{Reason{100, "Continue"},
                             Reason{101, "Switching Protocols"},
                             Reason{200, "OK"},
                             Reason{201, "Created"},
                             Reason{202, "Accepted"},
                             Reason{204, "No Content"},
                             Reason{206, "Partial Content"},
                             Reason{301, "Moved Permanently"},
                             Reason{302, "Found"},
                             Reason{303, "See Other"},
                             Reason{304, "Not Modified"},
                             Reason{307, "Temporary Redirect"},
                             Reason{308, "Permanent Redirect"},
                             Reason{400, "Bad Request"},
                             Reason{401, "Unauthorized"},
                             Reason{402, "Payment Required"},
                             Reason{403, "Forbidden"},
                             Reason{404, "Not Found"},
                             Reason{405, "Method Not Allowed"},
                             Reason{408, "Request Timeout"},
                             Reason{409, "Conflict"},
                             Reason{410, "Gone"},
                             Reason{412, "Precondition Failed"},
                             Reason{413, "Content Too Large"},
                             Reason{415, "Unsupported Media Type"},
                             Reason{417, "Expectation Failed"},
                             Reason{422, "Unprocessable Content"},
                             Reason{426, "Upgrade Required"},
                             Reason{429, "Too Many Requests"},
                             Reason{431, "Request Header Fields Too Large"},
                             Reason{500, "Internal Server Error"},
                             Reason{501, "Not Implemented"},
                             Reason{502, "Bad Gateway"},
                             Reason{503, "Service Unavailable"},
                             Reason{504, "Gateway Timeout"},
                             Reason{505, "HTTP Version Not Supported"},
                             Reason{507, "Insufficient Storage"}};

std::string_view reason_of(int status) {
  auto found = std::ranges::find(reasons, status, &Reason::status);
  return found == reasons.end() ? std::string_view("Status") : found->text;
}

bool is_token(std::string_view text) noexcept {
  auto is_token_char = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
  };
  return !text.empty() && std::ranges::all_of(text, is_token_char);
}

bool is_ours(std::string_view name) {
  constexpr std::array<std::string_view, 6> ours{
      "content-length", "transfer-encoding", "connection", "keep-alive", "date", "x-request-id"};
  auto lower = to_lower(name);
  return std::ranges::find(ours, lower) != ours.end();
}

void add_field(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

bool is_sound_field(std::string_view name, std::string_view value) noexcept {
  return is_token(name) &&
         value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

bool status_has_body(int status) noexcept {
  return status >= 200 && status != 204 && status != 304;
}

std::string http_date(WallTime time) {
  constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  auto day = std::chrono::floor<std::chrono::days>(time);
  std::chrono::year_month_day date{day};
  std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::seconds>(time - day)};
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                     days[std::chrono::weekday(day).c_encoding()], unsigned(date.day()),
                     months[unsigned(date.month()) - 1], int(date.year()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

std::string response_head(const HttpResponse& response, const HeadFacts& facts) {
  std::string head;
  head.reserve(512);
  fmt::format_to(std::back_inserter(head), "HTTP/1.1 {} {}\r\n", response.status,
                 reason_of(response.status));
  add_field(head, "Date", http_date(facts.now));
  for (auto& [name, value] : response.headers.all())
    if (!is_ours(name) && is_sound_field(name, value)) add_field(head, name, value);
  if (!facts.request_id.empty()) add_field(head, "X-Request-Id", facts.request_id);
  if (facts.content_length)
    add_field(head, "Content-Length", std::to_string(*facts.content_length));
  if (facts.chunked) add_field(head, "Transfer-Encoding", "chunked");
  // 1.1 keeps the connection unless told otherwise, 1.0 closes it unless told otherwise.
  if (!facts.keep_alive)
    add_field(head, "Connection", "close");
  else if (facts.http_1_0)
    add_field(head, "Connection", "keep-alive");
  head.append("\r\n");
  return head;
}

}  // namespace parley::net
