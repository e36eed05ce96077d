#include <fmt/format.h>

#include "doctor.hpp"
#include "parley/base/json.hpp"

namespace parley::app {

namespace {

constexpr Duration between_looks = 300ms;
constexpr Duration whole_suite = 15min;

double number_at(const json::value& value, std::string_view pointer) {
  auto* found = value_at(value, pointer);
  return found && found->is_number() ? found->to_number<double>() : 0;
}

Finding finding_of(const json::value& check) {
  auto status = text_at(check, "/status");
  Finding finding;
  finding.what = "  " + text_at(check, "/name");
  finding.verdict = status == "healthy"    ? Verdict::good
                    : status == "degraded" ? Verdict::warning
                                           : Verdict::bad;
  finding.detail = status == "healthy" ? fmt::format("{:.0f} ms", number_at(check, "/latencyMs"))
                                       : fmt::format("{} since {}", text_at(check, "/reason"),
                                                     text_at(check, "/since"));
  finding.advice = text_at(check, "/advice");
  return finding;
}

Task<json::value> ask(net::HttpClient& http, net::OutgoingRequest request) {
  request.timeout = 5s;
  auto sending = http.send(Context{}, std::move(request));
  auto response = co_await std::move(sending);
  if (!response) co_return std::unexpected(response.error());
  auto body = parse_json(response->body);
  if (response->status == 401 || response->status == 403)
    co_return fail(Errc::forbidden,
                   "the key of the command line may not: " +
                       (body ? text_at(*body, "/error") : std::to_string(response->status)));
  if (response->status >= 300)
    co_return fail(Errc::unavailable, fmt::format("the API answered {}", response->status));
  co_return body;
}

Finding finding_of_step(const json::value& step) {
  auto status = text_at(step, "/status");
  Finding finding;
  finding.what = text_at(step, "/name");
  finding.verdict = status == "passed"    ? Verdict::good
                    : status == "skipped" ? Verdict::warning
                                          : Verdict::bad;
  finding.detail =
      fmt::format("{} ({:.0f} ms)", text_at(step, "/detail"), number_at(step, "/tookMs"));
  finding.advice = text_at(step, "/advice");
  return finding;
}

}  // namespace

Task<std::vector<Finding>> ask_server(Clock& clock, net::HttpClient& http, std::string url) {
  net::OutgoingRequest request;
  request.url = url + "/health";
  request.timeout = 8s;
  auto begun = clock.now();
  auto sending = http.send(Context{}, std::move(request));
  auto response = co_await std::move(sending);
  auto took = std::chrono::duration<double, std::milli>(clock.now() - begun).count();
  if (!response)
    co_return std::vector{
        Finding{"server", Verdict::warning, url + ": " + response.error().detail,
                "start it with `parley serve`; from outside, server.public_url must lead to it"}};
  auto body = parse_json(response->body);
  auto* checks = body ? value_at(*body, "/data/checks") : nullptr;
  if (!checks || !checks->is_array())
    co_return std::vector{Finding{"server", Verdict::bad,
                                  fmt::format("{}/health answered {}", url, response->status),
                                  "something else than Parley may be listening there"}};
  auto status = text_at(*body, "/data/status");
  std::vector<Finding> findings{{"server",
                                 status == "healthy"    ? Verdict::good
                                 : status == "degraded" ? Verdict::warning
                                                        : Verdict::bad,
                                 fmt::format("{} is {} ({:.0f} ms)", url, status, took),
                                 status == "healthy" ? "" : "see below what is away"}};
  for (const auto& check : checks->get_array()) findings.push_back(finding_of(check));
  co_return findings;
}

Task<void> try_everything(Clock& clock, net::HttpClient& http, std::string url, std::string token,
                          OnFinding told) {
  auto request = [&](net::Method method, std::string path) {
    net::OutgoingRequest made;
    made.method = method;
    made.url = url + "/api/v1/integration/" + std::move(path);
    made.headers.set("Authorization", "Bearer " + token);
    if (method == net::Method::post) {
      made.headers.set("Content-Type", "application/json");
      made.body = "{}";
    }
    return made;
  };
  auto starting = ask(http, request(net::Method::post, "test-all"));
  auto started = co_await std::move(starting);
  if (!started) co_return std::unexpected(started.error());
  auto path = "runs/" + text_at(*started, "/data/id");
  std::size_t shown = 0;
  for (auto until = clock.now() + whole_suite; clock.now() < until;) {
    auto looking = ask(http, request(net::Method::get, path));
    auto run = co_await std::move(looking);
    if (!run) co_return std::unexpected(run.error());
    auto* steps = value_at(*run, "/data/results");
    if (!steps || !steps->is_array()) co_return fail(Errc::corrupt, "the API answered oddly");
    const auto& all = steps->get_array();
    for (; shown < all.size(); ++shown) {
      auto status = text_at(all[shown], "/status");
      if (status == "waiting" || status == "running") break;
      told(finding_of_step(all[shown]));
    }
    auto status = text_at(*run, "/data/status");
    if (status == "interrupted") co_return fail(Errc::unavailable, "the run was interrupted");
    if (status == "passed" || status == "failed") co_return Result<void>{};
    auto next = clock.now() + between_looks;
    co_await clock.sleep_until(next);
  }
  co_return fail(Errc::timeout, "the suite did not end in time");
}

}  // namespace parley::app
