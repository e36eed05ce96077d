#include "parley/net/server.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <boost/asio/steady_timer.hpp>
#include <list>
#include <mutex>

#include "connection.hpp"
#include "parley/base/race.hpp"
#include "parley/base/task_group.hpp"
#include "parley/telemetry/log.hpp"

namespace parley::net {

namespace {

using asio::ip::tcp;

/// Refused connections that may be told so at the same time; past it they are just closed.
constexpr std::size_t max_turned_away = 128;

Result<std::unique_ptr<asio::ssl::context>> make_tls(const ServerOptions& options) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  error_code ec;
  context->use_certificate_chain_file(options.certificate.string(), ec);
  if (ec) return fail(Errc::unavailable, "certificate unreadable: " + options.certificate.string());
  context->use_private_key_file(options.private_key.string(), asio::ssl::context::pem, ec);
  if (ec) return fail(Errc::unavailable, "private key unreadable: " + options.private_key.string());
  if (SSL_CTX_check_private_key(context->native_handle()) != 1)
    return fail(Errc::unavailable, "the private key does not belong to the certificate");
  return context;
}

void report_failure(const std::string& task, const std::string& what) {
  log::error("http.task_failed", {{"task", task}, {"what", what}});
}

metrics::Counter requests_with(std::string_view status_class) {
  return metrics::process_registry().counter("parley_http_requests_total",
                                             "Requests answered, by class of status",
                                             {{"status", std::string(status_class)}});
}

Result<tcp::acceptor> listen(const asio::any_io_executor& executor, const tcp::endpoint& endpoint,
                             bool shared_port) {
  tcp::acceptor acceptor(executor);
  error_code ec;
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec && shared_port) {
    int on = 1;
    ::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  }
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(tcp::acceptor::max_listen_connections, ec);
  if (ec)
    return fail(Errc::unavailable,
                fmt::format("cannot listen on {}:{}: {}", endpoint.address().to_string(),
                            endpoint.port(), ec.message()));
  return acceptor;
}

/// One executor's part: its acceptor and the connections it accepted.
struct Lane {
  explicit Lane(asio::any_io_executor e) : executor(std::move(e)) {}
  asio::any_io_executor executor;
  std::optional<tcp::acceptor> acceptor;
  std::mutex mutex;
  std::list<std::shared_ptr<Connection>> connections;
};

}  // namespace

ServerMetrics::ServerMetrics()
    : requests{requests_with("2xx"), requests_with("3xx"), requests_with("4xx"),
               requests_with("5xx")},
      connections(metrics::process_registry().gauge("parley_http_connections",
                                                    "Open connections, WebSockets included")),
      websockets(metrics::process_registry().gauge("parley_http_websockets", "Open WebSockets")),
      turned_away(metrics::process_registry().counter(
          "parley_http_turned_away_total", "Connections refused because too many were open")) {}

struct HttpServer::Impl {
  struct State;
  std::shared_ptr<State> state;
};

/// Kept alive by its own coroutines.
struct HttpServer::Impl::State : std::enable_shared_from_this<State> {
  State(std::vector<asio::any_io_executor> executors, std::shared_ptr<ServerShared> s)
      : shared(std::move(s)),
        acceptors(executors.at(0), report_failure),
        tasks(executors.at(0), report_failure) {
    for (auto& executor : executors) lanes.push_back(std::make_unique<Lane>(executor));
  }

  std::shared_ptr<ServerShared> shared;
  std::vector<std::unique_ptr<Lane>> lanes;
  TaskGroup acceptors;
  TaskGroup tasks;
  std::atomic<std::uint16_t> port{0};
  std::atomic<std::size_t> count{0};
  std::mutex mutex;
  std::vector<std::function<void()>> when_empty;

