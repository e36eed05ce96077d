#include "parley/net/upstream.hpp"

#include <boost/asio/use_future.hpp>
#include <thread>

#include "net_fixture.hpp"

namespace parley::net::testing {
namespace {

/// Accepts connections one after another on loopback and plays what the test says.
class ScriptedTarget {
 public:
  /// `play` gets each accepted connection and its number, from 0.
  explicit ScriptedTarget(std::function<void(tcp::socket&, int)> play)
      : acceptor_(io_, {asio::ip::address_v4::loopback(), 0}),
        thread_([this, play = std::move(play)] {
          for (int number = 0;; ++number) {
            boost::system::error_code ec;
            tcp::socket socket(io_);
            acceptor_.accept(socket, ec);
            if (ec || stopped_) return;
            play(socket, number);
          }
        }) {}
  ~ScriptedTarget() {
    stopped_ = true;
    boost::system::error_code ec;
    tcp::socket last(io_);
    last.connect(acceptor_.local_endpoint(), ec);
  }
  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }

 private:
  asio::io_context io_;
  tcp::acceptor acceptor_;
  std::atomic<bool> stopped_{false};
  std::jthread thread_;
};

/// The head and, by its Content-Length, the body of the next request.
std::string read_request(tcp::socket& socket) {
  std::string in;
  boost::system::error_code ec;
  auto head = asio::read_until(socket, asio::dynamic_buffer(in), "\r\n\r\n", ec);
  if (ec) return "";
  auto at = in.find("Content-Length: ");
  auto length = at == std::string::npos ? 0 : std::stoul(in.substr(at + 16));
  if (in.size() < head + length)
    asio::read(socket, asio::dynamic_buffer(in), asio::transfer_exactly(head + length - in.size()),
               ec);
  return in;
}

void say(tcp::socket& socket, std::string_view bytes) {
  boost::system::error_code ec;
  asio::write(socket, asio::buffer(bytes), ec);
}

struct Got {
  Result<UpstreamResponse> head = fail(Errc::invalid, "not asked");
  std::string body;
  std::optional<Error> body_error;
};

asio::awaitable<Got> ask(Upstream& upstream, UpstreamRequest request) {
  Got got;
  auto sending = upstream.send(Context{}, std::move(request));
  got.head = co_await std::move(sending);
  while (got.head) {
    auto reading = got.head->body();
    auto piece = co_await std::move(reading);
    if (!piece) got.body_error = piece.error();
    if (!piece || piece->empty()) break;
    EXPECT_LE(piece->size(), 64u << 10);
    got.body += *piece;
  }
  co_return got;
}

UpstreamRequest request_of(Method method, std::string body = "") {
  UpstreamRequest request;
  request.method = method;
  request.target = "/thing?x=1";
  request.body = std::move(body);
  request.head_deadline = std::chrono::steady_clock::now() + 10s;
  return request;
}

/// The same as run(), on a context that outlives the upstream whose kept connections it carries.
template <class Start>
auto run_kept(Start start) {
  static asio::io_context io(1);
  io.restart();
  auto result = asio::co_spawn(io, std::move(start), asio::use_future);
  io.run();
  return result.get();
}

Got ask_once(const std::string& url, UpstreamRequest request, UpstreamOptions options = {}) {
  options.url = url;
  auto upstream = make_upstream(options).value();
  return run_kept([&] { return ask(*upstream, std::move(request)); });
}

TEST(Upstream, PassesRequestsAndAnswersAsTheyAre) {
  std::string seen;
  ScriptedTarget target([&](tcp::socket& socket, int) {
    seen = read_request(socket);
    say(socket,
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 418 Teapot\r\nX-A: 1\r\n"
        "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 5\r\n\r\nhello");
  });
  auto request = request_of(Method::post, "body");
  request.headers.add("X-B", "2");
  auto got = ask_once(target.url(), std::move(request));
  ASSERT_TRUE(got.head) << got.head.error().detail;
  EXPECT_EQ(got.head->status, 418);
  EXPECT_EQ(got.head->length, 5u);
  EXPECT_EQ(got.head->headers.all().size(), 4u);
  EXPECT_EQ(got.body, "hello");
  EXPECT_TRUE(seen.starts_with("POST /thing?x=1 HTTP/1.1\r\nHost: 127.0.0.1:")) << seen;
  EXPECT_NE(seen.find("X-B: 2\r\n"), std::string::npos);
  EXPECT_TRUE(seen.ends_with("Content-Length: 4\r\n\r\nbody")) << seen;
}

TEST(Upstream, EveryFramingOfABodyIsRead) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
       "abcde"},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end", "until the end"},
      {"HTTP/1.1 204 No Content\r\n\r\n", ""},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""}};
  for (auto& [answer, body] : cases) {
    ScriptedTarget target([&](tcp::socket& socket, int) {
      read_request(socket);
      say(socket, answer);
    });
    auto got = ask_once(target.url(), request_of(Method::get));
    ASSERT_TRUE(got.head) << answer << got.head.error().detail;
    EXPECT_EQ(got.body, body);
    EXPECT_FALSE(got.body_error) << got.body_error->detail;
  }
}

