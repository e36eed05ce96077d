#include "crowd.hpp"

#include <fmt/format.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cmath>

#include "parley/audio/g711.hpp"
#include "parley/base/random.hpp"
#include "parley/base/strings.hpp"
#include "parley/providers/twilio/signature.hpp"

namespace parley::bench {

namespace {

using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr int phases = 20;  ///< callers speak at other milliseconds of their 20
constexpr Duration longest_wait = std::chrono::seconds(10);
/// A question, the wait for its answer, and that.
constexpr Duration longest_rest = std::chrono::seconds(30);

std::string base64_frame(std::span<const std::int16_t> samples) {
  auto codes = audio::mulaw_encode(samples);
  return base64_encode(std::as_bytes(std::span(codes)));
}

/// The payloads of what a caller says, cut so that the last frame is a loud one.
std::vector<std::string> payloads_of(const audio::Samples& words) {
  std::vector<std::string> payloads;
  std::size_t loud = 0;
  for (std::size_t at = 0; at + 160 <= words.size(); at += 160) {
    std::span frame(words.data() + at, 160);
    double power = 0;
    for (auto sample : frame) power += static_cast<double>(sample) * sample;
    payloads.push_back(base64_frame(frame));
    if (std::sqrt(power / 160) > 500) loud = payloads.size();
  }
  payloads.resize(loud);
  return payloads;
}

std::string_view between(std::string_view text, std::string_view before, char after) {
  auto at = text.find(before);
  if (at == std::string_view::npos) return {};
  at += before.size();
  return text.substr(at, text.find(after, at) - at);
}

/// A masked text frame; the mask is zero, so that nothing has to be masked.
void append_frame(std::string& out, std::string_view text, int opcode = 1) {
  out += static_cast<char>(0x80 | opcode);
  if (text.size() < 126) {
    out += static_cast<char>(0x80 | text.size());
  } else {
    out += static_cast<char>(0x80 | 126);
    out += static_cast<char>(text.size() >> 8);
    out += static_cast<char>(text.size() & 0xff);
  }
  out.append(4, '\0');
  out += text;
}

struct Caller {
  explicit Caller(asio::io_context& io) : socket(io) {}
  enum class Does { listens, speaks, waits } does = Does::listens;
  tcp::socket socket;
  std::string stream;
  std::string received;
  std::string to_send;
  std::deque<std::pair<TimePoint, std::string>> marks;
  TimePoint play_until{};
  TimePoint asked_at{};
  Duration pause{};
  std::size_t word = 0;
  std::int64_t sequence = 1;
  std::int64_t frame = 0;
  bool agent_spoke = false;
  bool over = false;
};

class Crowd {
 public:
  explicit Crowd(const CrowdOptions& options)
      : options_(options),
        words_(payloads_of(options.words)),
        silence_(base64_frame(audio::Samples(160, 0))) {}

  CrowdReport run(const CrowdMoments& moments) {
    asio::co_spawn(io_, dial_all(), rethrow);
    asio::co_spawn(io_, live(moments), rethrow);
    io_.run();
    auto frames = static_cast<double>(std::max<std::size_t>(report_.frames, 1));
    report_.caller_share = static_cast<double>(spoken_) / frames;
    report_.agent_share = static_cast<double>(heard_) / frames;
    return report_;
  }

 private:
  enum class Stage { dialing, measuring, resting, ending };

  static void rethrow(std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
  }

  asio::awaitable<void> dial_all() {
    auto start = clock_.now();
    for (int i = 0; i < options_.calls; ++i) {
      co_await clock_.sleep_until(start + i * options_.dial_over / options_.calls);
      asio::co_spawn(io_, dial(i), rethrow);
    }
  }

  asio::awaitable<void> dial(int number) {
    auto sid = "CA" + random_.token(12);
    net::Fields form{
        {"CallSid", sid}, {"From", "+12125550199"}, {"To", options_.to}, {"CallStatus", "ringing"}};
    net::OutgoingRequest request;
    request.method = net::Method::post;
    request.url = options_.server_url + "/webhooks/twilio/call";
    for (auto& [name, value] : form)
      request.body +=
          (request.body.empty() ? "" : "&") + url_encode(name) + "=" + url_encode(value);
    request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    request.headers.set("X-Twilio-Signature",
                        providers::twilio::sign(options_.auth_token, request.url, form));
    auto sending = http_->send(Context{}, std::move(request));
    auto response = co_await std::move(sending);
    if (!response || response->status != 200) co_return;
    std::string url(between(response->body, "<Stream url=\"", '"'));
    if (url.empty()) co_return;
    auto opening = open(std::move(url), sid, number);
    co_await std::move(opening);
  }

