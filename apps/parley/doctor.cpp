#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "commands.hpp"
#include "data_folder.hpp"
#include "parley/base/json.hpp"
#include "parley/base/strings.hpp"
#include "parley/net/client.hpp"
#include "parley/store/migrations.hpp"
#include "parley/telemetry/log.hpp"
#include "run_blocking.hpp"

namespace parley::app {

namespace {

enum class Verdict { good, warning, bad };

struct Finding {
  std::string what;
  Verdict verdict = Verdict::good;
  std::string detail;
  std::string advice;  ///< what to do about it; empty when good
};

std::optional<std::filesystem::path> find_program(const std::string& name) {
  auto* path = std::getenv("PATH");
  for (auto& folder : split(path ? path : "", ':')) {
    auto file = std::filesystem::path(folder) / name;
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return std::nullopt;
}

Finding program(const std::string& name, const std::string& package, const std::string& without) {
  auto found = find_program(name);
  if (found) return {name, Verdict::good, found->string(), ""};
  return {name, Verdict::warning, "not found; " + without, "apt-get install " + package};
}

Finding data_folder(const Settings& settings) {
  std::filesystem::path path = settings.text("data.dir");
  std::error_code ec;
  if (!std::filesystem::exists(path, ec))
    return {"data folder", Verdict::warning, path.string() + " does not exist yet",
            "it is made by `parley serve`; data.dir changes its place"};
  if (::access(path.c_str(), W_OK | X_OK) != 0)
    return {"data folder", Verdict::bad, path.string() + " cannot be written",
            "give it to the user who runs parley: chown or chmod it"};
  auto space = std::filesystem::space(path, ec);
  if (!ec && space.available < (1ull << 30))
    return {"data folder", Verdict::warning,
            fmt::format("{}: only {} MB free", path.string(), space.available >> 20),
            "free some space: a full disk stops bookings"};
  return {"data folder", Verdict::good, path.string(), ""};
}

Finding database(const Settings& settings, Clock& clock, asio::io_context& io) {
  auto url = settings.text("database.url");
  bool embedded = url.empty();
  if (embedded) {
    auto file = settings.text("data.dir") + "/parley.db";
    if (!std::filesystem::exists(file))
      return {"database", Verdict::warning, file + " does not exist yet",
              "it is made by `parley serve`"};
    url = "sqlite:" + file;
  }
  auto opened = store::open_database(clock, url);
  if (!opened)
    return {"database", Verdict::bad, opened.error().detail,
            embedded ? "restore a backup, or move the file away to begin anew"
                     : "check database.url and that the server is running"};
  auto begun = clock.now();
  auto applied = run_blocking(io, [&] { return store::applied_migrations(**opened); });
  if (!applied)
    return {"database", Verdict::warning, "not migrated: " + applied.error().detail,
            "run `parley migrate`"};
  auto newest = static_cast<std::int64_t>(store::migrations().size());
  if (*applied < newest)
    return {"database", Verdict::warning,
            fmt::format("{} of {} migrations applied", *applied, newest),
            "run `parley migrate`, or start the server"};
  auto took = std::chrono::duration<double, std::milli>(clock.now() - begun).count();
  return {"database", Verdict::good,
          fmt::format("{}, answers in {:.1f} ms", embedded ? "SQLite" : "PostgreSQL", took), ""};
}

Finding speech_model(const Settings& settings) {
  std::filesystem::path folder = settings.text("speech.model_dir");
  auto model = folder / "en-us" / "mdef";
  auto dictionary = folder / "cmudict-en-us.dict";
  if (std::filesystem::exists(model) && std::filesystem::exists(dictionary))
    return {"speech recognition", Verdict::good, folder.string(), ""};
  return {"speech recognition", Verdict::bad, "no model in " + folder.string(),
          "apt-get install pocketsphinx-en-us, or set speech.model_dir"};
}

Task<Finding> server(Clock& clock, net::HttpClient& http, std::string url) {
  net::OutgoingRequest request;
  request.url = url + "/health";
  request.timeout = std::chrono::seconds(5);
  auto begun = clock.now();
  auto sending = http.send(Context{}, std::move(request));
  auto response = co_await std::move(sending);
  auto took = std::chrono::duration<double, std::milli>(clock.now() - begun).count();
  if (!response)
    co_return Finding{
        "server", Verdict::warning, url + ": " + response.error().detail,
        "start it with `parley serve`; from outside, server.public_url must lead to it"};
  if (response->status != 200)
    co_return Finding{"server", Verdict::bad,
                      fmt::format("{}/health answered {}", url, response->status),
                      "open " + url + "/health: it names what is wrong"};
  co_return Finding{"server", Verdict::good, fmt::format("{} is healthy ({:.0f} ms)", url, took),
                    ""};
}

Task<Finding> twilio_account(const Settings& settings, net::HttpClient& http) {
  auto& sid = settings.text("twilio.account_sid");
  if (sid.empty())
    co_return Finding{"Twilio", Verdict::good, "not configured; test calls work without an account",
                      ""};
  net::OutgoingRequest request;
  request.url =
      settings.text("twilio.api_url") + "/2010-04-01/Accounts/" + url_encode(sid) + ".json";
  auto credentials = sid + ":" + settings.text("twilio.auth_token");
  request.headers.set("Authorization", "Basic " + base64_encode(as_bytes(credentials)));
  request.timeout = std::chrono::seconds(10);
  auto sending = http.send(Context{}, std::move(request));
  auto response = co_await std::move(sending);
  if (!response)
    co_return Finding{"Twilio", Verdict::bad, response.error().detail,
                      "check the network and twilio.api_url"};
  if (response->status == 401)
    co_return Finding{"Twilio", Verdict::bad, "refused the credentials",
                      "compare twilio.account_sid and twilio.auth_token with the Twilio console"};
  if (response->status != 200)
    co_return Finding{"Twilio", Verdict::warning, fmt::format("answered {}", response->status),
                      "try again later"};
  co_return Finding{"Twilio", Verdict::good, "account " + sid, ""};
}

Finding webhook_address(const Settings& settings, const std::string& url) {
  if (url.starts_with("https://")) return {"public address", Verdict::good, url, ""};
  bool carrier = !settings.text("twilio.account_sid").empty();
  return {
      "public address", carrier ? Verdict::bad : Verdict::good,
      url + (carrier ? " is not HTTPS: Twilio will not connect its audio" : " (test calls only)"),
      carrier ? "set server.public_url to the https:// address that leads here" : ""};
}

std::string_view sign(Verdict verdict) {
  return verdict == Verdict::good ? "ok  " : verdict == Verdict::warning ? "warn" : "FAIL";
}

void print(const std::vector<Finding>& findings, bool as_json) {
  if (as_json) {
    json::array all;
    for (auto& finding : findings)
      all.push_back({{"check", finding.what},
                     {"verdict", finding.verdict == Verdict::good      ? "ok"
                                 : finding.verdict == Verdict::warning ? "warning"
                                                                       : "failed"},
                     {"detail", finding.detail},
                     {"advice", finding.advice}});
    fmt::print("{}\n", json::serialize(all));
    return;
  }
  for (auto& finding : findings) {
    fmt::print("{}  {:<20} {}\n", sign(finding.verdict), finding.what, finding.detail);
    if (!finding.advice.empty()) fmt::print("      {:<20} -> {}\n", "", finding.advice);
  }
}

}  // namespace

int run_doctor(const CommonOptions& common, bool as_json) {
  (void)log::configure({.level = log::Level::off});
  auto settings = load_settings(common);
  if (!settings) return complain(usage, settings.error().detail);
  auto listen = parse_listen(settings->text("server.listen"));
  if (!listen) return complain(usage, listen.error().detail);
  SystemClock clock;
  asio::io_context io{1};
  auto http = net::make_http_client(io.get_executor());
  auto url = public_url(*settings, *listen);

  std::vector<Finding> findings;
  findings.push_back({"configuration", Verdict::good, "every key is known", ""});
  findings.push_back(data_folder(*settings));
  findings.push_back(database(*settings, clock, io));
  findings.push_back(speech_model(*settings));
  findings.push_back(program("pdftotext", "poppler-utils", "PDF documents cannot be read"));
  findings.push_back(
      program("espeak-ng", "espeak-ng", "languages other than English have no voice"));
  findings.push_back(webhook_address(*settings, url));
  for (auto& outside : {run_blocking(io, [&] { return server(clock, *http, url); }),
                        run_blocking(io, [&] { return twilio_account(*settings, *http); })})
    findings.push_back(*outside);
  print(findings, as_json);
  bool broken = std::ranges::any_of(findings, [](auto& f) { return f.verdict == Verdict::bad; });
  return broken ? failed : done;
}

int run_migrate(const CommonOptions& common) {
  auto settings = load_settings(common);
  if (!settings) return complain(usage, settings.error().detail);
  SystemClock clock;
  auto url = settings->text("database.url");
  if (url.empty()) {
    std::error_code ignored;
    std::filesystem::create_directories(settings->text("data.dir"), ignored);
    url = "sqlite:" + settings->text("data.dir") + "/parley.db";
  }
  auto opened = store::open_database(clock, url);
  if (!opened) return complain(not_reachable, opened.error().detail);
  asio::io_context io{1};
  auto report = run_blocking(io, [&] { return store::migrate(**opened); });
  if (!report) return complain(failed, report.error().detail);
  fmt::print("Database at version {} (was {}).\n", report->to, report->from);
  return done;
}

}  // namespace parley::app