TEST(Upstream, AnAnswerToHeadHasNoBody) {
  ScriptedTarget target([&](tcp::socket& socket, int) {
    read_request(socket);
    say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n");
  });
  auto got = ask_once(target.url(), request_of(Method::head));
  ASSERT_TRUE(got.head);
  EXPECT_EQ(got.head->length, 12345u);
  EXPECT_EQ(got.body, "");
  EXPECT_FALSE(got.body_error);
}

TEST(Upstream, ABodyThatEndsEarlyIsNotTakenForWhole) {
  for (std::string framing :
       {"Content-Length: 10\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"}) {
    ScriptedTarget target([&](tcp::socket& socket, int) {
      read_request(socket);
      say(socket, "HTTP/1.1 200 OK\r\n" + framing);
    });
    auto got = ask_once(target.url(), request_of(Method::get));
    ASSERT_TRUE(got.head);
    EXPECT_EQ(got.body, "half");
    ASSERT_TRUE(got.body_error);
    EXPECT_EQ(got.body_error->code, Errc::unavailable);
  }
}

TEST(Upstream, GarbageIsCorrupt) {
  for (std::string garbage :
       {"SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n"}) {
    ScriptedTarget target([&](tcp::socket& socket, int) {
      read_request(socket);
      say(socket, garbage);
    });
    auto got = ask_once(target.url(), request_of(Method::get));
    ASSERT_FALSE(got.head) << garbage;
    EXPECT_EQ(got.head.error().code, Errc::corrupt) << garbage;
  }
  ScriptedTarget endless([&](tcp::socket& socket, int) {
    read_request(socket);
    say(socket, "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x'));
  });
  EXPECT_EQ(ask_once(endless.url(), request_of(Method::get)).head.error().code, Errc::corrupt);
}

/// Four requests, of which each connection of the target takes two.
int connections_for(const UpstreamRequest& request) {
  std::atomic<int> connections{0};
  ScriptedTarget target([&](tcp::socket& socket, int) {
    ++connections;
    // Two requests, then closed while it is kept; the third finds that out.
    for (int i = 0; i < 2; ++i) {
      if (read_request(socket).empty()) return;
      say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
  });
  auto upstream = make_upstream({.url = target.url()}).value();
  run_kept([&]() -> asio::awaitable<int> {
    for (int i = 0; i < 4; ++i) {
      auto asking = ask(*upstream, request);
      auto got = co_await std::move(asking);
      EXPECT_TRUE(got.head) << got.head.error().detail;
      EXPECT_EQ(got.body, "ok");
    }
    upstream->sweep();
    co_return 0;
  });
  return connections;
}

TEST(Upstream, ConnectionsAreKeptAndAClosedOneIsTriedAnew) {
  EXPECT_EQ(connections_for(request_of(Method::get)), 2);
  auto harmless = request_of(Method::post, "x");
  harmless.repeats = UpstreamRequest::Repeats::harmless;
  EXPECT_EQ(connections_for(harmless), 2);
}

TEST(Upstream, WhatMustNotBeRepeatedIsSentOnce) {
  std::atomic<int> requests{0};
  ScriptedTarget target([&](tcp::socket& socket, int) {
    if (!read_request(socket).empty()) ++requests;
  });
  auto post = ask_once(target.url(), request_of(Method::post, "x"));
  EXPECT_EQ(post.head.error().code, Errc::outcome_unknown);
  EXPECT_EQ(requests, 1);
  auto get = ask_once(target.url(), request_of(Method::get));
  EXPECT_EQ(get.head.error().code, Errc::unavailable);
  auto harmless = request_of(Method::post, "x");
  harmless.repeats = UpstreamRequest::Repeats::harmless;
  EXPECT_EQ(ask_once(target.url(), harmless).head.error().code, Errc::unavailable);
}

TEST(Upstream, DeadlinesAreKept) {
  ScriptedTarget silent([&](tcp::socket& socket, int number) {
    read_request(socket);
    if (number == 2) say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    read_request(socket);  // until the other side closes
  });
  auto soon = [] { return std::chrono::steady_clock::now() + 50ms; };
  auto get = request_of(Method::get);
  get.head_deadline = soon();
  EXPECT_EQ(ask_once(silent.url(), std::move(get)).head.error().code, Errc::timeout);
  auto post = request_of(Method::post, "x");
  post.head_deadline = soon();
  EXPECT_EQ(ask_once(silent.url(), std::move(post)).head.error().code, Errc::outcome_unknown);
  auto stalls = request_of(Method::get);
  stalls.idle_timeout = 50ms;
  auto got = ask_once(silent.url(), std::move(stalls));
  ASSERT_TRUE(got.head);
  EXPECT_EQ(got.body_error->code, Errc::timeout);
}

TEST(Upstream, OnlyTheTargetsSilenceCounts) {
  ScriptedTarget target([&](tcp::socket& socket, int) {
    read_request(socket);
    say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + std::string(1'000'000, 'x'));
    read_request(socket);
  });
  auto upstream = make_upstream({.url = target.url()}).value();
  auto read = run_kept([&]() -> asio::awaitable<std::size_t> {
    auto request = request_of(Method::get);
    request.head_deadline = std::chrono::steady_clock::now() + 1s;
    request.idle_timeout = 1s;
    auto sending = upstream->send(Context{}, std::move(request));
    auto response = co_await std::move(sending);
    EXPECT_TRUE(response);
    // A receiver that takes its time, twice: before the first piece and after it.
    asio::steady_timer pause(co_await asio::this_coro::executor);
    std::size_t bytes = 0;
    for (int i = 0; response; ++i) {
      pause.expires_after(i < 2 ? 1200ms : 0ms);
      co_await pause.async_wait(asio::use_awaitable);
      auto reading = response->body();
      auto piece = co_await std::move(reading);
      EXPECT_TRUE(piece) << piece.error().detail;
      if (!piece || piece->empty()) break;
      bytes += piece->size();
    }
    co_return bytes;
  });
  EXPECT_EQ(read, 1'000'000u);
}

TEST(Upstream, BodiesStreamUpward) {
  std::vector<std::string> seen;
  ScriptedTarget target([&](tcp::socket& socket, int number) {
    if (number == 0) {
      std::string in;
      boost::system::error_code ec;
      asio::read_until(socket, asio::dynamic_buffer(in), "0\r\n\r\n", ec);
      seen.push_back(in);
    } else {
      seen.push_back(read_request(socket));
    }
    say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  auto pieces = [](std::vector<std::string> all) {
    return
        [left = std::make_shared<std::vector<std::string>>(std::move(all))]() -> Task<std::string> {
          if (left->empty()) co_return "";
          auto piece = left->front();
          left->erase(left->begin());
          co_return piece;
        };
  };
  auto chunked = request_of(Method::post);
  chunked.body_stream = pieces({"abc", "de"});
  ASSERT_TRUE(ask_once(target.url(), std::move(chunked)).head);
  EXPECT_TRUE(
      seen[0].ends_with("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"))
      << seen[0];
  auto sized = request_of(Method::put);
  sized.body_stream = pieces({"abc", "de"});
  sized.body_length = 5;
  ASSERT_TRUE(ask_once(target.url(), std::move(sized)).head);
  EXPECT_TRUE(seen[1].ends_with("Content-Length: 5\r\n\r\nabcde")) << seen[1];
  auto short_one = request_of(Method::put);
  short_one.body_stream = pieces({"abc"});
  short_one.body_length = 5;
  EXPECT_EQ(ask_once(target.url(), std::move(short_one)).head.error().code, Errc::invalid);
}

TEST(Upstream, ALongUploadMayStillBeAnswered) {
  ScriptedTarget target([&](tcp::socket& socket, int) {
    read_request(socket);
    say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  auto request = request_of(Method::put);
  request.head_deadline = std::chrono::steady_clock::now() + 50ms;
  request.body_length = 3;
  auto sent = std::make_shared<int>(0);
  request.body_stream = [sent]() -> Task<std::string> {
    asio::steady_timer pause(co_await asio::this_coro::executor, 40ms);
    co_await pause.async_wait(asio::use_awaitable);
    co_return (*sent)++ < 3 ? "x" : "";
  };
  auto got = ask_once(target.url(), std::move(request));
  ASSERT_TRUE(got.head) << got.head.error().detail;
  EXPECT_EQ(got.body, "ok");
}

TEST(Upstream, NoResponseSplittingAndNoPrivateAddressesWhenToldSo) {
  auto bad = request_of(Method::get);
  bad.headers.add("X", "a\r\nEvil: 1");
  EXPECT_EQ(ask_once("http://127.0.0.1:1", std::move(bad)).head.error().code, Errc::invalid);
  auto target = request_of(Method::get);
  target.target = "/a b";
  EXPECT_EQ(ask_once("http://127.0.0.1:1", std::move(target)).head.error().code, Errc::invalid);
  for (std::string url :
       {"http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9", "http://169.254.169.254"}) {
    auto got = ask_once(url, request_of(Method::get), {.public_addresses_only = true});
    EXPECT_EQ(got.head.error().code, Errc::forbidden) << url;
  }
  for (std::string url : {"ftp://a", "nonsense", "http://a:b@c/"})
    EXPECT_EQ(make_upstream({.url = url}).error().code, Errc::invalid) << url;
}

TEST(Upstream, ARefusedConnectionIsUnavailable) {
  std::string url;
  {
    url = ScriptedTarget([](tcp::socket&, int) {}).url();
  }
  auto got = ask_once(url, request_of(Method::post, "x"));
  EXPECT_EQ(got.head.error().code, Errc::unavailable);
}

}  // namespace
}  // namespace parley::net::testing
