// In front of a real HTTP server.
#include <future>

#include "gate_fixture.hpp"
#include "parley/net/client.hpp"
#include "parley/net/server.hpp"

namespace parley::simulators {
namespace {

class HttpGateTest : public GateTest {
 protected:
  void SetUp() override {
    auto answer = [this](net::HttpRequest) -> asio::awaitable<net::HttpResponse> {
      ++served;
      co_return net::text_response(200, std::string(1000, 'a'));
    };
    router.add(net::Method::get, "/", answer);
    router.add(net::Method::post, "/", answer);
    net::ServerOptions where;
    where.port = 0;
    server = std::make_unique<net::HttpServer>(
        std::vector<asio::any_io_executor>{loop.get_executor()}, router, clock, random, where);
    ASSERT_TRUE(server->start());
  }
  void TearDown() override {
    run(server->stop(TimePoint::min()));
    loop.stop();
  }
  template <class T>
  T run(asio::awaitable<T> work) {
    return asio::co_spawn(loop, std::move(work), asio::use_future).get();
  }
  /// On a connection of its own.
  Result<net::HttpResponse> send(net::Method method = net::Method::get, Duration limit = 20s) {
    auto http = net::make_http_client(loop.get_executor());
    net::OutgoingRequest request;
    request.method = method;
    request.url = "http://127.0.0.1:" + std::to_string(gate->port()) + "/";
    request.timeout = limit;
    auto sending = http->send({}, std::move(request));
    return run(std::move(sending));
  }
  Errc error_of(net::Method method = net::Method::get) {
    auto answer = send(method);
    EXPECT_FALSE(answer);
    return answer ? Errc::conflict : answer.error().code;
  }

  SystemClock clock;
  SystemRandom random;
  asio::io_context loop{1};
  net::Router router;
  std::atomic<int> served = 0;
  std::unique_ptr<net::HttpServer> server;
  std::jthread thread{[this, guard = asio::make_work_guard(loop)] { loop.run(); }};
};

TEST_F(HttpGateTest, WithoutAPlanEverythingPasses) {
  open(server->port());
  auto answer = send(net::Method::post);
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->body, std::string(1000, 'a'));
  EXPECT_EQ(gate->counts().accepted, 1u);
}

TEST_F(HttpGateTest, RefusedAndResetRequestsNeverArrive) {
  open(server->port(), "refuse first 1; reset first 2");
  EXPECT_EQ(error_of(), Errc::unavailable);
  EXPECT_EQ(error_of(), Errc::unavailable);
  EXPECT_EQ(served, 0);
  EXPECT_TRUE(send()) << "and then it is well";
  EXPECT_EQ(gate->faults().happened(), 2u);
}

TEST_F(HttpGateTest, ALostAnswerWasDone) {
  open(server->port(), "reset lost first 1; close lost first 2");
  EXPECT_EQ(error_of(net::Method::post), Errc::outcome_unknown);
  EXPECT_EQ(error_of(net::Method::post), Errc::outcome_unknown);
  EXPECT_EQ(served, 2);
  EXPECT_TRUE(send(net::Method::post));
}

TEST_F(HttpGateTest, HalfAnswersAndGarbageAreNoAnswers) {
  open(server->port(), "half first 1; half 5 first 2; garbage first 3; close first 4");
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(send()) << i;
  EXPECT_EQ(served, 3);
  EXPECT_TRUE(send());
}

TEST_F(HttpGateTest, AnAnswerCutInItsHeadIsNone) {
  open(server->port(), "half 40");
  EXPECT_EQ(error_of(), Errc::unavailable);
  EXPECT_EQ(error_of(net::Method::post), Errc::outcome_unknown);
}

TEST_F(HttpGateTest, HangingEndsWithTheClient) {
  open(server->port(), "hang first 1; hang lost first 2");
  auto never = send(net::Method::get, 50ms);
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().code, Errc::timeout);
  EXPECT_EQ(served, 0);
  never = send(net::Method::post, 200ms);
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().code, Errc::outcome_unknown);
  EXPECT_TRUE(send());
}

TEST_F(HttpGateTest, DelaysAndTricklesTakeTheirTime) {
  open(server->port(), "delay 60ms first 1; slow 10000/s requests 2..2");
  auto begun = clock.now();
  EXPECT_TRUE(send());
  EXPECT_GE(clock.now() - begun, 60ms);
  begun = clock.now();
  auto slow = send();
  ASSERT_TRUE(slow);
  EXPECT_EQ(slow->body.size(), 1000u);
  EXPECT_GE(clock.now() - begun, 100ms) << "a thousand bytes at ten thousand a second";
}

TEST_F(HttpGateTest, ACutIsAlsoOfWhatIsNotConnectedYet) {
  open(server->port(), "delay 300ms first 1");
  std::future<Errc> failing = std::async(std::launch::async, [this] { return error_of(); });
  while (gate->counts().accepted == 0) std::this_thread::yield();
  gate->cut();
  EXPECT_EQ(failing.get(), Errc::unavailable);
  EXPECT_EQ(served, 0);
  EXPECT_TRUE(send());
}

TEST_F(HttpGateTest, AServiceThatIsAwayIsCounted) {
  auto nobody = server->port();
  run(server->stop(TimePoint::min()));
  open(nobody);
  EXPECT_EQ(error_of(), Errc::unavailable);
  EXPECT_EQ(gate->counts().unreachable, 1u);
}

TEST_F(HttpGateTest, AnAddressThatIsTakenOrNoneIsSaid) {
  open(server->port());
  TcpGateOptions taken;
  taken.port = gate->port();
  TcpGate second(loop.get_executor(), clock, taken);
  EXPECT_EQ(second.start().error().code, Errc::unavailable);
  run(second.stop());
  TcpGateOptions wrong;
  wrong.address = "nowhere";
  TcpGate third(loop.get_executor(), clock, wrong);
  EXPECT_EQ(third.start().error().code, Errc::invalid);
  run(third.stop());
}

}  // namespace
}  // namespace parley::simulators
