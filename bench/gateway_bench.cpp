// The gateway beside nginx: the same backend, the same load, in turns within the same minutes, one
// thread or worker each. nginx is the limit of what passing a request on costs.
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <fstream>

#include "parley/auth/auth.hpp"
#include "parley/base/strings.hpp"
#include "parley/gateway/gateway.hpp"
#include "parley/net/server.hpp"
#include "parley/store/migrations.hpp"
#include "served.hpp"

namespace parley {
namespace {

using bench::Loop;
using bench::Served;

using asio::ip::tcp;

constexpr int connections = 64;
constexpr auto warm_up = std::chrono::seconds(1);
constexpr auto measured = std::chrono::seconds(4);
constexpr int rounds = 3;

double process_cpu_seconds(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string text{std::istreambuf_iterator<char>(in), {}};
  auto fields = split(text.substr(text.rfind(')') + 2), ' ');
  return static_cast<double>(std::stoll(fields.at(11)) + std::stoll(fields.at(12))) /
         static_cast<double>(::sysconf(_SC_CLK_TCK));
}

/// One worker on a free port, everything of it in a temporary folder.
class Nginx {
 public:
  Nginx(const std::filesystem::path& folder, std::uint16_t backend) : port_(free_port()) {
    std::ofstream(folder / "nginx.conf") << fmt::format(
        "daemon off; master_process off; worker_processes 1; pid {0}/pid; error_log "
        "{0}/error.log;\n"
        "events {{ worker_connections 4096; }}\n"
        "http {{ access_log off; client_body_temp_path {0}/body; proxy_temp_path {0}/proxy;\n"
        "fastcgi_temp_path {0}/f; uwsgi_temp_path {0}/u; scgi_temp_path {0}/s;\n"
        "keepalive_requests 10000000; tcp_nodelay on;\n"
        "upstream backend {{ server 127.0.0.1:{1}; keepalive 256; keepalive_requests 10000000; }}\n"
        "server {{ listen 127.0.0.1:{2}; location / {{ proxy_pass http://backend;\n"
        "proxy_http_version 1.1; proxy_set_header Connection \"\";\n"
        "proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto "
        "$scheme;\n"
        "proxy_set_header X-Forwarded-Host $host; }} }} }}\n",
        folder.string(), backend, port_);
    pid_ = ::fork();
    if (pid_ == 0) {
      auto conf = (folder / "nginx.conf").string();
      auto errors = (folder / "error.log").string();
      ::execlp("nginx", "nginx", "-p", folder.c_str(), "-e", errors.c_str(), "-c", conf.c_str(),
               static_cast<char*>(nullptr));
      ::_exit(127);
    }
    wait_until_there();
  }
  ~Nginx() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  std::uint16_t port() const { return port_; }
  pid_t pid() const { return pid_; }

