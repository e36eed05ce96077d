#include "parley/simulators/tcp_gate.hpp"

#include <fmt/format.h>

#include <boost/asio/connect.hpp>
#include <list>

#include "gated_connection.hpp"
#include "parley/base/task_group.hpp"

namespace parley::simulators {

namespace {

using asio::ip::tcp;
using boost::system::error_code;

constexpr auto connect_limit = std::chrono::seconds(5);

}  // namespace

struct TcpGate::Impl {
  Impl(asio::any_io_executor e, Clock& c, TcpGateOptions o)
      : executor(std::move(e)),
        clock(c),
        options(std::move(o)),
        faults(c, FaultPlan::Place::gate, options.seed),
        tasks(executor) {}

  asio::awaitable<void> accept() {
    while (acceptor.is_open()) {
      error_code ec;
      auto client = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, ec));
      if (ec == asio::error::operation_aborted) co_return;
      if (ec) {
        // Out of descriptors, as a rule: others have to end first.
        co_await clock.sleep_for(std::chrono::milliseconds(50));
        continue;
      }
      ++counts.accepted;
      if (counts.open >= options.max_connections) {
        reset(client);
        continue;
      }
      auto held = std::make_shared<tcp::socket>(std::move(client));
      tasks.spawn("gate.connection", [this, held] { return begin(std::move(*held)); });
    }
  }

  asio::awaitable<void> begin(tcp::socket client) {
    ++counts.open;
    auto one_less = [](Counts* all) { --all->open; };
    std::unique_ptr<Counts, decltype(one_less)> open(&counts, one_less);
    auto fault = faults.next(target());
    co_await clock.sleep_for(fault.delay);
    if (fault.effect == Fault::Effect::refuse) {
      reset(client);
      co_return;
    }
    auto connecting = connect();
    auto deadline = clock.now() + connect_limit;
    auto limited = with_deadline(clock, deadline, std::move(connecting));
    auto service = co_await std::move(limited);
    if (!service) {
      ++counts.unreachable;
      reset(client);
      co_return;
    }
    error_code ignored;
    client.set_option(tcp::no_delay(true), ignored);
    service->set_option(tcp::no_delay(true), ignored);
    auto connection = std::make_shared<GatedConnection>(std::move(client), std::move(*service),
                                                        std::move(fault), clock);
    auto here = connections.insert(connections.end(), connection);
    tasks.spawn("gate.up", [connection] { return connection->up(); });
    auto carrying = connection->down();
    try {
      co_await std::move(carrying);
    } catch (...) {
      connections.erase(here);
      connection->cut();
      throw;
    }
    connections.erase(here);
  }

  Task<tcp::socket> connect() {
    tcp::resolver resolver(executor);
    error_code ec;
    auto found =
        co_await resolver.async_resolve(options.target_host, std::to_string(options.target_port),
                                        asio::redirect_error(asio::use_awaitable, ec));
    tcp::socket socket(executor);
    if (!ec)
      co_await asio::async_connect(socket, found, asio::redirect_error(asio::use_awaitable, ec));
    if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
    if (ec) co_return fail(Errc::unavailable, target() + ": " + ec.message());
    co_return socket;
  }

  std::string target() const {
    return fmt::format("{}:{}", options.target_host, options.target_port);
  }

  asio::any_io_executor executor;
  Clock& clock;
  const TcpGateOptions options;
  Faults faults;
  tcp::acceptor acceptor{executor};
  std::list<std::shared_ptr<GatedConnection>> connections;
  Counts counts;
  std::uint16_t port = 0;
  TaskGroup tasks;
};

TcpGate::TcpGate(asio::any_io_executor executor, Clock& clock, TcpGateOptions options)
    : impl_(std::make_unique<Impl>(std::move(executor), clock, std::move(options))) {}
TcpGate::~TcpGate() = default;

Result<void> TcpGate::start() {
  auto& options = impl_->options;
  error_code ec;
  auto address = asio::ip::make_address(options.address, ec);
  if (ec) return fail(Errc::invalid, options.address + " is no IP address");
  tcp::endpoint where(address, options.port);
  auto& acceptor = impl_->acceptor;
  acceptor.open(where.protocol(), ec);
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor.bind(where, ec);
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec)
    return fail(Errc::unavailable,
                fmt::format("{}:{}: {}", options.address, options.port, ec.message()));
  impl_->port = acceptor.local_endpoint().port();
  impl_->tasks.spawn("gate.accept", [this] { return impl_->accept(); });
  return {};
}

asio::awaitable<void> TcpGate::stop() {
  error_code ignored;
  impl_->acceptor.close(ignored);
  co_await impl_->tasks.stop();
}

std::uint16_t TcpGate::port() const noexcept { return impl_->port; }
Faults& TcpGate::faults() noexcept { return impl_->faults; }
void TcpGate::cut() {
  for (auto& connection : impl_->connections) connection->cut();
}
TcpGate::Counts TcpGate::counts() const noexcept { return impl_->counts; }

}  // namespace parley::simulators
