#pragma once
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "parley/base/strings.hpp"
#include "parley/gateway/gateway.hpp"
#include "parley/net/client.hpp"
#include "parley/net/server.hpp"
#include "parley/store/migrations.hpp"
#include "parley/telemetry/log.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::gateway::testing {

using asio::ip::tcp;

/// An io_context on a thread of its own.
struct Loop {
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard{io.get_executor()};
  std::jthread thread{[this] { io.run(); }};
  ~Loop() { io.stop(); }

  template <class T>
  T run(asio::awaitable<T> work) {
    return asio::co_spawn(io, std::move(work), asio::use_future).get();
  }
};

/// Tokens are "<role>@<organization>".
class TokensByName final : public auth::Sessions {
 public:
  Task<auth::Identity> authenticate(Context, std::string bearer) override {
    auto at = bearer.find('@');
    auto role = parse_role(bearer.substr(0, at));
    if (!role || at == std::string::npos) co_return fail(Errc::unauthenticated, "no such token");
    auth::Identity who;
    who.organization = OrganizationId(bearer.substr(at + 1));
    who.principal = {Principal::Kind::user, "user_" + bearer.substr(0, at), *role};
    co_return who;
  }
  Task<auth::SignedIn> register_owner(Context, auth::NewOwner, auth::ClientTrace) override {
    co_return fail(Errc::unsupported, "");
  }
  Task<std::variant<auth::SignedIn, auth::TryLater>> sign_in(Context, auth::Credentials,
                                                             auth::ClientTrace) override {
    co_return fail(Errc::unsupported, "");
  }
  Task<auth::SignedIn> refresh(Context, std::string, auth::ClientTrace) override {
    co_return fail(Errc::unsupported, "");
  }
  Task<void> sign_out(Context, auth::Identity, Reach) override { co_return Result<void>{}; }
  Task<void> sweep(Context) override { co_return Result<void>{}; }
  Task<FirstOwner> ensure_owner(Context, auth::NewOwner, WhenThere) override {
    co_return fail(Errc::unsupported, "");
  }
};

/// A real server on a free port of the loopback.
class Serving {
 public:
  Serving(Loop& loop, const net::Router& router) : loop_(loop) {
    net::ServerOptions options;
    options.port = 0;
    std::vector<asio::any_io_executor> executors{loop.io.get_executor()};
    server_ = std::make_unique<net::HttpServer>(executors, router, clock_, random_, options);
    if (auto started = server_->start(); !started) throw std::runtime_error(started.error().detail);
  }
  ~Serving() { loop_.run(server_->stop(TimePoint::min())); }
  std::uint16_t port() const { return server_->port(); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }

 private:
  Loop& loop_;
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<net::HttpServer> server_;
};

/// Plays what the test says on each connection, one thread for each.
class ScriptedTarget {
 public:
  explicit ScriptedTarget(std::function<void(tcp::socket&, int)> play)
      : acceptor_(io_, {asio::ip::address_v4::loopback(), 0}),
        thread_([this, play = std::move(play)] {
          for (int number = 0;; ++number) {
            boost::system::error_code ec;
            auto socket = std::make_shared<tcp::socket>(io_);
            acceptor_.accept(*socket, ec);
            if (ec || stopped_) return;
            connections_.emplace_back([socket, play, number] { play(*socket, number); });
          }
        }) {}
  ~ScriptedTarget() {
    stopped_ = true;
    boost::system::error_code ec;
    tcp::socket last(io_);
    last.connect(acceptor_.local_endpoint(), ec);
    thread_.join();
  }
  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }

 private:
  asio::io_context io_;
  tcp::acceptor acceptor_;
  std::atomic<bool> stopped_{false};
  std::vector<std::jthread> connections_;
  std::jthread thread_;
};

inline std::string read_head(tcp::socket& socket) {
  std::string in;
  boost::system::error_code ec;
  asio::read_until(socket, asio::dynamic_buffer(in), "\r\n\r\n", ec);
  return ec ? "" : in;
}
inline void say(tcp::socket& socket, std::string_view bytes) {
  boost::system::error_code ec;
  asio::write(socket, asio::buffer(bytes), ec);
}

struct Answer {
  int status = 0;
  std::string head;
  std::string body;
  bool whole = false;  ///< the body ended as its head said
  std::string field(std::string_view name) const {
    for (auto& line : split(head, '\n')) {
      auto colon = line.find(':');
      if (colon != std::string::npos && iequals(line.substr(0, colon), name))
        return std::string(trim(std::string_view(line).substr(colon + 1)));
    }
    return "";
  }
  std::string code() const {
    auto parsed = parse_json(body);
    auto* object = parsed ? parsed->if_object() : nullptr;
    auto* code = object ? object->if_contains("code") : nullptr;
    return code && code->is_string() ? std::string(code->get_string()) : body;
  }
};

