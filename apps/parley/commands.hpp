#pragma once
#include <string>
#include <vector>

#include "settings.hpp"
#include "simulation.hpp"

namespace parley::app {

/// Exit codes of every command.
enum Exit : int {
  done = 0,
  failed = 1,         ///< it was tried and did not work
  usage = 2,          ///< the command line or the configuration is wrong
  not_reachable = 3,  ///< the server, or something it needs, is away
};

/// Prints "parley: <what>" on stderr.
int complain(int exit_code, const std::string& what);

struct ServeOptions {
  bool demo = false;
};
int run_serve(const CommonOptions& common, const ServeOptions& options);

struct CallOptions {
  std::string to;
  std::string from = "+12125550199";
  std::string server;
  std::string wav;
  std::vector<std::string> texts;
  std::string script;
  std::string record;
  std::string voice = "slt";
  bool json = false;
};
int run_call(const CommonOptions& common, const CallOptions& options);

struct EvalOptions {
  std::vector<std::string> files;
  std::string server;  ///< empty: one of its own
  std::string to;      ///< empty: the scenario's number, or the demo's
  std::string junit;
  std::string from_call;  ///< instead: prints a call as a scenario
  std::size_t at_once = 3;
  bool json = false;
  bool schema = false;
};
int run_eval(const CommonOptions& common, const EvalOptions& options);

struct DoctorOptions {
  bool json = false;
  bool suite = false;  ///< also try everything on the running server
};
int run_doctor(const CommonOptions& common, DoctorOptions options);
struct TransformOptions {
  std::string mapping;
  std::string input;  ///< "-": standard input
  bool dry_run = false;
};
int run_transform(const TransformOptions& options);

struct EventsOptions {
  enum class What { list, resume, rebuild, forget } what = What::list;
  std::string subscription;
  bool json = false;
};
int run_events(const CommonOptions& common, const EventsOptions& options);

int run_simulate(const SimulateOptions& options);
struct SendWebhookOptions {
  std::string to;
  std::string secret;
  std::string body = "{}";  ///< text, or a file that holds it
  bool standard = false;    ///< Standard Webhooks instead of the generic endpoint's scheme
  std::size_t repeat = 1;
  int age_seconds = 0;
};
int run_send_webhook(const SendWebhookOptions& options);

int run_config(const CommonOptions& common, bool json);
int run_migrate(const CommonOptions& common);

}  // namespace parley::app
