#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstring>

#include "commands.hpp"
#include "parley/base/large_pages.hpp"
#include "parley/base/strings.hpp"
#include "parley/knowledge/extractor.hpp"

namespace parley::app {

int complain(int exit_code, const std::string& what) {
  fmt::print(stderr, "parley: {}\n", what);
  return exit_code;
}

namespace {

void add_serve(CLI::App& app, CommonOptions& common, char** arguments,
               std::function<int()>& chosen) {
  auto options = std::make_shared<ServeOptions>();
  auto* command =
      app.add_subcommand("serve", "Answer calls: runs the server until SIGTERM or Ctrl-C");
  command->add_flag("--demo", options->demo,
                    "Start with a dental practice at +12125550100 and a sign-in that is printed");
  command->callback([&, options, arguments] {
    run_with_large_pages(arguments);
    chosen = [&, options] { return run_serve(common, *options); };
  });
}

void add_call(CLI::App& app, CommonOptions& common, std::function<int()>& chosen) {
  auto options = std::make_shared<CallOptions>();
  auto* command =
      app.add_subcommand("call", "Place a test call to a server, over the carrier's real protocol");
  command->add_option("--to", options->to, "Number to call, e.g. +12125550100")->required();
  command->add_option("--from", options->from, "The caller's number")->capture_default_str();
  command->add_option("--server", options->server, "Address of the server; default: as configured");
  auto* wav = command->add_option("--wav", options->wav, "Speak this WAV file after the greeting");
  auto* text = command->add_option("--text", options->texts, "Say this; repeat it for more turns");
  auto* script = command->add_option("--script", options->script,
                                     "File with a line a turn; also @listen, @press 1, @wait 2, "
                                     "@interrupt 1.0 words");
  wav->excludes(text)->excludes(script);
  text->excludes(script);
  command->add_option("--voice", options->voice, "The caller's voice: slt, awb, rms, kal16")
      ->capture_default_str();
  command->add_option("--record", options->record, "Write both sides to this stereo WAV file");
  command->add_flag("--json", options->json, "One JSON object on stdout instead of a transcript");
  command->callback([&, options] { chosen = [&, options] { return run_call(common, *options); }; });
}

void add_eval(CLI::App& app, CommonOptions& common, std::function<int()>& chosen) {
  auto options = std::make_shared<EvalOptions>();
  auto* command = app.add_subcommand(
      "eval", "Call an agent by scenarios (YAML) and judge what comes of it; see docs/evals.md");
  command->add_option("scenarios", options->files, "YAML files, each with one scenario or more");
  command->add_option("--server", options->server,
                      "Address of the server; default: one of its own with the demo business");
  command->add_option("--to", options->to, "Number to call; default: the scenario's");
  command->add_option("--at-once", options->at_once, "So many scenarios side by side")
      ->check(CLI::Range(1, 50))
      ->capture_default_str();
  command->add_flag("--json", options->json, "The scorecard as one JSON object on stdout");
  command->add_option("--junit", options->junit, "Write the scorecard to this file as JUnit XML");
  auto* from = command->add_option("--from-call", options->from_call,
                                   "Print this call of the server's as a scenario instead");
  command->add_flag("--schema", options->schema, "Print the JSON Schema of scenarios instead");
  from->excludes("scenarios");
  command->callback([&, options] { chosen = [&, options] { return run_eval(common, *options); }; });
}

void add_transform(CLI::App& app, std::function<int()>& chosen) {
  auto options = std::make_shared<TransformOptions>();
  auto* command = app.add_subcommand("transform", "Try a mapping: outside JSON in, ours out");
  command->add_option("--mapping", options->mapping, "The mapping's JSON file")->required();
  command->add_option("--input", options->input, "A JSON object or a list of them; - for stdin")
      ->required();
  command->add_flag("--dry-run", options->dry_run,
                    "A report instead: what would come out, what is unknown, missing or wrong");
  command->callback([&, options] { chosen = [options] { return run_transform(*options); }; });
}

void add_events(CLI::App& app, CommonOptions& common, std::function<int()>& chosen) {
  using What = EventsOptions::What;
  auto options = std::make_shared<EventsOptions>();
  auto* command = app.add_subcommand("events", "What follows the event log, and how far it is");
  command->add_flag("--json", options->json, "Machine-readable");
  command->require_subcommand(0, 1);
  auto add = [&](const char* name, What what, const char* meaning) {
    auto* one = command->add_subcommand(name, meaning);
    one->add_option("subscription", options->subscription, "Its name")->required();
    one->callback([options, what] { options->what = what; });
  };
  add("resume", What::resume, "Let one that stopped try its event again");
  add("rebuild", What::rebuild, "Empty a projection's tables and make them anew from the log");
  add("forget", What::forget, "Drop one that no version will follow again: it holds the log back");
  command->callback(
      [&, options] { chosen = [&, options] { return run_events(common, *options); }; });
}

void add_send_webhook(CLI::App& simulate, std::function<int()>& chosen) {
  auto options = std::make_shared<SendWebhookOptions>();
  auto* command = simulate.add_subcommand("send-webhook", "Send a signed webhook, then exit");
  command->add_option("--to", options->to, "Address it is posted to")->required();
  command->add_option("--secret", options->secret, "Signs it")->required();
  command->add_option("--body", options->body, "JSON, or a file with it")->capture_default_str();
  command->add_flag("--standard", options->standard,
                    "Signed as Standard Webhooks has it, not as /webhooks/generic takes it");
  command->add_option("--repeat", options->repeat, "So many at once")->capture_default_str();
  command->add_option("--age", options->age_seconds, "Signed so many seconds ago")
      ->capture_default_str();
  command->callback([&, options] { chosen = [options] { return run_send_webhook(*options); }; });
}

void add_simulate(CLI::App& app, std::function<int()>& chosen) {
  auto options = std::make_shared<SimulateOptions>();
  auto* command = app.add_subcommand(
      "simulate", "Stand-ins for outside services, with faults on demand, until Ctrl-C");
  command->add_option("names", options->names,
                      join(stand_in_names(), ", ") + "; none: all of them");
  command->add_option("--gate", options->gates,
                      "HOST:PORT of a real service to put a gate before; repeat it for more");
  command->add_option("--listen", options->listen, "Address to listen on")->capture_default_str();
  command->add_option("--port", options->ports,
                      "NAME=PORT (also of gate, gate-2, control); others take free ones");
  command->add_option("--faults", options->faults,
                      "[NAME=]PLAN, or a file with one: 'status 503 first 3; delay 1s p 0.1'");
  command->add_option(
      "--callee", options->callees,
      "NUMBER=busy, no-answer, failed, human or machine_start, when Twilio calls it");
  // Each takes one word, and what follows is a name again.
  for (auto* repeated : {"--gate", "--port", "--faults", "--callee"})
    command->get_option(repeated)->allow_extra_args(false);
  command->add_option("--seed", options->seed, "Of everything that is drawn")
      ->capture_default_str();
  command->add_flag("--json", options->json, "What listens where as one JSON object");
  command->callback([&, command, options] {
    if (command->get_subcommands().empty()) chosen = [options] { return run_simulate(*options); };
  });
  add_send_webhook(*command, chosen);
}

void add_small_commands(CLI::App& app, CommonOptions& common, std::function<int()>& chosen) {
  auto json = std::make_shared<bool>(false);
  auto* doctor = app.add_subcommand("doctor", "Check configuration and everything it needs");
  auto examining = std::make_shared<DoctorOptions>();
  doctor->add_flag("--json", examining->json, "Machine-readable");
  doctor->add_flag("--suite", examining->suite,
                   "Also try everything on the running server, in a sandbox organization");
  doctor->callback(
      [&, examining] { chosen = [&, examining] { return run_doctor(common, *examining); }; });
  auto* config =
      app.add_subcommand("config", "Show every setting in force and where it comes from");
  config->add_flag("--json", *json, "Machine-readable");
  config->callback([&, json] { chosen = [&, json] { return run_config(common, *json); }; });
  auto* migrate = app.add_subcommand("migrate", "Bring the database to this version, then exit");
  migrate->callback([&] { chosen = [&] { return run_migrate(common); }; });
}

}  // namespace
}  // namespace parley::app

int main(int argc, char** argv) {
  // The sandboxed child that reads uploaded documents: before anything else is set up.
  if (argc > 1 && std::strcmp(argv[1], "extract-document") == 0)
    return parley::knowledge::run_extractor(argc, argv);

  using namespace parley::app;
  CLI::App app{"Parley answers a business's calls with an AI voice agent."};
  app.set_version_flag("--version", "parley " PARLEY_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  CommonOptions common;
  app.add_option("--config", common.config_file, "Configuration file (TOML)");
  app.add_option("--set", common.assignments, "Set one key: --set server.listen=0.0.0.0:80");
  std::function<int()> chosen;
  add_serve(app, common, argv, chosen);
  add_call(app, common, chosen);
  add_eval(app, common, chosen);
  add_transform(app, chosen);
  add_events(app, common, chosen);
  add_simulate(app, chosen);
  add_small_commands(app, common, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    int shown = app.exit(error);
    return shown == 0 ? done : usage;
  }
  return chosen();
}
