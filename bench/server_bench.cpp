// Figures of the running program: start to ready, memory, webhook to TwiML, and what a media stream
// costs with sockets and all. The load comes from this process, over loopback.
#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <fstream>

#include "../tests/e2e/server_process.hpp"
#include "parley/base/strings.hpp"
#include "parley/base/task_group.hpp"
#include "parley/base/worker_pool.hpp"
#include "parley/providers/pocketsphinx/pocketsphinx_recognizer.hpp"
#include "parley/providers/twilio/signature.hpp"
#include "parley/simulators/twilio_line.hpp"

namespace parley {
namespace {

double ms(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

/// Seconds of processor time a process has used.
double cpu_seconds(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string text{std::istreambuf_iterator<char>(in), {}};
  auto rest = text.substr(text.rfind(')') + 2);
  auto fields = split(rest, ' ');
  return static_cast<double>(std::stoll(fields.at(11)) + std::stoll(fields.at(12))) /
         static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double resident_mb(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) / 1024;
  return 0;
}

void print_spread(const char* what, std::vector<double> values, const char* unit) {
  std::ranges::sort(values);
  fmt::print("{:<44} median {:8.2f} {}  (min {:.2f}, max {:.2f}, n {})\n", what,
             values[values.size() / 2], unit, values.front(), values.back(), values.size());
}

struct Load {
  asio::io_context io{1};
  SystemClock clock;
  SystemRandom random;
  std::unique_ptr<net::HttpClient> http = net::make_http_client(io.get_executor());

  void run(asio::awaitable<void> work) {
    asio::co_spawn(io, std::move(work), [](std::exception_ptr thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
    io.restart();
    io.run();
  }
};

asio::awaitable<void> one_webhook(Load& load, e2e::ServerProcess& server, std::string token,
                                  std::vector<double>& took) {
  net::Fields form{{"CallSid", "CA" + load.random.token(12)},
                   {"From", "+12125550199"},
                   {"To", "+12125550100"},
                   {"CallStatus", "ringing"}};
  net::OutgoingRequest request;
  request.method = net::Method::post;
  request.url = server.url() + "/webhooks/twilio/call";
  for (auto& [name, value] : form)
    request.body += (request.body.empty() ? "" : "&") + url_encode(name) + "=" + url_encode(value);
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  request.headers.set("X-Twilio-Signature", providers::twilio::sign(token, request.url, form));
  auto begun = load.clock.now();
  auto sending = load.http->send(Context{}, std::move(request));
  auto response = co_await std::move(sending);
  if (response && response->status == 200) took.push_back(ms(load.clock.now() - begun));
}

/// Sends `rate` webhooks a second whether or not the earlier ones were answered.
asio::awaitable<void> webhooks(Load& load, e2e::ServerProcess& server, int rate, int seconds,
                               std::vector<double>& took) {
  auto token = server.auth_token();
  TaskGroup group(load.io.get_executor());
  auto start = load.clock.now();
  for (int i = 0; i < rate * seconds; ++i) {
    co_await load.clock.sleep_until(start + i * Duration(std::chrono::seconds(1)) / rate);
    group.spawn("webhook", [&, token] { return one_webhook(load, server, token, took); });
  }
  co_await load.clock.sleep_for(std::chrono::seconds(2));
  co_await group.stop();
}

asio::awaitable<void> streams(Load& load, e2e::ServerProcess& server, int count, int seconds) {
  auto token = server.auth_token();
  std::vector<std::unique_ptr<simulators::TwilioLine>> lines;
  TaskGroup group(load.io.get_executor());
  for (int i = 0; i < count; ++i) {
    simulators::LineOptions options{server.url(), "", token, "+12125550199", "+12125550100"};
    lines.push_back(
        std::make_unique<simulators::TwilioLine>(load.clock, load.random, *load.http, options));
    auto& line = *lines.back();
    auto dialling = line.dial(Context{});
    auto dialled = co_await std::move(dialling);
    if (!dialled) continue;
    group.spawn("line", [&line] { return line.run(Context{}); });
  }
  // The greeting is over, the callers are silent: frames both ways are what is left.
  co_await load.clock.sleep_for(std::chrono::seconds(2));
  auto before = cpu_seconds(server.pid());
  auto memory = resident_mb(server.pid());
  co_await load.clock.sleep_for(std::chrono::seconds(seconds));
  auto used = (cpu_seconds(server.pid()) - before) / seconds;
  fmt::print("{:<44} {:8.2f} us a frame; {:.0f} streams a core; {:.0f} MB resident\n",
             fmt::format("{} streams, sockets and all", count), used / (count * 50.0) * 1e6,
             count / used, memory);
  for (auto& line : lines) line->hang_up();
  co_await load.clock.sleep_for(std::chrono::seconds(1));
  co_await group.stop();
}

/// What the speech model alone takes, loaded here as the server loads it.
double model_mb() {
  auto before = resident_mb(::getpid());
  WorkerPool pool({.name = "hearing", .threads = 1});
  providers::pocketsphinx::PocketsphinxOptions options;
  auto made = providers::pocketsphinx::PocketsphinxRecognizer::create(pool, options);
  if (!made) throw std::runtime_error(made.error().detail);
  return resident_mb(::getpid()) - before;
}

void measure() {
  auto model = model_mb();
  std::vector<double> fresh, again;
  for (int i = 0; i < 3; ++i) {
    e2e::ServerProcess server;
    fresh.push_back(ms(server.start_to_ready()));
    for (int k = 0; k < 3; ++k) {
      server.restart();
      again.push_back(ms(server.start_to_ready()));
    }
  }
  print_spread("start to ready, new demo data", fresh, "ms");
  print_spread("start to ready, existing data", again, "ms");

  e2e::ServerProcess server;
  auto idle = resident_mb(server.pid());
  fmt::print("{:<44} {:8.1f} MB; the speech model is {:.1f} MB of it, the rest {:.1f} MB\n",
             "idle memory", idle, model, idle - model);
  Load load;
  std::vector<double> took;
  load.run(webhooks(load, server, 200, 10, took));
  std::ranges::sort(took);
  auto at = [&](double q) {
    return took[std::min(took.size() - 1,
                         static_cast<std::size_t>(q * static_cast<double>(took.size())))];
  };
  fmt::print("{:<44} p50 {:.2f} ms  p99 {:.2f} ms  max {:.2f} ms  ({} of 2000 answered)\n",
             "webhook to TwiML, 200 a second", at(0.5), at(0.99), took.back(), took.size());
  for (int count : {20, 100, 200}) load.run(streams(load, server, count, 5));
}

}  // namespace
}  // namespace parley

int main() { parley::measure(); }