  asio::awaitable<void> open(std::string url, std::string sid, int number) {
    auto caller = std::make_shared<Caller>(io_);
    auto slash = url.find('/', 5);
    auto host = url.substr(5, slash - 5);
    auto colon = host.find(':');
    tcp::endpoint where(asio::ip::make_address(host.substr(0, colon)),
                        static_cast<std::uint16_t>(std::stoi(host.substr(colon + 1))));
    error_code ec;
    auto token = asio::redirect_error(asio::use_awaitable, ec);
    co_await caller->socket.async_connect(where, token);
    if (ec) co_return;
    caller->socket.set_option(tcp::no_delay(true));
    auto upgrade = fmt::format(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        "X-Twilio-Signature: {}\r\n\r\n",
        url.substr(slash), host, providers::twilio::sign(options_.auth_token, url, {}));
    co_await asio::async_write(caller->socket, asio::buffer(upgrade), token);
    if (ec) co_return;
    auto size = co_await asio::async_read_until(
        caller->socket, asio::dynamic_buffer(caller->received), "\r\n\r\n", token);
    if (ec || !caller->received.starts_with("HTTP/1.1 101")) co_return;
    caller->received.erase(0, size);
    caller->socket.non_blocking(true);
    caller->stream = "MZ" + random_.token(12);
    caller->pause = milliseconds(300 + (number * 37) % 400);
    append_frame(caller->to_send, R"({"event":"connected","protocol":"Call","version":"1.0.0"})");
    append_frame(
        caller->to_send,
        fmt::format(
            R"({{"event":"start","sequenceNumber":"1","streamSid":"{0}","start":{{"streamSid":"{0}",)"
            R"("accountSid":"AC0","callSid":"{1}","tracks":["inbound"],"customParameters":{{}},)"
            R"("mediaFormat":{{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}}}}}})",
            caller->stream, sid));
    flush(*caller);
    ++report_.connected;
    phases_[static_cast<std::size_t>(number % phases)].push_back(caller);
    auto listening = listen(caller);
    co_await std::move(listening);
  }

  asio::awaitable<void> listen(std::shared_ptr<Caller> caller) {
    error_code ec;
    std::array<char, 16384> piece;
    while (true) {
      auto token = asio::redirect_error(asio::use_awaitable, ec);
      auto many = co_await caller->socket.async_read_some(asio::buffer(piece), token);
      if (ec) break;
      caller->received.append(piece.data(), many);
      take_messages(*caller);
    }
    caller->over = true;
    if (stage_ != Stage::ending) ++report_.lost;
  }

  void take_messages(Caller& caller) {
    std::string_view rest = caller.received;
    while (rest.size() >= 2) {
      auto opcode = rest[0] & 0x0f;
      std::size_t head = 2;
      std::size_t size = static_cast<unsigned char>(rest[1]) & 0x7fu;
      if (size >= 126) {
        std::size_t wide = size == 126 ? 2 : 8;
        if (rest.size() < 2 + wide) break;
        size = 0;
        for (std::size_t i = 0; i < wide; ++i)
          size = size << 8 | static_cast<unsigned char>(rest[2 + i]);
        head += wide;
      }
      if (rest.size() < head + size) break;
      if (opcode == 9) append_frame(caller.to_send, rest.substr(head, size), 10);
      if (opcode == 1) take_message(caller, rest.substr(head, size));
      rest.remove_prefix(head + size);
    }
    caller.received.erase(0, caller.received.size() - rest.size());
  }

