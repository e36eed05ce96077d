#include "simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>

#include "parley/base/strings.hpp"
#include "parley/net/server.hpp"
#include "parley/simulators/tcp_gate.hpp"
#include "simulation_control.hpp"

namespace parley::app {

namespace {

Result<std::uint16_t> port_in(std::string_view text) {
  std::uint16_t port = 0;
  auto read = std::from_chars(text.data(), text.data() + text.size(), port);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || port == 0)
    return fail(Errc::invalid, fmt::format("{} is no port", text));
  return port;
}

Result<std::vector<const StandInKind*>> wanted_kinds(const SimulateOptions& options) {
  std::vector<const StandInKind*> wanted;
  auto known = stand_in_names();
  if (options.names.empty() && options.gates.empty())
    for (auto& kind : stand_in_kinds()) wanted.push_back(&kind);
  for (auto& name : options.names) {
    auto found = std::ranges::find(stand_in_kinds(), name, &StandInKind::name);
    if (found != stand_in_kinds().end()) {
      wanted.push_back(&*found);
      continue;
    }
    if (name == "gate")
      return fail(Errc::invalid, "a gate stands before a service: --gate HOST:PORT");
    auto near = nearest(name, known);
    return fail(Errc::invalid, fmt::format("there is no stand-in for {}; {}", name,
                                           near ? "did you mean " + *near + "?"
                                                : "there are " + join(known, ", ")));
  }
  return wanted;
}

/// A plan, or the file that holds one.
Result<std::string> plan_in(const std::string& text) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(text, ignored)) return text;
  std::ifstream in(text, std::ios::binary);
  if (!in) return fail(Errc::not_found, "cannot read " + text);
  return std::string(std::istreambuf_iterator<char>(in), {});
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

  Result<void> start_one(const StandInKind& kind) {
    auto where = place(std::string(kind.name));
    if (!where) return std::unexpected(where.error());
    auto started =
        kind.start({io.get_executor(), clock, random, *http, std::move(*where), options.callees});
    if (!started) return std::unexpected(started.error());
    all.push_back(std::move(*started));
    return {};
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
    auto gate = std::make_shared<simulators::TcpGate>(io.get_executor(), clock, gate_options);
    if (auto good = gate->start(); !good) return good;
    StandIn one{
        name, listening_url("", options.listen, gate->port()), {}, "passes on to " + target};
    one.faults = &gate->faults();
    one.cut = [gate] { gate->cut(); };
    one.stop = [gate] { return gate->stop(); };
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
    auto kinds = wanted_kinds(options);
    if (!kinds) return std::unexpected(kinds.error());
    for (const auto* kind : *kinds)
      if (auto good = start_one(*kind); !good) return good;
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
  for (auto& one : impl_->all) co_await one.stop();
  co_return Result<void>{};
}

const std::vector<StandIn>& Simulation::stand_ins() const noexcept { return impl_->all; }
std::string Simulation::control_url() const {
  return listening_url("http://", impl_->options.listen, impl_->control->port()) + "/_simulator";
}

}  // namespace parley::app