 private:
  static std::uint16_t free_port() {
    asio::io_context io;
    tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
    return acceptor.local_endpoint().port();
  }
  void wait_until_there() {
    auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < give_up) {
      if (::waitpid(pid_, nullptr, WNOHANG) == pid_)
        throw std::runtime_error("nginx did not start: is it installed? (scripts/setup bench)");
      asio::io_context io;
      tcp::socket probe(io);
      boost::system::error_code ec;
      probe.connect({asio::ip::address_v4::loopback(), port_}, ec);
      if (!ec) return;
      std::this_thread::yield();
    }
    throw std::runtime_error("nginx does not listen");
  }
  std::uint16_t port_;
  pid_t pid_ = 0;
};

struct Figures {
  double per_second = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  double cpu_us = 0;  ///< of the proxy, each request
};

/// Asks again and again on one kept connection.
asio::awaitable<void> client(std::uint16_t port, TimePoint from, TimePoint until,
                             std::vector<double>& took_ms) {
  auto executor = co_await asio::this_coro::executor;
  tcp::socket socket(executor);
  co_await socket.async_connect({asio::ip::address_v4::loopback(), port}, asio::use_awaitable);
  socket.set_option(tcp::no_delay(true));
  const std::string request = "GET /shop/items/1 HTTP/1.1\r\nHost: here.example\r\n\r\n";
  std::string in;
  while (std::chrono::steady_clock::now() < until) {
    auto began = std::chrono::steady_clock::now();
    co_await asio::async_write(socket, asio::buffer(request), asio::use_awaitable);
    auto head = co_await asio::async_read_until(socket, asio::dynamic_buffer(in), "\r\n\r\n",
                                                asio::use_awaitable);
    auto at = in.find("Content-Length: ");
    if (!in.starts_with("HTTP/1.1 200") || at == std::string::npos)
      throw std::runtime_error("wrong answer: " + in.substr(0, 200));
    auto whole = head + std::stoul(in.substr(at + 16));
    if (in.size() < whole)
      co_await asio::async_read(socket, asio::dynamic_buffer(in),
                                asio::transfer_exactly(whole - in.size()), asio::use_awaitable);
    in.erase(0, whole);
    auto ended = std::chrono::steady_clock::now();
    if (began >= from)
      took_ms.push_back(std::chrono::duration<double, std::milli>(ended - began).count());
  }
}

Figures measure(std::uint16_t port, const std::function<double()>& cpu_seconds) {
  asio::io_context io(1);
  std::vector<double> took;
  took.reserve(1'000'000);
  auto from = std::chrono::steady_clock::now() + warm_up;
  auto until = from + measured;
  for (int i = 0; i < connections; ++i)
    asio::co_spawn(io, client(port, from, until, took), [](std::exception_ptr thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
  io.run_until(from);
  auto before = cpu_seconds();
  io.run_until(until);
  auto used = cpu_seconds() - before;
  auto count = took.size();
  io.run();
  std::ranges::sort(took);
  auto at = [&](double q) {
    return took[static_cast<std::size_t>(q * static_cast<double>(took.size() - 1))];
  };
  auto seconds = std::chrono::duration<double>(measured).count();
  return {static_cast<double>(count) / seconds, at(0.5), at(0.99),
          used / static_cast<double>(count) * 1e6};
}

void print(const char* what, std::vector<Figures> results) {
  auto sorted = [&](double Figures::* member) {
    std::vector<double> values;
    for (auto& result : results) values.push_back(result.*member);
    std::ranges::sort(values);
    return values;
  };
  auto median = [&](double Figures::* member) { return sorted(member)[results.size() / 2]; };
  auto rates = sorted(&Figures::per_second);
  fmt::print(
      "{:<28} {:8.0f} requests/s (min {:.0f}, max {:.0f})  p50 {:.2f} ms  p99 {:.2f} ms  "
      "{:.1f} us of processor each\n",
      what, median(&Figures::per_second), rates.front(), rates.back(), median(&Figures::p50_ms),
      median(&Figures::p99_ms), median(&Figures::cpu_us));
}

int run() {
  auto folder =
      std::filesystem::temp_directory_path() / ("gateway_bench_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  Loop backend_loop, gateway_loop;
  net::Router backend_routes;
  backend_routes.add(net::Method::get, "/{rest...}",
                     [](net::HttpRequest) -> asio::awaitable<net::HttpResponse> {
                       co_return net::text_response(200, std::string(1000, 'x'));
                     });
  Served backend(backend_loop, backend_routes);
  auto backend_port = backend.server->port();

  SystemClock clock;
  SystemRandom random;
  auto database = store::open_sqlite(clock, {.file = folder / "parley.db"}).value();
  if (auto migrated = gateway_loop.run(store::migrate(*database)); !migrated)
    throw std::runtime_error(migrated.error().detail);
  WorkerPool pool({.name = "bench", .threads = 1});
  auto master = auth::MasterKey::make(random);
  auto auth = auth::make_auth(*database, clock, random, pool, master);
  metrics::Registry registry;
  gateway::Gateway::Options options;
  options.file_routes =
      gateway::parse_route_file(fmt::format(
                                    R"({{"routes": [{{"path": "/shop", "access": "anyone",
                                 "targets": [{{"url": "http://127.0.0.1:{}"}}]}}]}})",
                                    backend_port))
          .value();
  gateway::Gateway gateway(
      {gateway_loop.io.get_executor(), clock, random, *database, *auth.sessions, pool, registry},
      options);
  net::Router routes;
  gateway.mount(routes);
  std::vector<Figures> direct, ours, nginxs;
  {
    Served front(gateway_loop, routes);
    Nginx nginx(folder, backend_port);
    fmt::print("{} connections, 1,000 bytes an answer, {} rounds of {} s in turns\n", connections,
               rounds, measured.count());
    for (int i = 0; i < rounds; ++i) {
      direct.push_back(measure(backend_port, [&] { return backend_loop.cpu_seconds(); }));
      nginxs.push_back(measure(nginx.port(), [&] { return process_cpu_seconds(nginx.pid()); }));
      ours.push_back(measure(front.server->port(), [&] { return gateway_loop.cpu_seconds(); }));
    }
  }
  print("backend, asked directly", direct);
  print("nginx in front of it", nginxs);
  print("the gateway in front of it", ours);
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace parley

int main() {
  try {
    return parley::run();
  } catch (const std::exception& e) {
    fmt::print(stderr, "gateway_bench: {}\n", e.what());
    return 1;
  }
}
