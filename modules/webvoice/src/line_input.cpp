// What a browser sends down its line.
#include "browser_line.hpp"
#include "parley/base/strings.hpp"

namespace parley::webvoice {

bool BrowserLine::listen_to(const std::optional<AudioFormat>& format) {
  audio_.reset();
  audio_broken_ = false;
  begins_ = true;
  if (!format) return true;
  auto audio = CallerAudio::create(*format);
  if (!audio) {
    complain("audio_unavailable", "Audio cannot be taken just now.");
    return false;
  }
  audio_ = std::move(*audio);
  return true;
}

void BrowserLine::take(const std::shared_ptr<Attachment>& socket, net::WebSocketMessage message) {
  if (socket_ != socket || closed_ || hung_up_) return;
  if (message.binary) {
    take_binary(message.payload);
  } else {
    take_text(message.payload);
  }
}

void BrowserLine::take_binary(std::string_view bytes) {
  if (bytes.size() > most_binary_bytes) {
    ++counters_.malformed;
    return complain("too_large", "A binary message is at most 256 KB of audio.");
  }
  if (!audio_) {
    ++counters_.malformed;
    // After a broken stream what follows is as broken; it was told once.
    if (audio_broken_) return;
    return complain("audio_not_announced",
                    R"(Announce audio before sending it: {"type":"audio","audio":{...}}.)");
  }
  auto samples = audio_->feed(as_bytes(bytes));
  if (samples) return hear(std::move(*samples));
  ++counters_.malformed;
  if (samples.error().code == Errc::invalid) return complain("bad_audio", samples.error().detail);
  audio_.reset();
  audio_broken_ = true;
  complain("bad_audio", samples.error().detail);
  tell_mode_if_changed();
}

void BrowserLine::take_text(std::string_view text) {
  if (text.size() > most_json_bytes) {
    ++counters_.malformed;
    return complain("too_large", "A JSON message is at most 16 KB.");
  }
  auto parsed = parse_json(text);
  auto* object = parsed ? parsed->if_object() : nullptr;
  if (!object) {
    ++counters_.malformed;
    return complain("bad_message", "Text messages are JSON objects.");
  }
  take_command(*object);
}

void BrowserLine::take_command(const json::object& message) {
  auto type = text_in(message, "type");
  if (type == "text") return push_turn(message);
  if (type == "key") {
    auto digit = text_in(message, "digit");
    constexpr std::string_view keys = "0123456789*#ABCD";
    if (digit.size() == 1 && keys.find(digit[0]) != std::string_view::npos)
      return push(telephony::MediaDigit{digit[0]});
    ++counters_.malformed;
    return complain("bad_message", "digit is one of 0 to 9, * and #.");
  }
  if (type == "mark") {
    auto found = std::ranges::find(pending_marks_, text_in(message, "name"));
    if (found == pending_marks_.end()) return;
    push(telephony::MediaMark{std::move(*found)});
    pending_marks_.erase(found);
    return;
  }
  if (type == "audio") {
    auto format = read_audio_format(message);
    if (!format) {
      ++counters_.malformed;
      return complain(format.error().code, format.error().message);
    }
    listen_to(*format);
    return tell_mode_if_changed();
  }
  if (type == "output") {
    wants_speech_ = text_in(message, "output") != "text";
    return tell_mode_if_changed();
  }
  if (type == "hangup") {
    hung_up_ = true;
    changed_.notify();
    return;
  }
  ++counters_.malformed;
  complain("unknown_type", "type is one of text, key, mark, audio, output, hangup.");
}

void BrowserLine::push_turn(const json::object& message) {
  auto text = text_in(message, "text");
  auto words = std::string(trim(text));
  if (words.size() > most_text_bytes) {
    ++counters_.malformed;
    return complain("too_large", "A turn is at most 2,000 bytes of text.");
  }
  if (words.empty()) return complain("bad_message", "text is what the visitor says.");
  push(telephony::MediaText{std::move(words)});
}

}  // namespace parley::webvoice
