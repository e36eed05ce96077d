// What a carrier's stream asks the heap for once it runs, from the socket to the detector of
// speech.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <thread>

#include "parley/audio/g711.hpp"
#include "parley/audio/voice_activity.hpp"
#include "parley/base/strings.hpp"
#include "parley/net/server.hpp"
#include "parley/providers/twilio/media.hpp"
#include "parley/testkit/heap_count.hpp"

namespace parley {
namespace {

using namespace std::chrono_literals;

constexpr int warm_up = 200;
constexpr int measured = 1000;

/// Hears every frame, and notes how often the loop's thread asked the heap meanwhile.
struct Listener {
  std::atomic<int> frames{0};
  std::atomic<std::int64_t> asked{0};
  std::atomic<std::int64_t> at_start{0};  ///< before the stream ran

  asio::awaitable<void> hear(Clock& clock, std::unique_ptr<net::WebSocket> socket) {
    auto opening = providers::twilio::open_media_stream(Context{}, clock, std::move(socket));
    auto opened = co_await std::move(opening);
    if (!opened) co_return;
    audio::VoiceActivityDetector activity;
    audio::Samples samples(audio::telephone_frame_samples);
    std::int64_t before = 0;
    auto receiving = opened->media->receive_all([&](telephony::MediaEvent& event) {
      auto& payload = std::get<telephony::MediaAudio>(event).payload;
      audio::mulaw_decode(
          std::span(reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()),
          samples);
      (void)activity.process(samples);
      auto count = frames + 1;
      if (count == warm_up) at_start = before = testkit::allocations;
      if (count == warm_up + measured) asked = testkit::allocations - before;
      frames = count;
      return true;
    });
    (void)co_await std::move(receiving);
  }
};

/// A carrier: a plain socket whose frames are masked with zeros.
class Carrier {
 public:
  explicit Carrier(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
      throw std::runtime_error("no server");
    put("GET /media HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    char c = 0;
    std::string head;
    while (!head.ends_with("\r\n\r\n") && ::read(socket_, &c, 1) == 1) head += c;
  }
  ~Carrier() { ::close(socket_); }
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;

  void say(std::string_view text) const {
    std::string frame{'\x81', '\xfe', static_cast<char>(text.size() >> 8),
                      static_cast<char>(text.size() & 255)};
    put(frame + std::string(4, '\0') + std::string(text));
  }

 private:
  void put(std::string_view bytes) const {
    ASSERT_EQ(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  int socket_;
};

TEST(MediaAllocations, AFrameAsksNothingOfTheHeap) {
  asio::io_context io(1);
  SystemClock clock;
  SystemRandom random;
  Listener listener;
  net::Router router;
  router.add_websocket("/media", [&](net::HttpRequest, std::unique_ptr<net::WebSocket> socket) {
    return listener.hear(clock, std::move(socket));
  });
  net::ServerOptions options;
  options.port = 0;
  net::HttpServer server({io.get_executor()}, router, clock, random, options);
  ASSERT_TRUE(server.start());
  auto guard = asio::make_work_guard(io);
  std::jthread loop([&] { io.run(); });
  {
    Carrier carrier(server.port());
    carrier.say(R"({"event":"start","streamSid":"MZ1","start":{"callSid":"CA1","accountSid":"AC1",)"
                R"("mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}}})");
    auto payload = base64_encode(std::vector<std::byte>(160, std::byte{0x7e}));
    for (int chunk = 1; chunk <= warm_up + measured; ++chunk) {
      auto number = std::to_string(chunk);
      carrier.say(R"({"event":"media","sequenceNumber":")" + number +
                  R"(","streamSid":"MZ1","media":{"track":"inbound","chunk":")" + number +
                  R"(","timestamp":")" + std::to_string(chunk * 20) + R"(","payload":")" + payload +
                  "\"}}");
      // Each by itself, as they come from a carrier.
      while (listener.frames < chunk) std::this_thread::yield();
    }
  }
  auto work = server.stop(clock.now() + 5s);
  asio::co_spawn(io, std::move(work), asio::use_future).get();
  guard.reset();
  auto a_frame = static_cast<double>(listener.asked) / measured;
  RecordProperty("allocations_a_frame", std::to_string(a_frame));
  // A little beside: the server's timekeeper looks at its connections twice a second. What Asio
  // keeps for itself of a coroutine's frames is not asked of the heap again either.
  EXPECT_LE(a_frame, 0.1);
  EXPECT_GT(listener.at_start, 10) << "the counter counts";
}

}  // namespace
}  // namespace parley
