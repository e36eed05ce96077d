#include "gateway_fixture.hpp"

namespace parley::gateway::testing {
namespace {

class FailuresDbTest : public GatewayTest {
 protected:
  static constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  /// An address where nobody listens.
  static std::string nobody() {
    return ScriptedTarget([](tcp::socket&, int) {}).url();
  }
};
PARLEY_ON_DATABASE(FailuresDbTest, sqlite);

TEST_P(FailuresDbTest, ATargetThatIsNotThereIs502) {
  open(route("/", {nobody()}));
  auto answer = get("/");
  EXPECT_EQ(answer.status, 502);
  EXPECT_EQ(answer.code(), "gateway_target_unreachable");
  EXPECT_NE(shown(answer)["requestId"], "");
}

TEST_P(FailuresDbTest, ASlowTargetIs504) {
  ScriptedTarget slow([](tcp::socket& socket, int) {
    read_head(socket);
    read_head(socket);  // until the gateway gives up
  });
  open(route("/", {slow.url()}, R"("timeoutMs": 80)"));
  for (auto method : {"GET", "POST"}) {
    auto answer = ask(method, "/", "", method == std::string("POST") ? "x" : "");
    EXPECT_EQ(answer.status, 504) << method;
    EXPECT_EQ(answer.code(), "gateway_timeout");
  }
}

TEST_P(FailuresDbTest, GarbageIs502) {
  ScriptedTarget garbage([](tcp::socket& socket, int) {
    read_head(socket);
    say(socket, "SSH-2.0-OpenSSH_9\r\n\r\n");
  });
  open(route("/", {garbage.url()}));
  EXPECT_EQ(get("/").code(), "gateway_bad_answer");
}

TEST_P(FailuresDbTest, ATargetsOwnErrorsPassAsTheyAre) {
  ScriptedTarget target([](tcp::socket& socket, int) {
    read_head(socket);
    say(socket, "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nmine");
  });
  open(route("/", {target.url()}));
  for (int i = 0; i < 12; ++i) {
    auto answer = get("/");
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.body, "mine");
  }
}

TEST_P(FailuresDbTest, ABodyThatIsCutIsCutForTheClientTooAndCounted) {
  ScriptedTarget target([](tcp::socket& socket, int) {
    auto head = read_head(socket);
    if (head.starts_with("GET /sized"))
      say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + std::string(1000, 'x'));
    else
      say(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
  });
  open(route("/", {target.url()}, R"("name": "cut")"));
  auto sized = get("/sized");
  EXPECT_EQ(sized.status, 200);
  EXPECT_EQ(sized.body.size(), 1000u);
  EXPECT_FALSE(sized.whole);
  auto chunked = get("/chunked");
  EXPECT_EQ(chunked.body, "half");
  EXPECT_FALSE(chunked.whole);
  EXPECT_EQ(figure(R"(parley_gateway_cut_bodies_total{route="cut",target="0"})"), "2");
  EXPECT_EQ(figure(R"(parley_gateway_target_failures_total{route="cut",target="0"})"), "2");
  // The breaker has heard of it: three more, and the target is left alone.
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(get("/sized").whole);
  auto refused = get("/sized");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.code(), "gateway_no_healthy_target");
  auto wait = std::stoi(refused.field("Retry-After"));
  EXPECT_GE(wait, 1);
  EXPECT_LE(wait, 5);
}

TEST_P(FailuresDbTest, AShortBodyThatIsCutIsTriedAgainUnseen) {
  ScriptedTarget target([](tcp::socket& socket, int number) {
    read_head(socket);
    say(socket, number == 0 ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no" : ok);
  });
  open(route("/", {target.url()}, R"("name": "again")"));
  auto answer = get("/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "ok");
  EXPECT_EQ(figure(R"(parley_gateway_retries_total{route="again"})"), "1");
}

TEST_P(FailuresDbTest, WhatMayBeRepeatedIsTriedAtAnotherTarget) {
  EchoTarget well(loop);
  open(route("/", {nobody(), well.url()}));
  for (auto method : {"GET", "PUT", "DELETE", "GET"})
    EXPECT_EQ(ask(method, "/", "", method == std::string("PUT") ? "body" : "").status, 200)
        << method;
  EXPECT_EQ(well.asked, 4);
}

TEST_P(FailuresDbTest, APostIsSentOnce) {
  std::atomic<int> got{0};
  ScriptedTarget target([&](tcp::socket& socket, int) {
    if (!read_head(socket).empty()) ++got;
  });
  EchoTarget other(loop);
  open(route("/", {target.url(), other.url()}));
  auto answer = ask("POST", "/", "", "x");
  EXPECT_EQ(answer.status, 502);
  EXPECT_EQ(answer.code(), "gateway_outcome_unknown");
  EXPECT_EQ(got, 1);
  EXPECT_EQ(other.asked, 0);
}

TEST_P(FailuresDbTest, AClientThatLeavesSaysNothingAboutTheTarget) {
  std::promise<void> left;
  ScriptedTarget target([&](tcp::socket& socket, int number) {
    read_head(socket);
    if (number > 0) return say(socket, ok);
    say(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    boost::system::error_code ec;
    while (!ec) asio::write(socket, asio::buffer("400\r\n" + std::string(1024, 'x') + "\r\n"), ec);
    left.set_value();
  });
  open(route("/", {target.url()}, R"("name": "left")"));
  {
    RawClient client(serving->port());
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.take(10'000);
  }
  // The target's connection ends with the client's: nothing streams to nobody.
  left.get_future().wait();
  EXPECT_EQ(figure(R"(parley_gateway_cut_bodies_total{route="left",target="0"})"), "0");
  until([&] { return gateway->targets({}).at(0).active == 0; });
}

TEST_P(FailuresDbTest, ASlowClientHoldsTheTargetBackNotTheMemory) {
  std::atomic<std::size_t> written{0};
  std::atomic<bool> ended{false};
  ScriptedTarget target([&](tcp::socket& socket, int) {
    read_head(socket);
    say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
    std::string piece(65536, 'x');
    boost::system::error_code ec;
    while (!ec) written += asio::write(socket, asio::buffer(piece), ec);
    ended = true;
  });
  open(route("/", {target.url()}));
  {
    RawClient client(serving->port());
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.take(1000).size(), 1000u);
    // What is written without being read stays in the kernel's buffers: it comes to a stand.
    std::size_t before = 0;
    auto stands = [&] { return std::exchange(before, written.load()) == written.load(); };
    int still = 0;
    auto give_up = std::chrono::steady_clock::now() + 10s;
    while (still < 20 && std::chrono::steady_clock::now() < give_up) {
      asio::io_context pause;
      pause.run_for(5ms);
      asio::steady_timer timer(pause, 5ms);
      boost::system::error_code ec;
      timer.wait(ec);
      still = stands() ? still + 1 : 0;
    }
    EXPECT_GE(still, 20);
    EXPECT_LT(written, 64u << 20);
  }
  until([&] { return ended.load(); });
}

}  // namespace
}  // namespace parley::gateway::testing
