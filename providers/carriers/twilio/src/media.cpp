#include "parley/providers/twilio/media.hpp"

#include <charconv>
#include <set>

#include "media_message.hpp"
#include "parley/base/json.hpp"
#include "parley/base/strings.hpp"
#include "parley/base/task_group.hpp"

namespace parley::providers::twilio {

namespace {

constexpr Duration start_limit = std::chrono::seconds(10);
constexpr int most_malformed_before_start = 50;
constexpr std::size_t largest_payload_bytes = 8000 * 10;
constexpr std::size_t most_missing_remembered = 1000;
/// Chunks, of 20 ms as a rule: a number further ahead than ten minutes is nonsense. Believing it
/// would make everything after it look late, and the caller mute.
constexpr std::int64_t furthest_jump = 50 * 600;
/// No call is longer.
constexpr std::int64_t longest_call_ms = 24LL * 60 * 60 * 1000;

/// Twilio's numbers are mostly strings.
std::optional<std::int64_t> number(const json::object& object, std::string_view key) {
  auto* value = object.if_contains(key);
  if (!value) return std::nullopt;
  if (value->is_int64()) return value->get_int64();
  auto* text = value->if_string();
  if (!text) return std::nullopt;
  std::int64_t parsed = 0;
  auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), parsed);
  if (ec != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return parsed;
}

std::string_view text(const json::object& object, std::string_view key) {
  auto* value = object.if_contains(key);
  auto* found = value ? value->if_string() : nullptr;
  return found ? std::string_view(*found) : std::string_view{};
}

const json::object* child(const json::object& object, std::string_view key) {
  auto* value = object.if_contains(key);
  return value ? value->if_object() : nullptr;
}

class TwilioMediaStream final : public telephony::MediaStream {
 public:
  TwilioMediaStream(std::unique_ptr<net::WebSocket> socket, std::string stream_sid)
      : socket_(std::move(socket)),
        stream_sid_(std::move(stream_sid)),
        media_prefix_(R"({"event":"media","streamSid":)" + quoted(stream_sid_) +
                      R"(,"media":{"payload":")") {}

  telephony::Codec codec() const noexcept override { return telephony::Codec::mulaw; }
  int rate_hz() const noexcept override { return 8000; }
  Counters counters() const noexcept override { return counters_; }

  Task<void> receive_all(telephony::MediaTaker taker) override {
    bool wanted = give_returned_marks(taker);
    if (!wanted) co_return Result<void>{};
    auto receiving = socket_->receive_all([&](net::MessageView message) {
      auto event = read(message);
      if (event) wanted = taker(*event);
      take_back(std::move(event));
      wanted = wanted && give_returned_marks(taker);
      return wanted && !stopped_;
    });
    auto received = co_await std::move(receiving);
    if (received && wanted) co_return fail(Errc::end_of_stream, "the call ended");
    co_return received;
  }

  Result<void> send_audio(std::span<const std::byte> payload) override {
    std::string message;
    message.reserve(media_prefix_.size() + (payload.size() + 2) / 3 * 4 + 3);
    message += media_prefix_;
    append_base64(message, payload);
    message += "\"}}";
    return socket_->send({false, std::move(message)});
  }

  Result<void> send_mark(std::string name) override {
    auto message = R"({"event":"mark","streamSid":)" + quoted(stream_sid_) + R"(,"mark":{"name":)" +
                   quoted(name) + "}}";
    auto sent = socket_->send({false, std::move(message)});
    if (sent) pending_marks_.push_back(std::move(name));
    return sent;
  }

  Result<void> clear() override {
    socket_->drop_queued();
    // Marks dropped with the queue would never come back, so all of them come back from here, and
    // the carrier's own echo of them is ignored.
    for (auto& mark : pending_marks_) returned_marks_.push_back(std::move(mark));
    pending_marks_.clear();
    auto message = R"({"event":"clear","streamSid":)" + quoted(stream_sid_) + "}";
    return socket_->send({false, std::move(message)}, net::WebSocket::Priority::urgent);
  }

  asio::awaitable<void> close() override {
    if (std::exchange(closed_, true)) co_return;
    auto closing = socket_->close(1000, "");
    co_await std::move(closing);
  }

 private:
  static std::string quoted(std::string_view value) { return json::serialize(json::string(value)); }

  /// The room of the thread for the next sound: in its cache, where one of each call's would not
  /// be.
  static std::vector<std::byte>& room() {
    thread_local std::vector<std::byte> bytes;
    return bytes;
  }
  /// Whoever took a sound may have left its room there.
  static void take_back(std::optional<telephony::MediaEvent> event) {
    if (!event) return;
    if (auto* audio = std::get_if<telephony::MediaAudio>(&*event))
      room() = std::move(audio->payload);
  }

  /// False when the taker wants no more.
  bool give_returned_marks(const telephony::MediaTaker& taker) {
    bool wanted = true;
    while (wanted && !returned_marks_.empty()) {
      telephony::MediaEvent mark = telephony::MediaMark{std::move(returned_marks_.front())};
      returned_marks_.erase(returned_marks_.begin());
      wanted = taker(mark);
    }
    return wanted;
  }

  std::optional<telephony::MediaEvent> read(net::MessageView message) {
    if (message.binary) return malformed();
    if (auto usual = read_usual_media(message.payload))
      return usual->stream_sid == stream_sid_ ? take_media(*usual) : malformed();
    auto parsed = parse_json(message.payload);
    auto* object = parsed ? parsed->if_object() : nullptr;
    if (!object) return malformed();
    auto event = text(*object, "event");
    if (event == "stop") {
      stopped_ = true;
      return std::nullopt;
    }
    if (event == "connected" || event == "start") return std::nullopt;
    auto sid = text(*object, "streamSid");
    if (!sid.empty() && sid != stream_sid_) return malformed();
    if (event == "media") return read_media(*object);
    if (event == "dtmf") return read_digit(*object);
    if (event == "mark") return read_mark(*object);
    return malformed();
  }