/// Sends bytes on a connection of its own and reads one answer; gives up after 10 seconds.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(io_) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    timeval patience{10, 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  void send(std::string_view bytes) { say(socket_, bytes); }
  bool read_some() {
    std::array<char, 16384> buffer;
    auto count = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), 0);
    if (count <= 0) return false;
    in_.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
  }
  std::string take_until(std::string_view mark) {
    auto at = in_.find(mark);
    while (at == std::string::npos && read_some()) at = in_.find(mark);
    if (at == std::string::npos) return std::exchange(in_, "");
    auto taken = in_.substr(0, at + mark.size());
    in_.erase(0, at + mark.size());
    return taken;
  }
  std::string take(std::size_t count) {
    while (in_.size() < count && read_some()) {
    }
    auto taken = in_.substr(0, count);
    in_.erase(0, taken.size());
    return taken;
  }
  Answer answer(bool has_body = true) {
    Answer answer;
    answer.head = take_until("\r\n\r\n");
    if (answer.head.size() < 12) return answer;
    answer.status = std::stoi(answer.head.substr(9, 3));
    auto length = answer.field("Content-Length");
    if (!has_body) return answer;
    if (!length.empty()) {
      answer.body = take(std::stoul(length));
      answer.whole = answer.body.size() == std::stoul(length);
    } else if (!answer.field("Transfer-Encoding").empty()) {
      while (true) {
        auto line = take_until("\r\n");
        if (!line.ends_with("\r\n")) break;
        auto size = std::stoul(line, nullptr, 16);
        answer.body += take(size);
        if (take(2) != "\r\n") break;
        if (size == 0) answer.whole = true;
        if (size == 0) break;
      }
    }
    return answer;
  }

 private:
  asio::io_context io_;
  tcp::socket socket_;
  std::string in_;
};

/// A gateway on a real port in front of whatever targets a test makes.
class GatewayTest : public testkit::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    ASSERT_TRUE(log::configure({.level = log::Level::off}));
    options.reload = 1h;
  }
  void TearDown() override {
    close();
    DatabaseTest::TearDown();
  }
  /// Opens it with these routes in its file.
  void open(const std::string& routes) {
    auto read = parse_route_file(R"({"routes": [)" + routes + "]}");
    ASSERT_TRUE(read) << read.error().detail;
    options.file_routes = std::move(*read);
    gateway =
        std::make_unique<Gateway>(Gateway::Parts{loop.io.get_executor(), real_clock, system_random,
                                                 db(), sessions, pool, registry},
                                  options);
    gateway->mount(router);
    ASSERT_TRUE(loop.run(gateway->start()));
    serving = std::make_unique<Serving>(loop, router);
  }
  void close() {
    serving.reset();
    if (gateway) loop.run(gateway->stop());
  }
  /// {"path": ..., "access": "anyone", "targets": [...], more}
  static std::string route(const std::string& path, const std::vector<std::string>& urls,
                           const std::string& more = "") {
    std::string targets;
    for (auto& url : urls) targets += (targets.empty() ? "" : ",") + (R"({"url": ")" + url + "\"}");
    return R"({"path": ")" + path + R"(", "access": "anyone", "targets": [)" + targets + "]" +
           (more.empty() ? "" : ", " + more) + "}";
  }
  Answer ask(std::string_view method, std::string_view target, std::string_view headers = "",
             std::string_view body = "") {
    RawClient client(serving->port());
    std::string request = std::string(method) + " " + std::string(target) +
                          " HTTP/1.1\r\nHost: here.example\r\nConnection: close\r\n" +
                          std::string(headers);
    if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    client.send(request + "\r\n" + std::string(body));
    return client.answer(method != "HEAD");
  }
  Answer get(std::string_view target, std::string_view headers = "") {
    return ask("GET", target, headers);
  }
  /// Waits until it holds; fails the test after 10 seconds.
  template <class Condition>
  void until(Condition condition) {
    auto give_up = std::chrono::steady_clock::now() + 10s;
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up) << "it never came true";
      std::this_thread::yield();
    }
  }
  std::string figure(const std::string& name) const {
    for (auto& line : split(registry.text(), '\n'))
      if (line.starts_with(name)) return line.substr(line.rfind(' ') + 1);
    return "";
  }

  Loop loop;
  SystemClock real_clock;
  SystemRandom system_random;
  metrics::Registry registry;
  TokensByName sessions;
  WorkerPool pool{{.name = "transforming", .threads = 1, .max_queued = 64}};
  Gateway::Options options;
  net::Router router;
  std::unique_ptr<Gateway> gateway;
  std::unique_ptr<Serving> serving;
};

/// A service that says what it was asked.
struct EchoTarget {
  explicit EchoTarget(Loop& loop, std::string name = "echo") : name_(std::move(name)) {
    auto echo = [this](net::HttpRequest request) -> asio::awaitable<net::HttpResponse> {
      ++asked;
      json::object headers;
      for (auto& [field, value] : request.headers.all()) headers[to_lower(field)] = value;
      auto response =
          net::text_response(200,
                             json::serialize(json::object{{"service", name_},
                                                          {"method", to_string(request.method)},
                                                          {"target", request.target},
                                                          {"headers", headers},
                                                          {"body", request.body}}),
                             "application/json");
      response.headers.set("X-Internal", "secret");
      co_return response;
    };
    for (auto method : {net::Method::get, net::Method::post, net::Method::put, net::Method::patch,
                        net::Method::delete_})
      routes.add(method, "/{rest...}", echo);
    serving = std::make_unique<Serving>(loop, routes);
  }
  std::string url(std::string path = "") const { return serving->url() + path; }

  std::atomic<int> asked{0};
  net::Router routes;
  std::unique_ptr<Serving> serving;

 private:
  std::string name_;
};

inline json::object shown(const Answer& answer) {
  auto parsed = parse_json(answer.body);
  if (!parsed || !parsed->is_object()) throw std::runtime_error(answer.head + answer.body);
  return parsed->get_object();
}

}  // namespace parley::gateway::testing
