#include <fmt/format.h>

#include <boost/asio/signal_set.hpp>
#include <fstream>

#include "commands.hpp"
#include "data_folder.hpp"
#include "demo.hpp"
#include "http_call_view.hpp"
#include "parley/base/strings.hpp"
#include "parley/base/task_group.hpp"
#include "parley/base/worker_pool.hpp"
#include "parley/providers/espeak/espeak_synthesizer.hpp"
#include "parley/providers/flite/flite_synthesizer.hpp"
#include "parley/telemetry/log.hpp"
#include "private_server.hpp"
#include "run_blocking.hpp"
#include "scorecard.hpp"

namespace parley::app {

namespace {

constexpr Duration start_limit = std::chrono::seconds(60);

/// The server under test, and what is needed to call it.
struct Target {
  std::unique_ptr<PrivateServer> own;
  simulators::LineOptions line;
  std::string token;
};

Result<Target> find_target(const Settings& settings, const EvalOptions& options) {
  Target target;
  target.line.to = options.to;
  if (options.server.empty()) {
    fmt::print(stderr, "Starting a server with the demo business...\n");
    auto own = PrivateServer::start(start_limit);
    if (!own) return std::unexpected(own.error());
    target.own = std::move(*own);
    target.line.server_url = target.own->url();
    auto signing = read_secret(target.own->data() / "twilio_auth_token");
    auto key = read_secret(target.own->data() / "command_line_key");
    if (!signing || !key) return fail(Errc::unavailable, "the server left no keys");
    target.line.auth_token = *signing;
    target.token = *key;
    if (target.line.to.empty()) target.line.to = demo_number;
    return target;
  }
  target.line.server_url = options.server;
  target.line.auth_token = settings.text("twilio.auth_token");
  if (target.line.auth_token.empty()) {
    auto kept = read_secret(twilio_token_file(settings));
    if (!kept)
      return fail(Errc::invalid,
                  "no auth token to sign calls with: run this where the server's data folder is, "
                  "or set PARLEY_TWILIO_AUTH_TOKEN");
    target.line.auth_token = *kept;
  }
  auto* given = std::getenv("PARLEY_TOKEN");
  target.token = given ? given : read_secret(command_line_key_file(settings)).value_or("");
  if (target.token.empty())
    return fail(Errc::invalid,
                "what the agent says is read from the server: run this where its data folder is, "
                "or set PARLEY_TOKEN to an API key that may read calls and appointments");
  return target;
}

/// All scenarios, some of them side by side; the calls of one scenario one after the other.
class Evaluation {
 public:
  Evaluation(const EvalOptions& options, Target target, std::vector<Score> scores)
      : options_(options), target_(std::move(target)), scores_(std::move(scores)) {}

  Result<std::vector<Score>> run() {
    asio::signal_set signals(io_, SIGINT, SIGTERM);
    signals.async_wait([this](boost::system::error_code cancelled, int) {
      if (cancelled) return;
      interrupted_ = true;
      changed_.notify();
    });
    auto outcome = run_blocking(io_, [this] { return hold_all(); });
    if (!outcome) return std::unexpected(outcome.error());
    return std::move(scores_);
  }

 private:
  Task<void> hold_all() {
    if (target_.own) {
      auto signing_in = sign_in();
      if (auto in = co_await std::move(signing_in); !in) co_return in;
    }
    TaskGroup group(co_await asio::this_coro::executor,
                    [this](const std::string&, const std::string& what) {
                      failure_ = what;
                      changed_.notify();
                    });
    std::size_t ended = 0, running = 0;
    for (auto& score : scores_) {
      while (running >= options_.at_once && !stops()) co_await changed_.wait();
      if (stops()) break;
      ++running;
      group.spawn(score.scenario.name, [this, &score, &running, &ended]() -> asio::awaitable<void> {
        auto holding = hold(score);
        co_await std::move(holding);
        --running;
        ++ended;
        changed_.notify();
      });
    }
    while (ended < scores_.size() && !stops()) co_await changed_.wait();
    co_await group.stop();
    if (interrupted_) co_return fail(Errc::unavailable, "interrupted");
    if (!failure_.empty()) co_return fail(Errc::unavailable, failure_);
    co_return Result<void>{};
  }
  bool stops() const { return interrupted_ || !failure_.empty(); }

  /// As the owner of the private server: what a call booked can be taken back.
  Task<void> sign_in() {
    json::object body{{"email", target_.own->email()}, {"password", target_.own->password()}};
    auto signing = view_.send(net::Method::post, "/auth/login", json::serialize(body));
    auto in = co_await std::move(signing);
    if (!in) co_return std::unexpected(in.error());
    view_.use(text_at(*in, "/accessToken"));
    co_return Result<void>{};
  }

  asio::awaitable<void> hold(Score& score) {
    for (int n = 1; n <= score.scenario.repeat; ++n) {
      auto title = score.scenario.repeat == 1
                       ? score.scenario.name
                       : fmt::format("{} ({}/{})", score.scenario.name, n, score.scenario.repeat);
      auto tell = [title](const std::string& what) {
        fmt::print(stderr, "  {}: {}\n", title, what);
      };
      auto line = target_.line;
      line.from = score.scenario.caller.phone;
      if (options_.to.empty() && !score.scenario.number.empty()) line.to = score.scenario.number;
      simulators::ScenarioCallParts parts{clock_, random_, *http_, voices_, view_};
      auto holding = simulators::hold_scenario(parts, score.scenario, std::move(line), tell);
      auto seen = co_await std::move(holding);
      Attempt attempt;
      if (seen) {
        attempt.verdicts = evals::judge(score.scenario, *seen);
        attempt.call = std::move(*seen);
      } else {
        attempt.error = seen.error().detail;
        attempt.unreachable =
            seen.error().code == Errc::unavailable || seen.error().code == Errc::timeout;
      }
      bool good = attempt.passed();
      tell(good ? "passed" : "failed");
      auto taking_back = view_.take_back(attempt.call);
      if (auto taken = co_await std::move(taking_back); !taken)
        tell("its appointment stays: " + taken.error().detail);
      score.attempts.push_back(std::move(attempt));
    }
  }

