#include "media_load.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <deque>
#include <fstream>
#include <stdexcept>

#include "parley/audio/g711.hpp"
#include "parley/base/strings.hpp"
#include "parley/testkit/caller_audio.hpp"

namespace parley::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int cycle_frames = 500;  // ten seconds
constexpr auto frame_length = std::chrono::milliseconds(20);

double ms(Clock::duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

double cpu_seconds(int pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string text{std::istreambuf_iterator<char>(in), {}};
  auto fields = split(text.substr(text.rfind(')') + 2), ' ');
  return static_cast<double>(std::stoll(fields.at(11)) + std::stoll(fields.at(12))) /
         static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double resident_mb(int pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) / 1024;
  return 0;
}

/// The base64 of each frame of ten seconds: four of a human voice, six of a quiet line.
std::vector<std::string> cycle() {
  auto voice = testkit::human_voice("human_0870").samples;
  std::vector<std::string> frames;
  std::uint32_t noise = 1;
  for (int n = 0; n < cycle_frames; ++n) {
    audio::Samples samples(160);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      noise = noise * 1664525 + 1013904223;
      auto at = static_cast<std::size_t>(n) * 160 + i;
      samples[i] = static_cast<std::int16_t>((n < 200 && at < voice.size() ? voice[at] : 0) +
                                             static_cast<int>(noise >> 27) - 16);
    }
    auto codes = audio::mulaw_encode(samples);
    frames.push_back(base64_encode(std::as_bytes(std::span(codes))));
  }
  return frames;
}

/// A client's frame, masked with zeros: the server has the work, this side has not.
std::string framed(int opcode, std::string_view payload) {
  std::string out(1, static_cast<char>(0x80 | opcode));
  if (payload.size() < 126) {
    out += static_cast<char>(0x80 | payload.size());
  } else {
    out += static_cast<char>(0x80 | 126);
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size() & 255);
  }
  out += std::string(4, '\0');
  out += payload;
  return out;
}

struct Stream {
  int fd = -1;
  std::string in;
  std::deque<Clock::time_point> waiting;  ///< when what is not answered yet was sent
  int chunk = 0;
  int shift = 0;  ///< where in the cycle it began
};

class Load {
 public:
  explicit Load(const LoadOptions& options) : options_(options), frames_(cycle()) {
    poll_ = ::epoll_create1(0);
    for (int i = 0; i < options.streams; ++i) streams_.push_back(connected(i));
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
      ::epoll_ctl(poll_, EPOLL_CTL_ADD, streams_[i].fd, &event);
    }
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  ~Load() {
    for (auto& stream : streams_) ::close(stream.fd);
    ::close(poll_);
  }

