#include "doctor.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "commands.hpp"
#include "data_folder.hpp"
#include "language_engines.hpp"
#include "parley/base/json.hpp"
#include "parley/base/strings.hpp"
#include "parley/net/client.hpp"
#include "parley/store/migrations.hpp"
#include "parley/telemetry/log.hpp"
#include "run_blocking.hpp"

namespace parley::app {

namespace {

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

Finding language_model(const LanguageCheck& check, asio::io_context& io, Clock& clock,
                       net::HttpClient& http) {
  Context ctx;
  ctx.deadline = clock.now() + 10s;
  auto seen = run_blocking(io, [&] { return check.look(http, ctx); });
  if (seen) return {check.name, Verdict::good, *seen, ""};
  return {check.name, Verdict::bad, seen.error().detail, check.advice};
}

std::vector<Finding> language_models(const Settings& settings, asio::io_context& io, Clock& clock,
                                     net::HttpClient& http) {
  auto checks = language_checks(settings);
  if (!checks)
    return {{"language models", Verdict::bad, checks.error().detail, "change language.engines"}};
  if (checks->empty())
    return {{"language models", Verdict::good, "none; the built-in dialogue talks to callers", ""}};
  std::vector<Finding> findings;
  for (const auto& check : *checks) findings.push_back(language_model(check, io, clock, http));
  return findings;
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

void print(const Finding& finding) {
  fmt::print("{}  {:<26} {}\n", sign(finding.verdict), finding.what, finding.detail);
  if (!finding.advice.empty()) fmt::print("      {:<26} -> {}\n", "", finding.advice);
  std::fflush(stdout);
}

void print_json(const std::vector<Finding>& findings) {
  json::array all;
  for (auto& finding : findings)
    all.push_back({{"check", trim(finding.what)},
                   {"verdict", finding.verdict == Verdict::good      ? "ok"
                               : finding.verdict == Verdict::warning ? "warning"
                                                                     : "failed"},
                   {"detail", finding.detail},
                   {"advice", finding.advice}});
  fmt::print("{}\n", json::serialize(all));
}

}  // namespace

int run_doctor(const CommonOptions& common, DoctorOptions options) {
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
  auto note = [&](Finding finding) {
    if (!options.json) print(finding);
    findings.push_back(std::move(finding));
  };
  note({"configuration", Verdict::good, "every key is known", ""});
  note(data_folder(*settings));
  note(database(*settings, clock, io));
  note(speech_model(*settings));
  note(program("pdftotext", "poppler-utils", "PDF documents cannot be read"));
  note(program("espeak-ng", "espeak-ng", "languages other than English have no voice"));
  note(webhook_address(*settings, url));
  auto outside = run_blocking(io, [&] { return twilio_account(*settings, *http); });
  note(*outside);
  for (auto& finding : language_models(*settings, io, clock, *http)) note(std::move(finding));
  auto server = run_blocking(io, [&] { return ask_server(clock, *http, url); });
  for (auto& finding : *server) note(finding);
  if (options.suite) {
    if (!options.json) fmt::print("\nTrying everything in a sandbox:\n");
    auto token = read_secret(command_line_key_file(*settings)).value_or("");
    auto tried = run_blocking(io, [&] { return try_everything(clock, *http, url, token, note); });
    if (!tried)
      note({"integration suite", Verdict::bad, tried.error().detail,
            "is the server running, with this data folder? the suite can also be started by POST "
            "/api/v1/integration/test-all"});
  }
  if (options.json) print_json(findings);
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