  const EvalOptions& options_;
  Target target_;
  std::vector<Score> scores_;
  asio::io_context io_{1};
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<net::HttpClient> http_ = net::make_http_client(io_.get_executor());
  WorkerPool pool_{{.name = "voices", .threads = 2}};
  providers::flite::FliteSynthesizer flite_{pool_};
  providers::espeak::EspeakSynthesizer espeak_{clock_, pool_};
  simulators::CallerVoices voices_{{"flite", &flite_}, {"espeak", &espeak_}};
  HttpCallView view_{*http_, target_.line.server_url, target_.token};
  Signal changed_;
  bool interrupted_ = false;
  std::string failure_;
};

Result<std::vector<Score>> read_files(const EvalOptions& options) {
  std::vector<Score> scores;
  std::string problems;
  for (const auto& file : options.files) {
    std::ifstream in(file, std::ios::binary);
    if (!in) {
      problems += "cannot read " + file + "\n";
      continue;
    }
    auto scenarios =
        evals::read_scenarios(std::string(std::istreambuf_iterator<char>(in), {}), file);
    if (!scenarios) problems += scenarios.error().detail + "\n";
    if (!scenarios) continue;
    for (auto& scenario : *scenarios) scores.push_back({file, std::move(scenario), {}});
  }
  if (!problems.empty()) return fail(Errc::invalid, "\n" + std::string(trim(problems)));
  return scores;
}

/// A call of the server's as a scenario, on stdout.
int print_scenario(const Settings& settings, const EvalOptions& options) {
  auto listen = parse_listen(settings.text("server.listen"));
  if (!listen) return complain(usage, listen.error().detail);
  auto url = options.server.empty() ? public_url(settings, *listen) : options.server;
  auto* given = std::getenv("PARLEY_TOKEN");
  auto token = given ? given : read_secret(command_line_key_file(settings)).value_or("");
  asio::io_context io{1};
  auto http = net::make_http_client(io.get_executor());
  HttpCallView view(*http, url, token);
  auto made = run_blocking(io, [&]() -> Task<std::string> {
    auto reading = view.get("/calls/" + url_encode(options.from_call));
    auto call = co_await std::move(reading);
    if (!call) co_return std::unexpected(call.error());
    auto following = view.get("/calls/" + url_encode(options.from_call) + "/timeline");
    auto timeline = co_await std::move(following);
    if (!timeline) co_return std::unexpected(timeline.error());
    co_return evals::to_yaml(evals::scenario_of(*call, *timeline, "Call " + options.from_call));
  });
  if (!made) {
    bool away = made.error().code == Errc::unavailable || made.error().code == Errc::timeout;
    return complain(away ? not_reachable : failed, made.error().detail);
  }
  fmt::print("{}", *made);
  return done;
}

}  // namespace

int run_eval(const CommonOptions& common, const EvalOptions& options) {
  (void)log::configure({.level = log::Level::error});
  if (options.schema) {
    fmt::print("{}\n", json::serialize(evals::scenario_schema()));
    return done;
  }
  auto settings = load_settings(common);
  if (!settings) return complain(usage, settings.error().detail);
  if (!options.from_call.empty()) return print_scenario(*settings, options);
  if (options.files.empty()) return complain(usage, "which scenarios? Name their YAML files");
  auto chosen = options;
  if (!options.to.empty()) {
    auto to = normalize_e164(options.to);
    if (!to) return complain(usage, "--to: " + to.error().detail);
    chosen.to = *to;
  }
  auto scores = read_files(chosen);
  if (!scores) return complain(usage, scores.error().detail);
  if (!chosen.server.empty() && chosen.to.empty())
    for (const auto& score : *scores)
      if (score.scenario.number.empty())
        return complain(usage, score.file +
                                   ": which number is called? Give --to, or 'number' in "
                                   "the scenario");
  auto target = find_target(*settings, chosen);
  if (!target)
    return complain(target.error().code == Errc::invalid ? usage : not_reachable,
                    target.error().detail);
  Evaluation evaluation(chosen, std::move(*target), std::move(*scores));
  auto held = evaluation.run();
  if (!held) return complain(failed, held.error().detail);
  if (!options.junit.empty()) {
    std::ofstream out(options.junit, std::ios::binary);
    out << scorecard_junit(*held);
    if (!out.flush()) return complain(failed, "cannot write " + options.junit);
  }
  if (options.json)
    fmt::print("{}\n", json::serialize(scorecard_json(*held)));
  else
    fmt::print("{}", scorecard_text(*held));
  bool none_reached = std::ranges::all_of(*held, [](const Score& score) {
    return std::ranges::all_of(score.attempts, [](auto& a) { return a.unreachable; });
  });
  if (none_reached) return not_reachable;
  return std::ranges::all_of(*held, &Score::passed) ? done : failed;
}

}  // namespace parley::app
