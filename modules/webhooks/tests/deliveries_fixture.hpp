#pragma once
#include <fmt/format.h>

#include "parley/base/strings.hpp"
#include "parley/net/named_hosts.hpp"
#include "parley/net/server.hpp"
#include "parley/webhooks/webhooks.hpp"
#include "webhooks_fixture.hpp"

namespace parley::webhooks::testing {

/// A receiver on loopback and the sender under test, on one event loop; time is the test's.
class DeliveriesDbTest : public WebhooksDbTest {
 protected:
  using Addresses = Deliveries::Options::Addresses;

  void SetUp() override {
    WebhooksDbTest::SetUp();
    http = net::make_http_client(io.get_executor(),
                                 [this](const std::string& host) { return names[host]; });
    make_hooks(Addresses::any);
    auto handler = [this](net::HttpRequest request) -> asio::awaitable<net::HttpResponse> {
      auto work = receive(std::move(request));
      auto response = co_await std::move(work);
      co_return response;
    };
    router.add(net::Method::post, "/{rest...}", handler);
    router.add(net::Method::get, "/{rest...}", handler);
    net::ServerOptions options;
    options.port = 0;
    server =
        std::make_unique<net::HttpServer>(std::vector<asio::any_io_executor>{io.get_executor()},
                                          router, real_clock, system_random, options);
    ASSERT_TRUE(server->start());
  }
  void TearDown() override {
    stop();
    run([&]() -> Task<void> {
      auto ending = server->stop(TimePoint::min());
      co_await std::move(ending);
      co_return Result<void>{};
    });
    hooks.reset();
    http.reset();
    let_run(5);
    WebhooksDbTest::TearDown();
  }
  void make_hooks(Addresses addresses) {
    Webhooks::Options options;
    options.deliveries.addresses = addresses;
    hooks.reset();
    make_queue();
    hooks = std::make_unique<Webhooks>(
        Webhooks::Parts{clock, random, db(), *queue, *http, master, registry}, options);
  }
  virtual asio::awaitable<net::HttpResponse> receive(net::HttpRequest request) {
    got.push_back(std::move(request));
    net::HttpResponse response;
    response.status = answers.empty() ? 200 : answers.front();
    if (!answers.empty()) answers.erase(answers.begin());
    response.body = "thanks";
    if (retry_after > 0) response.headers.set("Retry-After", std::to_string(retry_after));
    if (!location.empty()) response.headers.set("Location", location);
    if (hold > Duration::zero()) {
      auto pause = clock.sleep_for(hold);
      co_await std::move(pause);
    }
    if (stream_bytes > 0) {
      auto sent = std::make_shared<std::size_t>(0);
      response.stream = [this, sent]() -> Task<std::string> {
        if (*sent >= stream_bytes) co_return "";
        *sent += 1u << 20;
        streamed = *sent;
        co_return std::string(1u << 20, 'x');
      };
    }
    co_return response;
  }
  std::string url(std::string_view path = "/hook") const {
    return fmt::format("http://127.0.0.1:{}{}", server->port(), path);
  }
  MadeEndpoint endpoint(std::string address, std::vector<std::string> events = {}) {
    NewEndpoint request{std::move(address), "test", std::move(events)};
    return run([&] { return hooks->endpoints.create(ctx, request); }).value();
  }
  /// An event happens, and the projection sees it as the subscription would.
  store::StoredEvent happen(std::string type, json::object data = {}) {
    auto before = events(type).size();
    EXPECT_TRUE(write([&](store::Tx& tx) { return tx.append("thing/1", {type, data}); }));
    until([&] { return events(type).size() > before; });
    auto event = events(type).back();
    project(event);
    return event;
  }
  void project(const store::StoredEvent& event) {
    auto projection = std::get<events::Projection>(hooks->deliveries.subscription().handler);
    EXPECT_TRUE(write([&](store::Tx& tx) { return projection(tx, event); }));
  }
  std::vector<Delivery> all(Deliveries::Filter filter = {}) {
    return run([&] { return hooks->deliveries.list(ctx, filter); }).value().items;
  }
  Delivery one() { return all().at(0); }
  /// Virtual time passes, and waits for what is due in between: the sockets are real ones.
  template <class Condition>
  void days_pass(Duration step, Condition condition) {
    auto nothing_is_due = [&] {
      for (auto& delivery : all({.endpoint = {}, .status = DeliveryStatus::pending}))
        if (!delivery.next_attempt_at || *delivery.next_attempt_at <= clock.wall()) return false;
      return true;
    };
    for (int i = 0; i < 2000 && !condition(); ++i) {
      until(nothing_is_due);
      clock.advance(step);
      until(nothing_is_due);
    }
    EXPECT_TRUE(condition());
  }
  std::vector<DeliveryAttempt> log() {
    auto id = one().id;
    return run([&] { return hooks->deliveries.get(ctx, id); }).value().attempts;
  }
  void until_status(DeliveryStatus status) {
    until([&] { return one().status == status; });
  }
  Endpoint look(const EndpointId& id) {
    return run([&] { return hooks->endpoints.get(ctx, id); }).value();
  }
  static std::string header(const net::HttpRequest& request, std::string_view name) {
    return std::string(request.headers.get(name).value_or(""));
  }
  /// What a receiver does: every signature that fits one of the secrets.
  static int right_signatures(const net::HttpRequest& request,
                              const std::vector<std::string>& secrets) {
    auto time = WallTime(std::chrono::seconds(std::stoll(header(request, "webhook-timestamp"))));
    int right = 0;
    for (auto& given : split(header(request, "webhook-signature"), ' '))
      for (auto& secret : secrets) {
        auto key = StandardSecret::parse(secret).value();
        if (key.sign(header(request, "webhook-id"), time, request.body) == given) ++right;
      }
    return right;
  }

  SystemClock real_clock;
  net::Router router;
  std::unique_ptr<net::HttpServer> server;
  std::unique_ptr<net::HttpClient> http;
  std::unique_ptr<Webhooks> hooks;
  std::vector<net::HttpRequest> got;
  std::map<std::string, std::vector<std::string>> names;  ///< what DNS says now
  // How the receiver answers.
  std::vector<int> answers;
  int retry_after = 0;
  std::string location;
  Duration hold{};
  std::size_t stream_bytes = 0;
  std::size_t streamed = 0;
};

}  // namespace parley::webhooks::testing
