#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/use_future.hpp>
#include <future>
#include <thread>

#include "parley/base/task_group.hpp"
#include "parley/net/client.hpp"
#include "parley/net/server.hpp"
#include "parley/webvoice/web_voice.hpp"

namespace parley::webvoice::testing {

inline constexpr std::string_view page = "https://www.example.com";

/// One business that allows one origin.
class OneSite final : public Sites {
 public:
  Site site{OrganizationId("org_1"), BusinessId("biz_1"), "wk_1", true, {std::string(page)}, 1};
  Task<Site> get(Context, BusinessId) override { co_return site; }
  Task<Site> update(Context, Site, std::int64_t) override { co_return site; }
  Task<Site> renew_key(Context, BusinessId) override { co_return site; }
  Task<Site> find(Context, std::string name) override {
    if (name != site.key && name != site.business.str()) co_return fail(Errc::not_found, "none");
    co_return site;
  }
  Task<bool> knows_origin(Context, std::string origin) override { co_return origin == page; }
};

/// Holds calls as the test says.
class Switchboard final : public telephony::CallHandler {
 public:
  using Hold = std::function<Task<void>(telephony::MediaStream&)>;
  Hold hold;            ///< the call, until it is over
  std::string apology;  ///< instead of a call
  std::vector<telephony::IncomingCall> calls;
  std::atomic<int> ended = 0;

  asio::awaitable<telephony::CallAnswer> incoming(Context, telephony::IncomingCall call) override {
    calls.push_back(std::move(call));
    if (!apology.empty()) co_return telephony::SayAndHangUp{apology};
    co_return telephony::ConnectMedia{"media-token"};
  }
  Result<OrganizationId> organization_of(store::Tx&, const std::string&,
                                         const std::string&) override {
    return fail(Errc::not_found, "");
  }
  Result<void> status_changed(store::Tx&, const telephony::CallStatusUpdate&) override {
    return {};
  }
  Result<void> recording_changed(store::Tx&, const telephony::CarrierRecording&) override {
    return {};
  }
  Task<void> media_opened(Context, std::string token, std::string,
                          std::unique_ptr<telephony::MediaStream> stream) override {
    EXPECT_EQ(token, "media-token");
    auto holding = hold(*stream);
    auto held = co_await std::move(holding);
    auto closing = stream->close();
    co_await std::move(closing);
    ++ended;
    co_return held;
  }
  asio::awaitable<std::optional<telephony::CallAnswer>> media_ended(Context, std::string,
                                                                    std::string) override {
    co_return std::nullopt;
  }
};

class OneBusiness final : public business::Businesses {
 public:
  using Found = std::shared_ptr<const business::Profile>;
  Task<Found> get(Context ctx, BusinessId id) override {
    if (ctx.organization.str() != "org_1" || id.str() != "biz_1")
      co_return fail(Errc::not_found, "none");
    auto profile = std::make_shared<business::Profile>();
    profile->name = "Riverside Dental";
    co_return profile;
  }
  Task<Found> create(Context, business::NewBusiness) override { return none<Found>(); }
  Task<business::ProfileList> list(Context, business::Page) override {
    return none<business::ProfileList>();
  }
  Task<Found> update(Context, business::Profile, std::int64_t) override { return none<Found>(); }
  Task<void> remove(Context, BusinessId, std::int64_t) override { return none<void>(); }
  Task<Found> set_services(Context, BusinessId, std::vector<business::Service>,
                           std::int64_t) override {
    return none<Found>();
  }
  Task<Found> set_holidays(Context, BusinessId, std::vector<business::Holiday>,
                           std::int64_t) override {
    return none<Found>();
  }
  Task<Found> set_resources(Context, BusinessId, std::vector<business::Resource>,
                            std::int64_t) override {
    return none<Found>();
  }
  Task<std::vector<std::string>> numbers(Context, BusinessId) override {
    return none<std::vector<std::string>>();
  }
  Task<Found> set_numbers(Context, BusinessId, std::vector<std::string>, std::int64_t) override {
    return none<Found>();
  }
  Task<void> assign_number(Context, BusinessId, std::string) override { return none<void>(); }
  Task<Found> by_number(std::string) override { return none<Found>(); }

 private:
  template <class T>
  static Task<T> none() {
    co_return fail(Errc::not_found, "not in this test");
  }
};

/// A browser's socket, and what came over it.
class BrowserSocket {
 public:
  BrowserSocket(asio::io_context& io, std::unique_ptr<net::WebSocket> socket)
      : io_(io), socket_(std::move(socket)) {}
  ~BrowserSocket() { cut(); }
  /// Without a word, as when the network goes away.
  void cut() {
    if (!socket_) return;
    auto drop = [this]() -> asio::awaitable<void> {
      socket_.reset();
      co_return;
    };
    asio::co_spawn(io_, std::move(drop), asio::use_future).get();
  }
  void send(const json::object& message) { put({false, json::serialize(message)}); }
  void send_text(std::string text) { put({false, std::move(text)}); }
  void send_binary(std::string bytes) { put({true, std::move(bytes)}); }

