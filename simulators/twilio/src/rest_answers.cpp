#include "rest_answers.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "parley/base/strings.hpp"

namespace parley::simulators {

namespace {

constexpr std::size_t usual_page = 50;
constexpr std::size_t longest_page = 1000;

std::optional<std::size_t> number(std::string_view text) {
  std::size_t value = 0;
  auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The request's own address with another page; filters stay.
std::string page_uri(const net::HttpRequest& request, std::size_t page, std::size_t size,
                     std::string_view token) {
  auto uri = request.path + fmt::format("?PageSize={}&Page={}", size, page);
  if (!token.empty()) uri += fmt::format("&PageToken={}", token);
  for (auto& [name, value] : request.query)
    if (name != "PageSize" && name != "Page" && name != "PageToken")
      uri += "&" + url_encode(name) + "=" + url_encode(value);
  return uri;
}

}  // namespace

std::unexpected<TwilioRefusal> no_such_thing(std::string_view path) {
  return refuse_twilio(404, 20404, fmt::format("The requested resource {} was not found", path));
}

net::HttpResponse json_answer(int status, const json::value& body) {
  return net::text_response(status, json::serialize(body), "application/json");
}

net::HttpResponse refusal_answer(const TwilioRefusal& refusal) {
  auto answer = json_answer(
      refusal.status,
      {{"code", refusal.code},
       {"message", refusal.message},
       {"more_info", fmt::format("https://www.twilio.com/docs/errors/{}", refusal.code)},
       {"status", refusal.status}});
  if (refusal.status == 401) answer.headers.set("WWW-Authenticate", "Basic realm=\"Twilio API\"");
  return answer;
}

net::HttpResponse refusal_of_fault(const Fault& fault) {
  auto code = number(fault.code).value_or(fault.status == 401 ? 20003 : 20000 + fault.status);
  return refusal_answer({fault.status, static_cast<int>(code), "As the plan of faults wants it"});
}

std::string rfc2822(WallTime at) {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} +0000",
                     std::chrono::floor<std::chrono::seconds>(at));
}

bool is_e164(std::string_view number) {
  return number.size() >= 8 && number.size() <= 16 && number[0] == '+' && number[1] != '0' &&
         std::ranges::all_of(number.substr(1), [](char c) { return c >= '0' && c <= '9'; });
}

TwilioResult<net::HttpResponse> page_of(const net::HttpRequest& request, std::string_view plural,
                                        const std::vector<const Resource*>& of) {
  auto asked = [&](std::string_view name, std::size_t otherwise) {
    auto given = net::find_field(request.query, name);
    return given ? number(*given) : std::optional(otherwise);
  };
  auto size = asked("PageSize", usual_page);
  auto page = asked("Page", 0);
  if (!size || !page || *size == 0) return refuse_twilio(400, 20001, "Page or PageSize is invalid");
  *size = std::min(*size, longest_page);
  // A token holds the place: what was made since the page before does not move it.
  auto token = net::find_field(request.query, "PageToken");
  auto first = *page * *size;
  if (token) {
    auto before = std::ranges::find_if(of, [&](auto* one) {
      return token->starts_with("PA") && one->text("sid") == token->substr(2);
    });
    if (before == of.end()) return refuse_twilio(400, 20001, "PageToken is invalid");
    first = static_cast<std::size_t>(before - of.begin()) + 1;
  }
  if (*page > 100'000) return refuse_twilio(400, 20001, "Page is invalid");
  first = std::min(first, of.size());
  auto end = std::min(of.size(), first + *size);
  json::array items;
  for (auto i = first; i < end; ++i) items.push_back(of[i]->shown);
  json::object body{{std::string(plural), items},
                    {"page", *page},
                    {"page_size", *size},
                    {"start", first},
                    {"end", end > first ? end - 1 : first},
                    {"uri", request.target},
                    {"first_page_uri", page_uri(request, 0, *size, "")},
                    {"next_page_uri", nullptr},
                    {"previous_page_uri", nullptr}};
  if (end < of.size())
    body["next_page_uri"] = page_uri(request, *page + 1, *size, "PA" + of[end - 1]->text("sid"));
  if (*page > 0) body["previous_page_uri"] = page_uri(request, *page - 1, *size, "");
  return json_answer(200, body);
}

}  // namespace parley::simulators
