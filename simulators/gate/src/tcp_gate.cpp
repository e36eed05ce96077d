#include "parley/simulators/tcp_gate.hpp"

#include <fmt/format.h>

#include <boost/asio/connect.hpp>
#include <list>

#include "gated_connection.hpp"
#include "parley/base/task_group.hpp"
#include "parley/simulators/tcp_listener.hpp"

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
        listener(executor, c, "gate", options.max_connections),
        tasks(executor) {}

  asio::awaitable<void> begin(tcp::socket client) {
    auto fault = faults.next(target());
    auto begun_after = cuts;
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
      ++unreachable;
      reset(client);
      co_return;
    }
    if (cuts != begun_after) {
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
  std::list<std::shared_ptr<GatedConnection>> connections;
  std::size_t unreachable = 0;
  std::size_t cuts = 0;
  TcpListener listener;
  TaskGroup tasks;  ///< the other way of what is open
};

TcpGate::TcpGate(asio::any_io_executor executor, Clock& clock, TcpGateOptions options)
    : impl_(std::make_unique<Impl>(std::move(executor), clock, std::move(options))) {}
TcpGate::~TcpGate() = default;

Result<void> TcpGate::start() {
  auto& options = impl_->options;
  auto serve = [this](tcp::socket client) { return impl_->begin(std::move(client)); };
  return impl_->listener.start(options.address, options.port, serve);
}

asio::awaitable<void> TcpGate::stop() {
  co_await impl_->listener.stop();
  co_await impl_->tasks.stop();
}

std::uint16_t TcpGate::port() const noexcept { return impl_->listener.port(); }
Faults& TcpGate::faults() noexcept { return impl_->faults; }
void TcpGate::cut() {
  ++impl_->cuts;
  for (auto& connection : impl_->connections) connection->cut();
}
TcpGate::Counts TcpGate::counts() const noexcept {
  auto& listener = impl_->listener;
  return {listener.accepted(), listener.open(), impl_->unreachable};
}

}  // namespace parley::simulators