  /// Counts one connection from acceptance to its end.
  struct Counted {
    explicit Counted(std::shared_ptr<State> s) : state(std::move(s)) {
      ++state->count;
      state->shared->metrics.connections.add();
    }
    ~Counted() {
      state->shared->metrics.connections.subtract();
      if (--state->count > 0) return;
      std::vector<std::function<void()>> wake;
      {
        std::lock_guard lock(state->mutex);
        wake.swap(state->when_empty);
      }
      for (auto& w : wake) w();
    }
    std::shared_ptr<State> state;
  };

  Result<void> bind_all();
  void begin();
  asio::awaitable<void> accept_on(Lane& lane);
  void admit(Lane& lane, tcp::socket socket);
  asio::awaitable<void> serve(Lane& lane, std::shared_ptr<Connection> connection, bool admitted);
  asio::awaitable<void> keep_time(Lane& lane);
  asio::awaitable<void> wait_until_empty();
  std::vector<std::shared_ptr<Connection>> connections_of(Lane& lane);
};

Result<void> HttpServer::Impl::State::bind_all() {
  auto& options = shared->options;
  error_code ec;
  auto address = asio::ip::make_address(options.address, ec);
  if (ec) return fail(Errc::invalid, "not an IP address: " + options.address);
  tcp::endpoint endpoint(address, options.port);
  bool shared_port = lanes.size() > 1;
  if (shared_port) {
    // With SO_REUSEPORT another process may hold the port unnoticed: ask for it alone first.
    auto alone = listen(lanes.front()->executor, endpoint, false);
    if (!alone) return std::unexpected(alone.error());
  }
  for (auto& lane : lanes) {
    auto acceptor = listen(lane->executor, endpoint, shared_port);
    if (!acceptor) return std::unexpected(acceptor.error());
    endpoint.port(acceptor->local_endpoint(ec).port());
    lane->acceptor = std::move(*acceptor);
  }
  port = endpoint.port();
  return {};
}

void HttpServer::Impl::State::begin() {
  for (auto& lane : lanes) {
    auto self = shared_from_this();
    auto accept = [self, at = lane.get()] { return self->accept_on(*at); };
    acceptors.spawn_on(lane->executor, "http.accept", std::move(accept));
    auto time = [self, at = lane.get()] { return self->keep_time(*at); };
    tasks.spawn_on(lane->executor, "http.time", std::move(time));
  }
}

asio::awaitable<void> HttpServer::Impl::State::accept_on(Lane& lane) {
  struct Closer {
    Lane& lane;
    ~Closer() { lane.acceptor.reset(); }
  } closer{lane};
  while (true) {
    error_code ec;
    auto socket =
        co_await lane.acceptor->async_accept(asio::redirect_error(asio::use_awaitable, ec));
    if (!ec) {
      admit(lane, std::move(socket));
      continue;
    }
    // Out of handles or memory: what is open must end first, and retrying at once only burns time.
    if (ec != asio::error::connection_aborted) co_await shared->clock.sleep_for(50ms);
  }
}

void HttpServer::Impl::State::admit(Lane& lane, tcp::socket socket) {
  auto counted = std::make_shared<Counted>(shared_from_this());
  auto limit = shared->options.max_connections;
  auto now_open = count.load();
  if (now_open > limit) shared->metrics.turned_away.add();
  if (now_open > limit + max_turned_away) return;
  error_code ec;
  socket.set_option(tcp::no_delay(true), ec);
  auto connection = std::make_shared<Connection>(shared, std::move(socket));
  auto life = [self = shared_from_this(), counted, connection, at = &lane,
               admitted = now_open <= limit] { return self->serve(*at, connection, admitted); };
  tasks.spawn_on(lane.executor, "http.connection", std::move(life));
}

