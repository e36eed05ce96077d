#include <fmt/format.h>

#include "commands.hpp"
#include "parley/telemetry/log.hpp"
#include "wiring.hpp"

namespace parley::app {

namespace {

Result<void> set_up_logs(const Settings& settings) {
  log::Options options;
  auto level = log::parse_level(settings.text("log.level"));
  if (!level) return fail(Errc::invalid, "log.level: " + level.error().detail);
  options.level = *level;
  auto& format = settings.text("log.format");
  if (format == "json") {
    options.format = log::Format::json;
  } else if (format == "text") {
    options.format = log::Format::text;
  } else if (format != "automatic") {
    return fail(Errc::invalid, "log.format must be json, text or automatic");
  }
  options.file = settings.text("log.file");
  return log::configure(std::move(options));
}

void greet(const Server::Ready& ready, bool demo) {
  fmt::print("\nParley is ready at {}\n", ready.url);
  fmt::print("  API           {0}/api/docs\n  Health        {0}/health\n", ready.url);
  if (demo) {
    fmt::print("  Sign in       {}  {}\n", ready.email,
               ready.password.empty() ? "(with the password you gave)" : ready.password);
    fmt::print("  In a browser  {}/demo\n", ready.url);
    fmt::print("  Demo number   {}\n\nPlace a first call from another terminal:\n\n", ready.number);
    fmt::print(
        "  build/release/bin/parley call --to {} --text \"What are your opening hours?\"\n\n",
        ready.number);
  }
  std::fflush(stdout);
}

}  // namespace

int run_serve(const CommonOptions& common, const ServeOptions& options) {
  auto settings = load_settings(common);
  if (!settings) return complain(usage, settings.error().detail);
  if (auto logs = set_up_logs(*settings); !logs) return complain(usage, logs.error().detail);
  Server server(*settings, {options.demo});
  auto ready = server.start();
  if (!ready) {
    log::flush();
    return complain(ready.error().code == Errc::invalid ? usage : failed, ready.error().detail);
  }
  greet(*ready, options.demo);
  server.run();
  log::flush();
  return done;
}

}  // namespace parley::app