  /// The next JSON message of this type; what comes before it is passed over, audio is counted.
  json::object next(std::string_view type) {
    while (true) {
      auto message = receive();
      if (!message) {
        ADD_FAILURE() << "the socket ended (" << message.error().detail << ") before " << type;
        return {};
      }
      if (message->binary) {
        audio += message->payload;
        continue;
      }
      auto parsed = parse_json(message->payload).value().as_object();
      if (text_in(parsed, "type") == type) return parsed;
      passed_over.push_back(std::move(parsed));
    }
  }
  /// The code of the error that comes next.
  std::string next_error() { return text_in(next("error"), "code"); }
  /// Reads to the end; whether it was an orderly one.
  bool ends() {
    while (true) {
      auto message = receive();
      if (!message) return message.error().code == Errc::end_of_stream;
      if (message->binary) audio += message->payload;
    }
  }

  std::string audio;
  std::vector<json::object> passed_over;

 private:
  void put(net::WebSocketMessage message) {
    auto work = [this, message = std::move(message)]() mutable -> asio::awaitable<void> {
      auto sent = socket_->send(std::move(message));
      EXPECT_TRUE(sent.has_value());
      co_return;
    };
    asio::co_spawn(io_, std::move(work), asio::use_future).get();
  }
  Result<net::WebSocketMessage> receive() {
    auto work = [this]() -> Task<net::WebSocketMessage> {
      auto receiving = socket_->receive();
      co_return co_await with_deadline(clock_, clock_.now() + std::chrono::seconds(20),
                                       std::move(receiving));
    };
    return asio::co_spawn(io_, std::move(work), asio::use_future).get();
  }
  SystemClock clock_;
  asio::io_context& io_;
  std::unique_ptr<net::WebSocket> socket_;
};

/// A real server of web voice, and pages that use it.
class BrowserWorld : public ::testing::Test {
 protected:
  void SetUp() override { serve({}); }
  void TearDown() override { stop(); }

  void serve(WebVoiceOptions options) {
    stop();
    router = std::make_unique<net::Router>();
    voice = std::make_unique<WebVoice>(
        WebVoiceParts{clock, random, sites, businesses, switchboard, registry}, options);
    voice->mount(*router);
    io = std::make_unique<asio::io_context>(1);
    other_io = std::make_unique<asio::io_context>(1);
    net::ServerOptions where;
    where.port = 0;
    // Two loops, so that a session's sockets meet on different threads.
    server = std::make_unique<net::HttpServer>(
        std::vector<asio::any_io_executor>{io->get_executor(), other_io->get_executor()}, *router,
        clock, random, where);
    ASSERT_TRUE(server->start().has_value());
    url = "http://127.0.0.1:" + std::to_string(server->port());
    voice->set_public_url(url);
    http = net::make_http_client(io->get_executor());
    for (auto* loop : {io.get(), other_io.get()})
      threads.emplace_back([loop, guard = asio::make_work_guard(*loop)] { loop->run(); });
  }
  void stop() {
    if (!server) return;
    auto stopping = server->stop(TimePoint::min());
    asio::co_spawn(*io, std::move(stopping), asio::use_future).get();
    io->stop();
    other_io->stop();
    threads.clear();
    http.reset();
    server.reset();
  }

  net::HttpResponse ask(net::Method method, std::string path, std::string body,
                        std::string origin = std::string(page)) {
    auto work = [&]() -> Task<net::HttpResponse> {
      net::OutgoingRequest request;
      request.method = method;
      request.url = url + path;
      request.body = body;
      if (!origin.empty()) request.headers.set("Origin", origin);
      request.headers.set("Content-Type", "application/json");
      auto sending = http->send(Context{}, std::move(request));
      co_return co_await std::move(sending);
    };
    return asio::co_spawn(*io, work, asio::use_future).get().value();
  }
  json::object make_session() {
    auto made = ask(net::Method::post, "/voice/sessions", R"({"business":"wk_1"})");
    EXPECT_EQ(made.status, 201) << made.body;
    return parse_json(made.body).value().as_object().at("data").as_object();
  }
  std::unique_ptr<BrowserSocket> connect(const json::object& session,
                                         std::string origin = std::string(page)) {
    auto work = [&]() -> Task<std::unique_ptr<net::WebSocket>> {
      net::WebSocketTarget target;
      target.url = text_in(session, "url");
      if (!origin.empty()) target.headers.set("Origin", origin);
      target.limits = {.max_message_bytes = 4u << 20, .max_queued_bytes = 64u << 20};
      auto connecting = net::connect_websocket(Context{}, clock, std::move(target));
      co_return co_await std::move(connecting);
    };
    auto socket = asio::co_spawn(*io, work, asio::use_future).get();
    EXPECT_TRUE(socket.has_value());
    return std::make_unique<BrowserSocket>(*io, std::move(*socket));
  }
  /// Opened with its token; `more` is added to the first message.
  std::unique_ptr<BrowserSocket> start(const json::object& session, json::object more = {}) {
    auto socket = connect(session);
    more["type"] = "start";
    more["token"] = text_in(session, "token");
    socket->send(more);
    return socket;
  }
  static json::object pcm(int rate_hz) {
    return {{"audio", {{"format", "pcm16"}, {"rate", rate_hz}, {"channels", 1}}}};
  }

  SystemClock clock;
  SystemRandom random;
  metrics::Registry registry;
  OneSite sites;
  OneBusiness businesses;
  Switchboard switchboard;
  std::unique_ptr<net::Router> router;
  std::unique_ptr<WebVoice> voice;
  std::unique_ptr<asio::io_context> io;
  std::unique_ptr<asio::io_context> other_io;
  std::unique_ptr<net::HttpServer> server;
  std::unique_ptr<net::HttpClient> http;
  std::vector<std::jthread> threads;
  std::string url;
};

}  // namespace parley::webvoice::testing
