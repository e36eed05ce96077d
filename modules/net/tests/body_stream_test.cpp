#include <fmt/format.h>

#include <atomic>
#include <semaphore>

#include "net_fixture.hpp"

using namespace parley;
using namespace parley::net;
using namespace parley::net::testing;
using ::testing::EndsWith;
using ::testing::HasSubstr;

namespace {

/// A body that is made while it is sent, and what was asked of it.
struct Source {
  std::uint64_t said = 0;   ///< the promised size
  std::uint64_t gives = 0;  ///< where it ends, or breaks
  enum class Then { ends, breaks } then = Then::ends;
  std::atomic<std::uint64_t> asked{0};
  std::counting_semaphore<> let_go{0};  ///< once for each stream
};

std::string piece_at(std::uint64_t at, std::uint64_t size) {
  std::string piece(std::min<std::uint64_t>(size, body_piece_bytes), ' ');
  for (auto& c : piece) c = static_cast<char>('a' + at++ % 26);
  return piece;
}

/// The server's threads may hold the source longer than the test does.
HttpHandler serving(std::shared_ptr<Source> source) {
  return [source](HttpRequest) -> asio::awaitable<HttpResponse> {
    HttpResponse response;
    response.headers.set("Content-Type", "application/json");  // worth gzip, were it not a stream
    response.stream_size = source->said;
    auto held = std::shared_ptr<void>(nullptr, [source](void*) { source->let_go.release(); });
    auto at = std::make_shared<std::uint64_t>(0);
    response.stream = [source, at, held]() -> Task<std::string> {
      ++source->asked;
      if (*at == source->gives && source->then == Source::Then::breaks)
        co_return fail(Errc::unavailable, "the disk is gone");
      auto piece = piece_at(*at, source->gives - *at);
      *at += piece.size();
      co_return piece;
    };
    co_return response;
  };
}

std::string request(std::string_view method, std::string_view version = "1.1") {
  return fmt::format("{} /body HTTP/{}\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n", method,
                     version);
}

class BodyStreamTest : public ::testing::Test {
 protected:
  void serve(std::uint64_t size, ServerOptions options = {}) {
    source->said = source->gives = size;
    router.add(Method::get, "/body", serving(source));
    server.emplace(router, options);
    client.emplace(server->port());
  }
  bool stream_is_let_go() { return source->let_go.try_acquire_for(10s); }

