#include "simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>

#include "parley/base/strings.hpp"
#include "parley/net/server.hpp"
#include "parley/simulators/pinecone_simulator.hpp"
#include "parley/simulators/s3_simulator.hpp"
#include "parley/simulators/smtp_sink.hpp"
#include "parley/simulators/tcp_gate.hpp"
#include "parley/simulators/twilio_simulator.hpp"
#include "parley/simulators/webhook_receiver.hpp"
#include "simulation_control.hpp"

namespace parley::app {

namespace {

const std::vector<std::string> known{"twilio", "s3", "smtp", "webhook-receiver", "pinecone"};

Result<std::uint16_t> port_in(std::string_view text) {
  std::uint16_t port = 0;
  auto read = std::from_chars(text.data(), text.data() + text.size(), port);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || port == 0)
    return fail(Errc::invalid, fmt::format("{} is no port", text));
  return port;
}

Result<std::vector<std::string>> wanted_names(const SimulateOptions& options) {
  if (options.names.empty()) return options.gates.empty() ? known : std::vector<std::string>{};
  for (auto& name : options.names) {
    if (std::ranges::find(known, name) != known.end()) continue;
    if (name == "gate")
      return fail(Errc::invalid, "a gate stands before a service: --gate HOST:PORT");
    auto near = nearest(name, known);
    return fail(Errc::invalid, fmt::format("there is no stand-in for {}; {}", name,
                                           near ? "did you mean " + *near + "?"
                                                : "there are " + join(known, ", ")));
  }
  return options.names;
}

/// A plan, or the file that holds one.
Result<std::string> plan_in(const std::string& text) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(text, ignored)) return text;
  std::ifstream in(text, std::ios::binary);
  if (!in) return fail(Errc::not_found, "cannot read " + text);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

Result<std::map<std::string, simulators::Callee>> callees_in(const std::vector<std::string>& all) {
  using Answer = simulators::Callee::Answer;
  const std::map<std::string, Answer> answers{
      {"busy", Answer::busy}, {"no-answer", Answer::no_answer}, {"failed", Answer::failed}};
  std::map<std::string, simulators::Callee> callees;
  for (auto& one : all) {
    auto parts = split(one, '=');
    auto number = normalize_e164(parts[0]);
    if (parts.size() != 2 || !number || parts[1].empty())
      return fail(Errc::invalid, fmt::format("--callee {}: it is NUMBER=busy, no-answer, failed, "
                                             "human or machine_start",
                                             one));
    auto& callee = callees[*number];
    if (auto found = answers.find(parts[1]); found != answers.end())
      callee.answer = found->second;
    else
      callee.answered_by = parts[1];
  }
  return callees;
}

}  // namespace

struct Simulation::Impl {
  explicit Impl(asio::io_context& i) : io(i) {}

  Result<simulators::StandInOptions> place(const std::string& name) {
    simulators::StandInOptions where{options.listen, 0, options.seed};
    for (auto& one : options.ports) {
      auto cut = one.find('=');
      if (one.substr(0, cut) != name) continue;
      auto port = port_in(cut == std::string::npos ? "" : one.substr(cut + 1));
      if (!port) return fail(Errc::invalid, fmt::format("--port {}: {}", one, port.error().detail));
      where.port = *port;
      placed.push_back(one);
    }
    return where;
  }
  std::string url(std::string_view scheme, std::uint16_t port) const {
    bool is_v6 = options.listen.contains(':');
    return fmt::format("{}{}{}{}:{}", scheme, is_v6 ? "[" : "", options.listen, is_v6 ? "]" : "",
                       port);
  }

  Result<void> start_one(const std::string& name, simulators::StandInOptions where) {
    if (name == "twilio") return start_twilio(where);
    if (name == "s3") return start_s3(where);
    if (name == "smtp") return start_smtp(where);
    if (name == "pinecone") return start_pinecone(where);
    return start_receiver(where);
  }