asio::awaitable<void> HttpServer::Impl::State::serve(Lane& lane,
                                                     std::shared_ptr<Connection> connection,
                                                     bool admitted) {
  connection->bind(co_await asio::this_coro::executor);
  struct Registered {
    Lane& lane;
    std::list<std::shared_ptr<Connection>>::iterator where;
    Registered(Lane& l, std::shared_ptr<Connection> c) : lane(l) {
      std::lock_guard lock(lane.mutex);
      where = lane.connections.insert(lane.connections.end(), std::move(c));
    }
    ~Registered() {
      std::lock_guard lock(lane.mutex);
      lane.connections.erase(where);
    }
  } registered(lane, connection);
  auto life = admitted ? connection->run() : connection->turn_away();
  co_await std::move(life);
}

std::vector<std::shared_ptr<Connection>> HttpServer::Impl::State::connections_of(Lane& lane) {
  std::lock_guard lock(lane.mutex);
  return {lane.connections.begin(), lane.connections.end()};
}

asio::awaitable<void> HttpServer::Impl::State::keep_time(Lane& lane) {
  auto& options = shared->options;
  auto shortest = std::min({options.head_timeout, options.body_timeout, options.keep_alive_timeout,
                            options.write_timeout});
  auto tick = std::clamp<Duration>(shortest / 4, 5ms, 500ms);
  std::vector<std::shared_ptr<Connection>> late;
  auto beat = shared->clock.now() + tick;
  bool spared = false;
  while (true) {
    co_await shared->clock.sleep_until(beat);
    auto now = shared->clock.now();
    // After a standstill of this loop, what the peers sent meanwhile is not read yet: judge later.
    spared = !spared && now - beat > tick;
    beat = now + tick;
    if (spared) continue;
    {
      std::lock_guard lock(lane.mutex);
      for (auto& connection : lane.connections)
        if (connection->due() <= now) late.push_back(connection);
    }
    for (auto& connection : late) connection->expire();
    late.clear();
  }
}

asio::awaitable<void> HttpServer::Impl::State::wait_until_empty() {
  auto executor = co_await asio::this_coro::executor;
  auto empty = std::make_shared<asio::steady_timer>(executor, TimePoint::max());
  auto wake = [empty, executor] {
    asio::post(executor, [empty] { empty->expires_at(asio::steady_timer::time_point::min()); });
  };
  {
    std::lock_guard lock(mutex);
    when_empty.push_back(std::move(wake));
  }
  if (count == 0) co_return;
  error_code ec;
  co_await empty->async_wait(asio::redirect_error(asio::use_awaitable, ec));
}

HttpServer::HttpServer(std::vector<asio::any_io_executor> executors, const Router& router,
                       Clock& clock, Random& random, ServerOptions options, ErrorPage error_page)
    : impl_(std::make_unique<Impl>()) {
  std::shared_ptr<ServerShared> shared(
      new ServerShared{router, clock, random, std::move(options), std::move(error_page), nullptr});
  impl_->state = std::make_shared<Impl::State>(std::move(executors), std::move(shared));
}

HttpServer::~HttpServer() = default;

Result<void> HttpServer::start() {
  auto& state = *impl_->state;
  if (!state.shared->options.certificate.empty()) {
    auto tls = make_tls(state.shared->options);
    if (!tls) return std::unexpected(tls.error());
    state.shared->tls = std::move(*tls);
  }
  if (auto bound = state.bind_all(); !bound) {
    for (auto& lane : state.lanes) lane->acceptor.reset();
    return bound;
  }
  state.begin();
  return {};
}

std::uint16_t HttpServer::port() const noexcept { return impl_->state->port; }
std::size_t HttpServer::connections() const noexcept { return impl_->state->count; }

asio::awaitable<void> HttpServer::stop(TimePoint drain_deadline) {
  auto state = impl_->state;
  co_await state->acceptors.stop();
  state->shared->draining = true;
  for (auto& lane : state->lanes)
    for (auto& connection : state->connections_of(*lane)) connection->drain();
  auto empty = state->wait_until_empty();
  auto patience = state->shared->clock.sleep_until(drain_deadline);
  co_await race(std::move(empty), std::move(patience));
  co_await state->tasks.stop();
}

}  // namespace parley::net