  std::shared_ptr<Source> source = std::make_shared<Source>();
  Router router;
  std::optional<TestServer> server;
  std::optional<RawClient> client;
};

TEST_F(BodyStreamTest, ALengthThatIsKnownIsSaidAndTheConnectionGoesOn) {
  serve(300'000);
  auto whole = client->ask(request("GET"));
  EXPECT_EQ(whole.field("Content-Length"), "300000");
  EXPECT_FALSE(whole.field("Transfer-Encoding"));
  EXPECT_FALSE(whole.field("Content-Encoding"));
  ASSERT_EQ(whole.body.size(), 300'000u);
  EXPECT_EQ(whole.body.substr(0, 65'536), piece_at(0, 65'536));
  EXPECT_EQ(whole.body.substr(262'144), piece_at(262'144, 37'856));
  EXPECT_EQ(source->asked, 5u) << "four whole pieces and the rest; the end is known without asking";
  EXPECT_TRUE(stream_is_let_go());
  EXPECT_EQ(client->ask(request("GET")).body.size(), 300'000u) << "on the same connection";
}

TEST_F(BodyStreamTest, HeadSaysTheLengthAndAsksForNothing) {
  serve(300'000);
  client->send(request("HEAD"));
  EXPECT_EQ(client->response(false).field("Content-Length"), "300000");
  EXPECT_EQ(source->asked, 0u);
  EXPECT_TRUE(stream_is_let_go());
  EXPECT_EQ(client->ask(request("GET")).body.size(), 300'000u) << "on the same connection";
}

TEST_F(BodyStreamTest, AnEmptyBodyIsNotAskedFor) {
  serve(0);
  EXPECT_EQ(client->ask(request("GET")).field("Content-Length"), "0");
  EXPECT_EQ(source->asked, 0u);
}

TEST_F(BodyStreamTest, Http10KeepsNoPromiseOfChunks) {
  serve(100'000);
  auto answer = client->ask(request("GET", "1.0"));
  EXPECT_EQ(answer.field("Content-Length"), "100000");
  EXPECT_EQ(answer.body.size(), 100'000u);
  EXPECT_TRUE(client->at_end());
}

TEST_F(BodyStreamTest, WhatBreaksOrIsShortOrLongCutsTheConnection) {
  for (auto [said, gives, then] : {std::tuple{200'000u, 65'536u, Source::Then::breaks},
                                   std::tuple{200'000u, 65'536u, Source::Then::ends},
                                   std::tuple{100'000u, 131'072u, Source::Then::ends}}) {
    SCOPED_TRACE(fmt::format("{} of {}", gives, said));
    Router routes;
    auto broken_source = std::make_shared<Source>();
    broken_source->said = said;
    broken_source->gives = gives;
    broken_source->then = then;
    routes.add(Method::get, "/body", serving(broken_source));
    TestServer broken(routes);
    RawClient reader(broken.port());
    auto answer = reader.ask(request("GET"));
    EXPECT_EQ(answer.field("Content-Length"), std::to_string(said));
    EXPECT_EQ(answer.body.size(), 65'536u) << "nothing stands for what is missing";
    EXPECT_TRUE(reader.at_end());
    EXPECT_TRUE(broken_source->let_go.try_acquire_for(10s));
  }
}

TEST_F(BodyStreamTest, AClientThatGoesLetsTheStreamGo) {
  serve(1ull << 40);
  client->send(request("GET"));
  client->take_until("\r\n\r\n");
  client->take(1u << 20);
  client->reset();
  EXPECT_TRUE(stream_is_let_go());
  EXPECT_LT(source->asked, (1ull << 40) / body_piece_bytes);
}

/// The writer asks for the next piece only when the socket has taken the last: a reader that stops
/// holds up the source, and no more of it is in memory than a piece and the kernel's buffers.
TEST_F(BodyStreamTest, AReaderThatStopsHoldsUpTheSource) {
  constexpr std::uint64_t size = 100u << 20;
  ServerOptions options;
  options.write_timeout = 100ms;
  serve(size, options);
  client->send(request("GET"));
  EXPECT_TRUE(stream_is_let_go());  // cut off: it took nothing
  EXPECT_LT(source->asked * body_piece_bytes, 32u << 20);
}

TEST_F(BodyStreamTest, AHundredMegabytesComeInPieces) {
  constexpr std::uint64_t size = 100u << 20;
  serve(size);
  client->send(request("GET"));
  client->take_until("\r\n\r\n");
  for (std::uint64_t at = 0; at < size; at += 1u << 20)
    ASSERT_EQ(client->take(1u << 20).size(), 1u << 20) << at;
  EXPECT_EQ(source->asked, size / body_piece_bytes);
}

TEST_F(BodyStreamTest, AnHttp10BodyWithoutLengthThatBreaksIsReset) {
  router.add(Method::get, "/unknown", [](HttpRequest) -> asio::awaitable<HttpResponse> {
    HttpResponse response;
    auto first = std::make_shared<bool>(true);
    response.stream = [first]() -> Task<std::string> {
      if (std::exchange(*first, false)) co_return "part";
      co_return fail(Errc::unavailable, "the other server is gone");
    };
    co_return response;
  });
  TestServer broken(router);
  RawClient reader(broken.port());
  reader.send("GET /unknown HTTP/1.0\r\n\r\n");
  char byte = 0;
  ssize_t got = 1;
  while (got > 0) got = ::recv(reader.socket().native_handle(), &byte, 1, 0);
  EXPECT_EQ(got, -1);
  EXPECT_EQ(errno, ECONNRESET);
}

}  // namespace
