#include <fmt/format.h>

#include <boost/asio/signal_set.hpp>
#include <filesystem>
#include <fstream>
#include <map>

#include "commands.hpp"
#include "parley/base/json.hpp"
#include "parley/simulators/webhook_sender.hpp"
#include "parley/telemetry/log.hpp"
#include "run_blocking.hpp"
#include "simulation.hpp"

namespace parley::app {

namespace {

void print(const Simulation& simulation) {
  for (auto& one : simulation.stand_ins())
    fmt::print("{:<18} {:<30} {}\n", one.name, one.address, one.note);
  fmt::print("{:<18} {:<30} faults, requests, connections of each\n", "control",
             simulation.control_url());
  fmt::print("\nA server uses them with:\n\n");
  for (auto& one : simulation.stand_ins())
    for (auto& [name, value] : one.settings) fmt::print("  export {}={}\n", name, value);
  fmt::print("\nReady. Ctrl-C ends them.\n");
  std::fflush(stdout);
}

void print_json(const Simulation& simulation) {
  json::array list;
  for (auto& one : simulation.stand_ins()) {
    json::object settings;
    for (auto& [name, value] : one.settings) settings[name] = value;
    list.push_back({{"name", one.name}, {"address", one.address}, {"settings", settings}});
  }
  fmt::print("{}\n", json::serialize(
                         json::object{{"control", simulation.control_url()}, {"standIns", list}}));
  std::fflush(stdout);
}

}  // namespace

int run_simulate(const SimulateOptions& options) {
  (void)log::configure({.level = log::Level::error});
  asio::io_context io{1};
  Simulation simulation(io);
  auto started = simulation.start(options);
  if (started) {
    asio::signal_set signals(io, SIGINT, SIGTERM);
    signals.async_wait([&io](boost::system::error_code, int) { io.stop(); });
    options.json ? print_json(simulation) : print(simulation);
    io.run();
  }
  (void)run_blocking(io, [&] { return simulation.stop(); });
  if (started) return done;
  return complain(started.error().code == Errc::unavailable ? failed : usage,
                  started.error().detail);
}

int run_send_webhook(const SendWebhookOptions& options) {
  (void)log::configure({.level = log::Level::error});
  simulators::WebhookToSend webhook;
  webhook.url = options.to;
  webhook.secret = options.secret;
  webhook.body = options.body;
  webhook.age = std::chrono::seconds(options.age_seconds);
  webhook.times = options.repeat;
  if (options.standard) webhook.scheme = simulators::WebhookToSend::Scheme::standard;
  std::error_code ignored;
  if (std::filesystem::is_regular_file(options.body, ignored)) {
    std::ifstream in(options.body, std::ios::binary);
    webhook.body = std::string(std::istreambuf_iterator<char>(in), {});
  }
  SystemClock clock;
  asio::io_context io{1};
  auto http = net::make_http_client(io.get_executor());
  auto statuses =
      run_blocking(io, [&] { return simulators::send_webhook(*http, clock, Context{}, webhook); });
  if (!statuses) return complain(usage, statuses.error().detail);
  std::map<int, int> counts;
  for (int status : *statuses) ++counts[status];
  for (auto& [status, count] : counts)
    fmt::print("{} {}\n", status == 0 ? "no answer" : std::to_string(status), count);
  if (counts.contains(0)) return not_reachable;
  bool taken = counts.begin()->first >= 200 && counts.rbegin()->first < 300;
  return taken ? done : failed;
}

}  // namespace parley::app
