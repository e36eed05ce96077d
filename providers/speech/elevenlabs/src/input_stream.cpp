#include "input_stream.hpp"

#include "error_words.hpp"
#include "parley/base/json.hpp"
#include "parley/base/strings.hpp"
#include "parley/providers/streaming/spoken_stream.hpp"

namespace parley::providers::elevenlabs {

InputStream::InputStream(std::unique_ptr<net::WebSocket> socket, Request request)
    : socket_(std::move(socket)),
      sound_(request.sound),
      rate_hz_(request.sound.wanted_hz),
      left_(streaming::longest_audio(request.text.size())) {
  json::object first{{"text", " "}, {"voice_settings", {{"speed", request.speed}}}};
  json::object words{{"text", request.text + " "}, {"flush", true}};
  json::object last{{"text", ""}};
  for (auto& message : {first, words, last})
    if (auto sent =
            socket_->send({false, json::serialize(message)}, net::WebSocket::Priority::normal);
        !sent)
      end(sent.error());
}

void InputStream::end(Error why) {
  if (!end_) end_ = std::move(why);
  socket_.reset();
}

Result<audio::Samples> InputStream::take(const net::WebSocketMessage& message) {
  auto parsed = parse_json(message.payload);
  if (!parsed || !parsed->is_object())
    return fail(Errc::corrupt, "ElevenLabs sent what is no JSON object");
  auto& object = parsed->get_object();
  if (auto word = text_in(object, "error"); !word.empty())
    return std::unexpected(error_of_word(word));
  audio::Samples samples;
  if (auto sound = text_in(object, "audio"); !sound.empty()) {
    auto bytes = base64_decode(sound);
    if (!bytes) return fail(Errc::corrupt, "ElevenLabs sent audio that is no base64");
    auto taken = sound_.take(as_text(*bytes));
    if (!taken) return taken;
    samples = std::move(*taken);
  }
  auto* is_final = object.if_contains("isFinal");
  if (!is_final || !is_final->is_bool() || !is_final->get_bool()) return samples;
  auto rest = sound_.flush();
  samples.insert(samples.end(), rest.begin(), rest.end());
  bool spoke = has_spoken_ || !samples.empty();
  end(spoke ? Error{Errc::end_of_stream, "the text is spoken"}
            : Error{Errc::unavailable, "the answer holds no audio"});
  return samples;
}

Task<audio::Frame> InputStream::next() {
  while (!end_) {
    auto receiving = socket_->receive();
    auto message = co_await std::move(receiving);
    if (!message) {
      end({Errc::unavailable, "the voice broke off: " + message.error().detail});
      break;
    }
    auto samples = take(*message);
    if (!samples) {
      end(samples.error());
      break;
    }
    if (samples->empty()) continue;
    has_spoken_ = true;
    audio::Frame frame{std::move(*samples), rate_hz_};
    left_ -= frame.duration();
    if (left_ < Duration{}) end({Errc::unavailable, "the voice goes on for longer than its text"});
    co_return frame;
  }
  co_return std::unexpected(*end_);
}

}  // namespace parley::providers::elevenlabs
