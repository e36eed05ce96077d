#include <algorithm>
#include <charconv>

#include "parley/base/race.hpp"
#include "parley/base/strings.hpp"
#include "parley/simulators/outbox.hpp"
#include "parley/simulators/spoken_audio.hpp"
#include "sessions.hpp"

namespace parley::simulators::elevenlabs {

namespace {

constexpr std::size_t most_characters = 40'000;

struct Format {
  SoundCoding coding = SoundCoding::pcm;
  int rate_hz = 0;
};

Result<Format> format_of(const net::Fields& query) {
  auto name = net::find_field(query, "output_format").value_or("mp3_44100_128");
  Format format;
  if (name.starts_with("ulaw_"))
    format.coding = SoundCoding::mulaw;
  else if (name.starts_with("alaw_"))
    format.coding = SoundCoding::alaw;
  else if (!name.starts_with("pcm_"))
    return fail(Errc::unsupported, "this stand-in speaks pcm, ulaw and alaw");
  auto rate = name.substr(name.find('_') + 1);
  std::from_chars(rate.data(), rate.data() + rate.size(), format.rate_hz);
  if (format.rate_hz < 8000 || format.rate_hz > 48'000)
    return fail(Errc::invalid, "there is no such output_format");
  return format;
}

double speed_of(const json::value& body) {
  auto* speed = value_at(body, "/voice_settings/speed");
  boost::system::error_code ec;
  auto value = speed ? speed->to_number<double>(ec) : 1.0;
  return ec ? 1.0 : value;
}

bool is_voice(const House& house, const net::HttpRequest& request) {
  return std::ranges::find(house.options.voices, request.path_value("voice").value_or("")) !=
         house.options.voices.end();
}

/// One socket: text is spoken at flush, and the rest at the end of input.
class Speaking {
 public:
  Speaking(House house, const net::HttpRequest& upgrade, net::WebSocket& socket)
      : house_(house), socket_(socket), outbox_(house.clock, socket) {
    auto format = format_of(upgrade.query);
    if (format)
      format_ = *format;
    else
      refuse("invalid_output_format", 1008);
    if (!is_voice(house, upgrade)) refuse("voice_not_found", 1008);
  }

  asio::awaitable<void> run() {
    auto hearing = hear();
    auto saying = outbox_.run();
    co_await race(std::move(hearing), std::move(saying));
  }

 private:
  void refuse(std::string_view word, int code) {
    outbox_.say({{"message", "refused by the stand-in"}, {"error", word}, {"code", code}});
    outbox_.close(code, std::string(word));
  }

  asio::awaitable<void> hear() {
    while (true) {
      auto receiving = socket_.receive();
      auto message = co_await std::move(receiving);
      if (!message) co_return;
      auto parsed = parse_json(message->payload);
      if (!parsed || !value_at(*parsed, "/text")) {
        refuse("input_error", 1008);
        continue;
      }
      if (value_at(*parsed, "/voice_settings/speed")) house_.counts.last_speed = speed_of(*parsed);
      auto text = text_at(*parsed, "/text");
      if (text.empty()) {
        say_waiting();
        outbox_.say({{"audio", nullptr}, {"isFinal", true}}, house_.options.first_audio_delay);
        outbox_.close(1000, "");
        continue;
      }
      waiting_ += text;
      auto* flush = value_at(*parsed, "/flush");
      if (flush && flush->is_bool() && flush->get_bool()) say_waiting();
    }
  }

  void say_waiting() {
    auto text = std::string(trim(waiting_));
    waiting_.clear();
    if (text.empty()) return;
    ++house_.counts.sentences;
    auto bytes = encode_sound(tone_speech(text, format_.rate_hz), format_.coding);
    for (auto& piece : pieces_of(bytes))
      outbox_.say({{"audio", base64_encode(as_bytes(piece))},
                   {"alignment", nullptr},
                   {"normalizedAlignment", nullptr}},
                  house_.options.first_audio_delay);
  }

  House house_;
  net::WebSocket& socket_;
  Outbox outbox_;
  Format format_;
  std::string waiting_;
};

}  // namespace

net::HttpResponse speak_once(House house, const net::HttpRequest& request) {
  auto format = format_of(request.query);
  if (!format) return refusal(400, "invalid_output_format", format.error().detail);
  if (!is_voice(house, request)) return refusal(404, "voice_not_found", "there is no such voice");
  auto body = parse_json(request.body);
  auto text = body ? text_at(*body, "/text") : "";
  if (!body || text.empty()) {
    json::object wrong{
        {"detail",
         json::array{{{"loc", {"body", "text"}}, {"msg", "Field required"}, {"type", "missing"}}}}};
    return net::text_response(422, json::serialize(wrong), "application/json");
  }
  if (text.size() > most_characters)
    return refusal(400, "max_character_limit_exceeded", "the text is too long");
  auto speed = speed_of(*body);
  house.counts.last_speed = speed;
  if (speed < 0.7 || speed > 1.2)
    return refusal(400, "invalid_voice_settings", "speed is from 0.7 to 1.2");
  ++house.counts.sentences;
  auto bytes = encode_sound(tone_speech(text, format->rate_hz, speed), format->coding);
  return stream_sound(house.clock, std::move(bytes),
                      format->coding == SoundCoding::pcm ? "audio/pcm" : "audio/basic",
                      house.options.first_audio_delay);
}

asio::awaitable<void> speak(House house, net::HttpRequest upgrade,
                            std::unique_ptr<net::WebSocket> socket) {
  Speaking session(house, upgrade, *socket);
  auto running = session.run();
  co_await std::move(running);
}

}  // namespace parley::simulators::elevenlabs