  void take_message(Caller& caller, std::string_view text) {
    auto now = clock_.now();
    auto event = between(text, R"("event":")", '"');
    if (event == "media") {
      auto payload = between(text, R"("payload":")", '"');
      auto bytes =
          payload.size() / 4 * 3 - static_cast<std::size_t>(std::ranges::count(payload, '='));
      voice_bytes_ += bytes;
      caller.play_until = std::max(caller.play_until, now) + milliseconds(bytes * 1000 / 8000);
      caller.agent_spoke = true;
      if (caller.does == Caller::Does::waits) {
        if (stage_ == Stage::measuring) {
          ++report_.turns;
          report_.answer_ms.push_back(
              std::chrono::duration<double, std::milli>(now - caller.asked_at).count());
        }
        caller.does = Caller::Does::listens;
      }
    } else if (event == "mark") {
      caller.marks.emplace_back(caller.play_until, between(text, R"("name":")", '"'));
    } else if (event == "clear") {
      caller.play_until = now;
      for (auto& mark : caller.marks) mark.first = now;
    }
  }

  asio::awaitable<void> live(const CrowdMoments& moments) {
    auto start = clock_.now();
    auto from = start + options_.dial_over + std::chrono::seconds(5);
    auto until = from + options_.talk;
    for (std::int64_t n = 0; stage_ != Stage::ending; ++n) {
      auto due = start + n * milliseconds(1);
      co_await clock_.sleep_until(due);
      auto now = clock_.now();
      if (stage_ == Stage::dialing && now >= from) {
        moments.begins();
        stage_ = Stage::measuring;
      } else if (stage_ == Stage::measuring && now >= until) {
        report_.voice_bytes = voice_bytes_;
        moments.ends();
        stage_ = Stage::resting;
      } else if (stage_ == Stage::resting && (nobody_speaks(now) || now >= until + longest_rest)) {
        moments.rests();
        stage_ = Stage::ending;
      }
      for (auto& caller : phases_[static_cast<std::size_t>(n % phases)]) {
        if (caller->over) continue;
        tick(*caller, now);
        if (stage_ == Stage::measuring && now - due > milliseconds(20)) ++report_.frames_late;
      }
    }
    io_.stop();
  }

  bool nobody_speaks(TimePoint now) const {
    auto rests = [now](const std::shared_ptr<Caller>& caller) {
      return caller->over || (caller->does == Caller::Does::listens &&
                              now > caller->play_until + std::chrono::seconds(1));
    };
    return std::ranges::all_of(phases_,
                               [&](auto& some) { return std::ranges::all_of(some, rests); });
  }

  void tick(Caller& caller, TimePoint now) {
    std::string_view payload = silence_;
    using Does = Caller::Does;
    if (caller.does == Does::listens && caller.agent_spoke && stage_ != Stage::resting &&
        now > caller.play_until + caller.pause) {
      caller.does = Does::speaks;
      caller.word = 0;
    }
    if (caller.does == Does::speaks) {
      payload = words_[caller.word++];
      if (caller.word == words_.size()) {
        caller.does = Does::waits;
        caller.asked_at = now;
      }
    } else if (caller.does == Does::waits && now - caller.asked_at > longest_wait) {
      if (stage_ == Stage::measuring) ++report_.unanswered;
      caller.does = Does::listens;
    }
    if (stage_ == Stage::measuring) {
      ++report_.frames;
      spoken_ += payload.data() != silence_.data();
      heard_ += now < caller.play_until;
    }
    auto text = fmt::format(
        R"({{"event":"media","sequenceNumber":"{}","streamSid":"{}","media":{{"track":"inbound",)"
        R"("chunk":"{}","timestamp":"{}","payload":"{}"}}}})",
        ++caller.sequence, caller.stream, caller.frame + 1, caller.frame * 20, payload);
    ++caller.frame;
    append_frame(caller.to_send, text);
    while (!caller.marks.empty() && caller.marks.front().first <= now) {
      append_frame(
          caller.to_send,
          fmt::format(
              R"({{"event":"mark","sequenceNumber":"{}","streamSid":"{}","mark":{{"name":"{}"}}}})",
              ++caller.sequence, caller.stream, caller.marks.front().second));
      caller.marks.pop_front();
    }
    flush(caller);
  }

  static void flush(Caller& caller) {
    error_code ec;
    auto many = caller.socket.write_some(asio::buffer(caller.to_send), ec);
    if (!ec) caller.to_send.erase(0, many);
  }

  const CrowdOptions& options_;
  asio::io_context io_{1};
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<net::HttpClient> http_ = net::make_http_client(io_.get_executor());
  const std::vector<std::string> words_;
  const std::string silence_;
  std::array<std::vector<std::shared_ptr<Caller>>, phases> phases_;
  std::size_t spoken_ = 0;
  std::size_t heard_ = 0;
  std::size_t voice_bytes_ = 0;
  Stage stage_ = Stage::dialing;
  CrowdReport report_;
};

}  // namespace

CrowdReport run_crowd(const CrowdOptions& options, const CrowdMoments& moments) {
  return Crowd(options).run(moments);
}

}  // namespace parley::bench