  Result<void> start_twilio(const simulators::StandInOptions& where) {
    auto callees = callees_in(options.callees);
    if (!callees) return std::unexpected(callees.error());
    simulators::TwilioSimulatorOptions account;
    account.where = where;
    account.callees = std::move(*callees);
    twilio = std::make_unique<simulators::TwilioSimulator>(io.get_executor(), clock, random, *http,
                                                           account);
    if (auto good = twilio->start(); !good) return good;
    auto address = url("http://", twilio->port());
    add_http("twilio", address, twilio->server(),
             {{"PARLEY_TWILIO_API_URL", address},
              {"PARLEY_TWILIO_ACCOUNT_SID", account.account_sid},
              {"PARLEY_TWILIO_AUTH_TOKEN", account.auth_token}},
             "the account's number is " + account.numbers.front());
    return {};
  }

  Result<void> start_s3(const simulators::StandInOptions& where) {
    simulators::S3SimulatorOptions store;
    store.where = where;
    s3 = std::make_unique<simulators::S3Simulator>(io.get_executor(), clock, random, store);
    if (auto good = s3->start(); !good) return good;
    auto address = url("http://", s3->port());
    add_http("s3", address, s3->server(),
             {{"PARLEY_OBJECTS_URL", "s3://" + store.buckets.front()},
              {"PARLEY_OBJECTS_ENDPOINT", address},
              {"PARLEY_OBJECTS_REGION", store.region},
              {"PARLEY_S3_ACCESS_KEY_ID", store.credentials.access_key},
              {"PARLEY_S3_SECRET_ACCESS_KEY", store.credentials.secret_key}},
             "objects are in memory");
    return {};
  }

  Result<void> start_smtp(const simulators::StandInOptions& where) {
    smtp = std::make_unique<simulators::SmtpSink>(io.get_executor(), clock, where);
    if (auto good = smtp->start(); !good) return good;
    StandIn one{"smtp", url("smtp://", smtp->port()), {}, "takes every mail, delivers none"};
    one.settings = {{"PARLEY_ALERTS_MAIL_URL", one.address}};
    one.faults = &smtp->faults();
    one.seen = [this] { return smtp->seen(); };
    all.push_back(std::move(one));
    return {};
  }

  Result<void> start_receiver(const simulators::StandInOptions& where) {
    // Of the seed, so that a receiver that is started again takes the same signatures.
    SeededRandom of_seed(options.seed);
    auto secret = webhooks::StandardSecret::make(of_seed);
    receiver = std::make_unique<simulators::WebhookReceiver>(io.get_executor(), clock, random,
                                                             secret, where);
    if (auto good = receiver->start(); !good) return good;
    auto address = url("http://", receiver->port());
    add_http(
        "webhook-receiver", address, receiver->server(),
        {{"PARLEY_ALERTS_WEBHOOK_URL", address}, {"PARLEY_ALERTS_WEBHOOK_SECRET", secret.text()}},
        "takes POST on any path");
    return {};
  }

  Result<void> start_pinecone(const simulators::StandInOptions& where) {
    simulators::PineconeSimulatorOptions index;
    index.where = where;
    pinecone =
        std::make_unique<simulators::PineconeSimulator>(io.get_executor(), clock, random, index);
    if (auto good = pinecone->start(); !good) return good;
    auto address = url("http://", pinecone->port());
    add_http("pinecone", address, pinecone->server(),
             {{"PARLEY_KNOWLEDGE_VECTORS", "pinecone"},
              {"PARLEY_PINECONE_API_URL", address},
              {"PARLEY_PINECONE_API_KEY", index.api_key},
              {"PARLEY_PINECONE_INDEX", index.index}},
             "an index for the built-in embedding, in memory");
    return {};
  }

  void add_http(std::string name, std::string address, simulators::StandInServer& server,
                std::vector<std::pair<std::string, std::string>> settings, std::string note) {
    StandIn one{std::move(name), std::move(address), std::move(settings), std::move(note)};
    one.faults = &server.faults();
    one.seen = [&server] { return server.seen(); };
    all.push_back(std::move(one));
  }

  Result<void> start_gate(const std::string& target, const std::string& name) {
    auto colon = target.rfind(':');
    auto port = port_in(colon == std::string::npos ? "" : target.substr(colon + 1));
    if (!port || colon == 0)
      return fail(Errc::invalid, fmt::format("--gate {}: it is HOST:PORT of a service", target));
    auto where = place(name);
    if (!where) return std::unexpected(where.error());
    simulators::TcpGateOptions gate_options;
    gate_options.address = where->address;
    gate_options.port = where->port;
    gate_options.seed = where->seed;
    gate_options.target_host = target.substr(0, colon);
    gate_options.target_port = *port;
    auto& gate = *gates.emplace_back(
        std::make_unique<simulators::TcpGate>(io.get_executor(), clock, gate_options));
    if (auto good = gate.start(); !good) return good;
    StandIn one{name, url("", gate.port()), {}, "passes on to " + target};
    one.faults = &gate.faults();
    one.cut = [&gate] { gate.cut(); };
    all.push_back(std::move(one));
    return {};
  }

