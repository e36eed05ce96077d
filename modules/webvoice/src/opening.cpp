#include "opening.hpp"

#include <algorithm>
#include <array>

namespace parley::webvoice {

namespace {

constexpr std::array rates{8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 96000};
constexpr std::size_t longest_token = 200;

std::unexpected<Complaint> complain(std::string code, std::string message) {
  return std::unexpected(Complaint{std::move(code), std::move(message)});
}

std::optional<std::int64_t> count_in(const json::object& object, std::string_view field) {
  auto* value = object.if_contains(field);
  if (!value) return 0;
  if (value->is_int64() && value->get_int64() >= 0) return value->get_int64();
  return std::nullopt;
}

}  // namespace

std::expected<std::optional<AudioFormat>, Complaint> read_audio_format(
    const json::object& message) {
  auto* value = message.if_contains("audio");
  if (!value || value->is_null()) return std::optional<AudioFormat>{};
  auto* object = value->if_object();
  if (!object)
    return complain("bad_message", R"(audio is an object such as {"format":"pcm16","rate":48000})");
  auto format = text_in(*object, "format");
  if (format == "webm-opus") return AudioFormat{AudioFormat::Kind::webm_opus, 48000};
  if (format != "pcm16") return complain("unknown_format", "audio.format is pcm16 or webm-opus");
  auto* channels = object->if_contains("channels");
  if (channels && !(channels->is_int64() && channels->get_int64() == 1))
    return complain("not_mono", "pcm16 audio is mono: channels is 1");
  auto* rate = object->if_contains("rate");
  bool known =
      rate && rate->is_int64() && std::ranges::find(rates, rate->get_int64()) != rates.end();
  if (!known)
    return complain("unknown_rate",
                    "audio.rate is one of 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, "
                    "48000, 96000");
  return AudioFormat{AudioFormat::Kind::pcm16, static_cast<int>(rate->get_int64())};
}

std::expected<Opening, Complaint> read_opening(std::string_view text) {
  if (text.size() > most_json_bytes) return complain("too_large", "the first message is too large");
  auto parsed = parse_json(text);
  auto* object = parsed ? parsed->if_object() : nullptr;
  if (!object) return complain("bad_message", "the first message is a JSON object");
  Opening opening;
  auto type = text_in(*object, "type");
  if (type != "start" && type != "resume")
    return complain("bad_message", "the first message is of type start or resume");
  opening.kind = type == "start" ? Opening::Kind::start : Opening::Kind::resume;
  opening.token = text_in(*object, "token");
  if (opening.token.empty() || opening.token.size() > longest_token)
    return complain("bad_token", "token is the text that the session was made with");
  auto audio = read_audio_format(*object);
  if (!audio) return std::unexpected(audio.error());
  opening.audio = *audio;
  auto output = text_in(*object, "output");
  if (!output.empty() && output != "voice" && output != "text")
    return complain("bad_message", "output is voice or text");
  opening.wants_speech = output != "text";
  auto after = count_in(*object, "after");
  auto bytes = count_in(*object, "audioBytes");
  if (!after || !bytes)
    return complain("bad_message", "after and audioBytes are whole numbers from 0");
  opening.after = *after;
  opening.audio_bytes = static_cast<std::uint64_t>(*bytes);
  return opening;
}

}  // namespace parley::webvoice
