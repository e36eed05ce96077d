#include <boost/asio/ssl.hpp>
#include <cstdlib>

#include "net_fixture.hpp"
#include "tls_certificate.hpp"

namespace parley::net {
namespace testing {

namespace {

/// Before any test: the authorities for outgoing connections are read once.
class TlsEnvironment final : public ::testing::Environment {
 public:
  void SetUp() override { ::setenv("SSL_CERT_FILE", tls_files().certificate.c_str(), 1); }
  void TearDown() override { std::filesystem::remove_all(tls_files().certificate.parent_path()); }
};
const auto* const tls_environment = ::testing::AddGlobalTestEnvironment(new TlsEnvironment);

}  // namespace

const TlsFiles& tls_files() {
  static const TlsFiles files = testkit::make_certificate(
      std::filesystem::temp_directory_path() / ("parley_net_tls_" + std::to_string(::getpid())));
  return files;
}

}  // namespace testing

namespace {

using testing::run;
using testing::TestServer;

ServerOptions tls_options() {
  ServerOptions options;
  options.certificate = testing::tls_files().certificate;
  options.private_key = testing::tls_files().private_key;
  options.head_timeout = 2s;
  return options;
}

Router& tls_routes() {
  static Router router;
  static bool once = [] {
    router.add(Method::post, "/echo", [](HttpRequest request) -> asio::awaitable<HttpResponse> {
      co_return text_response(200, (request.tls ? "tls " : "plain ") + request.body);
    });
    router.add_websocket(
        "/ws", [](HttpRequest, std::unique_ptr<WebSocket> socket) -> asio::awaitable<void> {
          while (true) {
            auto message = co_await socket->receive();
            if (!message || !socket->send(std::move(*message))) co_return;
          }
        });
    return true;
  }();
  EXPECT_TRUE(once);
  return router;
}

TEST(Tls, HttpBothWays) {
  TestServer server(tls_routes(), tls_options());
  run([&]() -> asio::awaitable<void> {
    auto client = make_http_client(co_await asio::this_coro::executor);
    for (int i = 0; i < 3; ++i) {
      OutgoingRequest request{.method = Method::post, .url = server.url("/echo", "https")};
      request.body = std::string(300'000, 'x');
      auto response = co_await client->send(Context{}, std::move(request));
      EXPECT_TRUE(response) << response.error().detail;
      if (response) EXPECT_EQ(response->body, "tls " + std::string(300'000, 'x'));
    }
    EXPECT_EQ(server.server().connections(), 1u) << "kept alive";
  });
}

TEST(Tls, WebSocketBothWays) {
  TestServer server(tls_routes(), tls_options());
  run([&]() -> asio::awaitable<void> {
    SystemClock clock;
    WebSocketTarget target{.url = server.url("/ws", "wss")};
    auto socket = co_await connect_websocket(Context{}, clock, std::move(target));
    EXPECT_TRUE(socket) << socket.error().detail;
    if (!socket) co_return;
    for (std::size_t size : {5u, 70'000u}) {
      EXPECT_TRUE((*socket)->send({false, std::string(size, 'x')}));
      auto back = co_await (*socket)->receive();
      EXPECT_TRUE(back);
      if (back) EXPECT_EQ(back->payload.size(), size);
    }
    co_await (*socket)->close(1000, "");
  });
}

TEST(Tls, AWrongNameIsNotTrusted) {
  TestServer server(tls_routes(), tls_options());
  auto url = "https://127.0.0.2:" + std::to_string(server.port()) + "/echo";
  run([&]() -> asio::awaitable<void> {
    auto client = make_http_client(co_await asio::this_coro::executor);
    OutgoingRequest request{.url = url};
    auto response = co_await client->send(Context{}, std::move(request));
    EXPECT_EQ(response.error().code, Errc::unavailable);
  });
}

TEST(Tls, OldVersionsAndPlainTextAreRefused) {
  TestServer server(tls_routes(), tls_options());
  asio::io_context io(1);
  asio::ssl::context old(asio::ssl::context::tls_client);
  SSL_CTX_set_max_proto_version(old.native_handle(), TLS1_1_VERSION);
  asio::ssl::stream<testing::tcp::socket> stream(io, old);
  stream.next_layer().connect({asio::ip::address_v4::loopback(), server.port()});
  boost::system::error_code ec;
  stream.handshake(asio::ssl::stream_base::client, ec);
  EXPECT_TRUE(ec);
  testing::RawClient plain(server.port());
  plain.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_TRUE(plain.at_end());
}

TEST(Tls, AKeyOfAnotherCertificateIsRefused) {
  ServerOptions options = tls_options();
  options.private_key = options.certificate;
  asio::io_context io(1);
  SystemClock clock;
  SystemRandom random;
  options.port = 0;
  HttpServer server({io.get_executor()}, tls_routes(), clock, random, options);
  auto started = server.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Errc::unavailable);
}

}  // namespace
}  // namespace parley::net
