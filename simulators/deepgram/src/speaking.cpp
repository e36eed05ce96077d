#include <charconv>

#include "parley/base/race.hpp"
#include "parley/simulators/outbox.hpp"
#include "parley/simulators/spoken_audio.hpp"
#include "sessions.hpp"

namespace parley::simulators::deepgram {

namespace {

constexpr std::size_t most_characters = 2000;

struct Voice {
  SoundCoding coding = SoundCoding::pcm;
  int rate_hz = 24'000;
  bool has_container = true;
};

Result<Voice> voice_of(const net::Fields& query) {
  Voice voice;
  auto encoding = net::find_field(query, "encoding").value_or("linear16");
  if (encoding == "mulaw")
    voice.coding = SoundCoding::mulaw;
  else if (encoding == "alaw")
    voice.coding = SoundCoding::alaw;
  else if (encoding != "linear16")
    return fail(Errc::unsupported, "this stand-in speaks linear16, mulaw and alaw");
  if (voice.coding != SoundCoding::pcm) voice.rate_hz = 8000;
  if (auto rate = net::find_field(query, "sample_rate"))
    std::from_chars(rate->data(), rate->data() + rate->size(), voice.rate_hz);
  if (voice.rate_hz < 8000 || voice.rate_hz > 48'000)
    return fail(Errc::invalid, "the sample rate is none of this encoding");
  voice.has_container = net::find_field(query, "container").value_or("wav") != "none";
  return voice;
}

std::string sound_of(const std::string& text, const Voice& voice) {
  return encode_sound(tone_speech(text, voice.rate_hz), voice.coding);
}

/// One socket: nothing is spoken before Flush.
class Speaking {
 public:
  Speaking(House house, const net::HttpRequest& upgrade, net::WebSocket& socket)
      : house_(house), socket_(socket), outbox_(house.clock, socket) {
    voice_ = voice_of(upgrade.query).value_or(Voice{});
    outbox_.say({{"type", "Metadata"},
                 {"request_id", "00000000-0000-4000-8000-000000000000"},
                 {"model_name", net::find_field(upgrade.query, "model").value_or("aura")},
                 {"model_version", "simulated"},
                 {"model_uuid", "00000000-0000-4000-8000-000000000000"}});
  }

  asio::awaitable<void> run() {
    auto hearing = hear();
    auto saying = outbox_.run();
    co_await race(std::move(hearing), std::move(saying));
  }

 private:
  asio::awaitable<void> hear() {
    while (true) {
      auto receiving = socket_.receive();
      auto message = co_await std::move(receiving);
      if (!message) co_return;
      auto parsed = parse_json(message->payload);
      auto type = parsed ? text_at(*parsed, "/type") : "";
      if (type == "Speak") {
        text_ += text_at(*parsed, "/text");
      } else if (type == "Flush") {
        auto delay = house_.options.first_audio_delay;
        for (auto& piece : pieces_of(sound_of(text_, voice_)))
          outbox_.say_bytes(std::move(piece), delay);
        text_.clear();
        outbox_.say({{"type", "Flushed"}, {"sequence_id", sequence_++}}, delay);
      } else if (type == "Clear") {
        outbox_.clear();
        text_.clear();
        outbox_.say({{"type", "Cleared"}, {"sequence_id", sequence_++}});
      } else if (type == "Close") {
        outbox_.close(1000, "");
      } else {
        outbox_.say({{"type", "Warning"},
                     {"description", "the text is no message of this protocol"},
                     {"code", "DATA-0000"}});
      }
    }
  }

  House house_;
  net::WebSocket& socket_;
  Outbox outbox_;
  Voice voice_;
  std::string text_;
  int sequence_ = 0;
};

}  // namespace

net::HttpResponse speak_once(House house, const net::HttpRequest& request) {
  auto voice = voice_of(request.query);
  if (!voice) return refusal(400, "UNSUPPORTED_AUDIO_FORMAT", voice.error().detail);
  auto body = parse_json(request.body);
  auto text = body ? text_at(*body, "/text") : "";
  if (text.empty()) return refusal(400, "EMPTY_TEXT", "there is no text to speak");
  if (text.size() > most_characters)
    return refusal(413, "TEXT_TOO_LONG", "the text has more than 2000 characters");
  auto bytes = sound_of(text, *voice);
  if (voice->has_container) bytes = std::string("RIFF") + std::string(40, '\0') + bytes;
  return stream_sound(house.clock, std::move(bytes), "audio/l16", house.options.first_audio_delay);
}

asio::awaitable<void> speak(House house, net::HttpRequest upgrade,
                            std::unique_ptr<net::WebSocket> socket) {
  Speaking session(house, upgrade, *socket);
  auto running = session.run();
  co_await std::move(running);
}

}  // namespace parley::simulators::deepgram