  std::optional<telephony::MediaEvent> read_media(const json::object& object) {
    auto* media = child(object, "media");
    if (!media) return malformed();
    // The agent's own audio, which only streams in both directions send back.
    if (text(*media, "track") == "outbound") return std::nullopt;
    auto chunk = number(*media, "chunk");
    if (!chunk) return malformed();
    return take_media({.stream_sid = {},
                       .chunk = *chunk,
                       .timestamp = number(*media, "timestamp"),
                       .payload = text(*media, "payload")});
  }

  std::optional<telephony::MediaEvent> take_media(const MediaMessage& media) {
    auto payload = std::exchange(room(), {});
    auto decoded = base64_decode(media.payload, payload);
    auto chunk = media.chunk;
    if (!decoded || payload.empty() || payload.size() > largest_payload_bytes || chunk < 1 ||
        chunk - last_chunk_ > furthest_jump)
      return malformed();
    auto timestamp = media.timestamp.value_or((chunk - 1) * 20);
    if (timestamp < 0 || timestamp > longest_call_ms) return malformed();
    if (chunk <= last_chunk_) {
      if (missing_.erase(chunk) > 0) {
        ++counters_.out_of_order;  // its place in time has passed
      } else {
        ++counters_.duplicated;
      }
      return std::nullopt;
    }
    if (last_chunk_ > 0) {
      counters_.missing += static_cast<std::uint64_t>(chunk - last_chunk_ - 1);
      for (auto gap = last_chunk_ + 1; gap < chunk && missing_.size() < most_missing_remembered;
           ++gap)
        missing_.insert(gap);
    }
    last_chunk_ = chunk;
    return telephony::MediaAudio{std::move(payload), std::chrono::milliseconds(timestamp)};
  }

  std::optional<telephony::MediaEvent> read_digit(const json::object& object) {
    auto* dtmf = child(object, "dtmf");
    auto digit = dtmf ? text(*dtmf, "digit") : std::string_view{};
    constexpr std::string_view keys = "0123456789*#ABCD";
    if (digit.size() != 1 || keys.find(digit[0]) == std::string_view::npos) return malformed();
    return telephony::MediaDigit{digit[0]};
  }

  std::optional<telephony::MediaEvent> read_mark(const json::object& object) {
    auto* mark = child(object, "mark");
    if (!mark) return malformed();
    auto found = std::ranges::find(pending_marks_, text(*mark, "name"));
    if (found == pending_marks_.end()) return std::nullopt;
    telephony::MediaMark event{std::move(*found)};
    pending_marks_.erase(found);
    return event;
  }

  std::optional<telephony::MediaEvent> malformed() {
    ++counters_.malformed;
    return std::nullopt;
  }

  std::unique_ptr<net::WebSocket> socket_;
  std::string stream_sid_;
  std::string media_prefix_;
  Counters counters_;
  std::vector<std::string> pending_marks_;   ///< sent, not echoed
  std::vector<std::string> returned_marks_;  ///< to be given
  std::int64_t last_chunk_ = 0;
  std::set<std::int64_t> missing_;
  bool stopped_ = false;
  bool closed_ = false;
};

Result<StreamStart> read_start(const json::object& object) {
  auto* start = child(object, "start");
  if (!start) return fail(Errc::corrupt, "start without its object");
  auto* format = child(*start, "mediaFormat");
  if (!format || text(*format, "encoding") != "audio/x-mulaw" ||
      number(*format, "sampleRate") != 8000 || number(*format, "channels") != 1)
    return fail(Errc::unsupported, "the media format is not mono mu-law at 8 kHz");
  StreamStart read{std::string(text(object, "streamSid")), std::string(text(*start, "callSid")),
                   std::string(text(*start, "accountSid"))};
  if (read.stream_sid.empty() || read.call_sid.empty())
    return fail(Errc::corrupt, "start without streamSid or callSid");
  return read;
}

Task<StreamStart> await_start(net::WebSocket& socket) {
  for (int skipped = 0; skipped < most_malformed_before_start; ++skipped) {
    auto receiving = socket.receive();
    auto message = co_await std::move(receiving);
    if (!message) co_return std::unexpected(message.error());
    auto parsed = parse_json(message->payload);
    auto* object = parsed ? parsed->if_object() : nullptr;
    if (!object) continue;
    auto event = text(*object, "event");
    if (event == "start") co_return read_start(*object);
    if (event == "stop") co_return fail(Errc::end_of_stream, "the call ended before it began");
  }
  co_return fail(Errc::corrupt, "no start among the first messages");
}

}  // namespace

Task<OpenedStream> open_media_stream(Context ctx, Clock& clock,
                                     std::unique_ptr<net::WebSocket> socket) {
  auto deadline = std::min(ctx.deadline, clock.now() + start_limit);
  auto waiting = await_start(*socket);
  auto start = co_await with_deadline(clock, deadline, std::move(waiting));
  if (!start) {
    auto closing = socket->close(1002, "no usable start");
    co_await std::move(closing);
    co_return std::unexpected(start.error());
  }
  auto media = std::make_unique<TwilioMediaStream>(std::move(socket), start->stream_sid);
  co_return OpenedStream{std::move(*start), std::move(media)};
}

}  // namespace parley::providers::twilio