  LoadOutcome run() {
    drive(std::chrono::seconds(1));  // the first frames are those of a beginning
    took_.clear();
    late_.clear();
    outcome_ = {};
    auto cpu = cpu_seconds(options_.server_pid);
    auto began = Clock::now();
    drive(std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(options_.seconds)));
    auto passed = std::chrono::duration<double>(Clock::now() - began).count();
    outcome_.streams = options_.streams;
    outcome_.cpu_share = (cpu_seconds(options_.server_pid) - cpu) / passed;
    outcome_.memory_mb = resident_mb(options_.server_pid);
    outcome_.p50_ms = quantile(took_, 0.5);
    outcome_.p99_ms = quantile(took_, 0.99);
    outcome_.late_ms_p99 = quantile(late_, 0.99);
    return outcome_;
  }

 private:
  static double quantile(std::vector<double>& values, double q) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    return values[std::min(values.size() - 1,
                           static_cast<std::size_t>(q * static_cast<double>(values.size())))];
  }

  Stream connected(int number) const {
    Stream stream;
    stream.fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(options_.port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(stream.fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
      throw std::runtime_error("the media server does not answer");
    int on = 1;
    ::setsockopt(stream.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    put(stream,
        "GET /media HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: "
        "Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
        "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    std::string head;
    while (head.find("\r\n\r\n") == std::string::npos) {
      char buffer[1024];
      auto got = ::read(stream.fd, buffer, sizeof buffer);
      if (got <= 0) throw std::runtime_error("the media server refused");
      head.append(buffer, static_cast<std::size_t>(got));
    }
    stream.in = head.substr(head.find("\r\n\r\n") + 4);
    ::fcntl(stream.fd, F_SETFL, O_NONBLOCK);
    stream.shift = number * 37 % cycle_frames;
    put(stream, framed(1, R"({"event":"connected","protocol":"Call","version":"1.0.0"})"));
    put(stream,
        framed(1,
               R"({"event":"start","streamSid":"MZ1","start":{"streamSid":"MZ1","callSid":"CA1",)"
               R"("accountSid":"AC1","tracks":["inbound"],"mediaFormat":{"encoding":)"
               R"("audio/x-mulaw","sampleRate":8000,"channels":1}}})"));
    return stream;
  }
  static void put(Stream& stream, std::string_view bytes) {
    // A server that does not take what comes loses it here, and is seen to answer less.
    (void)::send(stream.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }

  void drive(Clock::duration length) {
    auto began = Clock::now();
    const auto streams = static_cast<std::int64_t>(streams_.size());
    for (std::int64_t n = 0;; ++n) {
      auto due = began + frame_length * n / streams;
      if (due >= began + length) return;
      auto now = Clock::now();
      while (now < due) {
        receive(std::chrono::duration_cast<std::chrono::microseconds>(due - now));
        now = Clock::now();
      }
      if (n % 64 == 0) receive(std::chrono::microseconds(0));
      late_.push_back(ms(now - due));
      send_frame(streams_[static_cast<std::size_t>(n % streams)]);
    }
  }

  void send_frame(Stream& stream) {
    auto number = std::to_string(++stream.chunk);
    const auto& payload =
        frames_[static_cast<std::size_t>((stream.chunk + stream.shift) % cycle_frames)];
    message_ = R"({"event":"media","sequenceNumber":")" + number +
               R"(","streamSid":"MZ1","media":{"track":"inbound","chunk":")" + number +
               R"(","timestamp":")" + std::to_string(stream.chunk * 20) + R"(","payload":")" +
               payload + "\"}}";
    bool each = options_.answer == LoadOptions::Answer::each_frame;
    auto bytes = framed(1, message_);
    bool ping = !each && stream.chunk % 10 == 0;
    if (ping) bytes += framed(9, "p");
    if (each || ping) stream.waiting.push_back(Clock::now());
    put(stream, bytes);
    ++outcome_.sent;
  }

  void receive(std::chrono::microseconds patience) {
    epoll_event events[256];
    timespec wait{.tv_sec = 0, .tv_nsec = patience.count() * 1000};
    int count = ::epoll_pwait2(poll_, events, 256, &wait, nullptr);
    for (int i = 0; i < count; ++i) {
      auto& stream = streams_[events[i].data.u64];
      char buffer[65536];
      auto got = ::read(stream.fd, buffer, sizeof buffer);
      if (got <= 0) continue;
      stream.in.append(buffer, static_cast<std::size_t>(got));
      parse(stream);
    }
  }

  void parse(Stream& stream) {
    std::size_t at = 0;
    while (stream.in.size() - at >= 2) {
      auto opcode = stream.in[at] & 15;
      std::size_t length = stream.in[at + 1] & 127, head = 2;
      if (length == 126) {
        if (stream.in.size() - at < 4) break;
        length = static_cast<std::size_t>(static_cast<std::uint8_t>(stream.in[at + 2])) << 8 |
                 static_cast<std::uint8_t>(stream.in[at + 3]);
        head = 4;
      }
      if (stream.in.size() - at < head + length) break;
      at += head + length;
      bool each = options_.answer == LoadOptions::Answer::each_frame;
      if (opcode != (each ? 1 : 10) || stream.waiting.empty()) continue;
      took_.push_back(ms(Clock::now() - stream.waiting.front()));
      stream.waiting.pop_front();
      ++outcome_.answered;
    }
    stream.in.erase(0, at);
  }

  LoadOptions options_;
  std::vector<std::string> frames_;
  std::vector<Stream> streams_;
  std::string message_;
  std::vector<double> took_, late_;
  LoadOutcome outcome_;
  int poll_ = -1;
};

}  // namespace

LoadOutcome load_media_server(const LoadOptions& options) { return Load(options).run(); }

}  // namespace parley::bench