  /// Of NAME=plan that one's alone, else everybody's.
  Result<void> set_faults(const std::string& given) {
    auto cut = given.find('=');
    auto named = std::ranges::find(all, given.substr(0, cut), &StandIn::name);
    bool is_named = cut != std::string::npos && named != all.end();
    auto plan = plan_in(is_named ? given.substr(cut + 1) : given);
    if (!plan) return std::unexpected(plan.error());
    for (auto& one : all) {
      if (is_named && &one != &*named) continue;
      if (auto set = one.faults->set(*plan); !set)
        return fail(Errc::invalid,
                    fmt::format("--faults, for {}: {}", one.name, set.error().detail));
    }
    return {};
  }

  Result<void> start_control() {
    auto where = place("control");
    if (!where) return std::unexpected(where.error());
    mount_control(router, all);
    net::ServerOptions control_options;
    control_options.address = where->address;
    control_options.port = where->port;
    control =
        std::make_unique<net::HttpServer>(std::vector<asio::any_io_executor>{io.get_executor()},
                                          router, clock, random, control_options);
    return control->start();
  }

  Result<void> start() {
    auto names = wanted_names(options);
    if (!names) return std::unexpected(names.error());
    for (auto& name : *names) {
      auto where = place(name);
      if (!where) return std::unexpected(where.error());
      if (auto good = start_one(name, *where); !good) return good;
    }
    for (std::size_t i = 0; i < options.gates.size(); ++i) {
      auto name = i == 0 ? std::string("gate") : fmt::format("gate-{}", i + 1);
      if (auto good = start_gate(options.gates[i], name); !good) return good;
    }
    for (auto& plan : options.faults)
      if (auto good = set_faults(plan); !good) return good;
    if (auto good = start_control(); !good) return good;
    for (auto& port : options.ports)
      if (std::ranges::find(placed, port) == placed.end())
        return fail(Errc::invalid, fmt::format("--port {}: nothing of that name is started", port));
    return {};
  }

  asio::io_context& io;
  SimulateOptions options;
  SystemClock clock;
  SystemRandom random;
  std::unique_ptr<net::HttpClient> http = net::make_http_client(io.get_executor());
  std::vector<std::string> placed;
  std::vector<StandIn> all;
  std::unique_ptr<simulators::TwilioSimulator> twilio;
  std::unique_ptr<simulators::S3Simulator> s3;
  std::unique_ptr<simulators::PineconeSimulator> pinecone;
  std::unique_ptr<simulators::SmtpSink> smtp;
  std::unique_ptr<simulators::WebhookReceiver> receiver;
  std::vector<std::unique_ptr<simulators::TcpGate>> gates;
  net::Router router;
  std::unique_ptr<net::HttpServer> control;
};

Simulation::Simulation(asio::io_context& io) : impl_(std::make_unique<Impl>(io)) {}
Simulation::~Simulation() = default;

Result<void> Simulation::start(const SimulateOptions& options) {
  impl_->options = options;
  return impl_->start();
}

Task<void> Simulation::stop() {
  auto now = TimePoint::min();
  if (impl_->control) co_await impl_->control->stop(now);
  if (impl_->twilio) co_await impl_->twilio->stop(now);
  if (impl_->s3) co_await impl_->s3->stop(now);
  if (impl_->pinecone) co_await impl_->pinecone->stop(now);
  if (impl_->smtp) co_await impl_->smtp->stop();
  if (impl_->receiver) co_await impl_->receiver->stop(now);
  for (auto& gate : impl_->gates) co_await gate->stop();
  co_return Result<void>{};
}

const std::vector<StandIn>& Simulation::stand_ins() const noexcept { return impl_->all; }
std::string Simulation::control_url() const {
  return impl_->url("http://", impl_->control->port()) + "/_simulator";
}

}  // namespace parley::app
