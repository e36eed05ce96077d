// The incoming side of a call session: frames, keys, interruptions, and the recording.
#include "call_session_impl.hpp"
#include "interjection.hpp"
#include "parley/audio/g711.hpp"

namespace parley::voice {

namespace {

constexpr Duration recording_interval = std::chrono::seconds(2);
constexpr std::size_t most_keys = 32;
/// Speech shorter than this without words is a cough or a bang.
constexpr Duration shortest_unclear = std::chrono::milliseconds(500);
/// Nobody says "uh-huh" for this long.
constexpr Duration longest_sound = std::chrono::milliseconds(900);
constexpr std::size_t most_typed = 16;  ///< turns that wait for an answer

void decode(telephony::Codec codec, std::span<const std::byte> payload, audio::Samples& out) {
  std::span codes(reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size());
  switch (codec) {
    case telephony::Codec::mulaw:
      out.resize(codes.size());
      return audio::mulaw_decode(codes, out);
    case telephony::Codec::alaw:
      out.resize(codes.size());
      std::ranges::transform(codes, out.begin(),
                             [](std::uint8_t code) { return audio::alaw_decode(code); });
      return;
    case telephony::Codec::pcm16:
      break;
  }
  out.resize(payload.size() / 2);
  std::memcpy(out.data(), payload.data(), out.size() * 2);
}

}  // namespace

asio::awaitable<void> CallSession::Impl::read_media() {
  auto receiving = parts.media->receive_all([this](telephony::MediaEvent& event) {
    on_media(event);
    return true;
  });
  auto received = co_await std::move(receiving);
  bool orderly = received.error().code == Errc::end_of_stream;
  end(orderly ? EndReason::caller_hung_up : EndReason::media_lost);
}

void CallSession::Impl::on_media(telephony::MediaEvent& event) {
  if (auto* audio = std::get_if<telephony::MediaAudio>(&event))
    on_audio(*audio);
  else if (auto* key = std::get_if<telephony::MediaDigit>(&event))
    on_digit(key->digit);
  else if (auto* typed_turn = std::get_if<telephony::MediaText>(&event))
    on_text(std::move(typed_turn->text));
  else
    playout.on_mark(std::get<telephony::MediaMark>(event).name);
}

void CallSession::Impl::on_audio(const telephony::MediaAudio& audio) {
  if (playout.held()) changed.notify();  // a sound is judged by how long it lasts
  // Of the thread: nobody keeps it, and a room of each call's own would be out of the cache.
  thread_local audio::Samples samples;
  decode(parts.media->codec(), audio.payload, samples);
  // Placed by the carrier's clock, so that a burst does not pile up at its arrival.
  if (!carrier_offset) carrier_offset = since_start(parts.clock.now()) - audio.timestamp;
  auto at = *carrier_offset + audio.timestamp;
  if (parts.recording) recorder.add(audio::StereoRecorder::Track::caller, at, samples);
  listening.hear(Listening::Track::caller, at, samples);
  if (aside == Aside::on_hold) return;
  if (partial_frame.empty() && samples.size() == audio::telephone_frame_samples) {
    on_frame(samples);
    return;
  }
  partial_frame.insert(partial_frame.end(), samples.begin(), samples.end());
  std::size_t used = 0;
  for (; used + audio::telephone_frame_samples <= partial_frame.size();
       used += audio::telephone_frame_samples)
    on_frame(std::span(partial_frame).subspan(used, audio::telephone_frame_samples));
  partial_frame.erase(partial_frame.begin(),
                      partial_frame.begin() + static_cast<std::ptrdiff_t>(used));
}

void CallSession::Impl::on_frame(std::span<const std::int16_t> frame) {
  watch_answer(frame);
  ear.on_frame(frame);
}

void CallSession::Impl::on_speech_started() {
  if (agent_active && !reciting) hold();
}

void CallSession::Impl::hold() {
  if (interrupted || playout.held()) return;
  spoke_when_held = playout.speaking();
  held_since = parts.clock.now();
  playout.hold();
  ear.note_over_agent();
}

/// Words stop the agent. "Uh-huh", a cough and noise do not, nor does "okay" but where a question
/// stands. Until the words are known a sound is a word when it lasts.
void CallSession::Impl::judge_sound() {
  if (!playout.held() || interrupted) return;
  ear.check_time();
  auto is_word = [this](std::string_view words) {
    auto kind = classify_interjection(words);
    return kind == Interjection::words || (kind == Interjection::agreement && mouth.asking());
  };
  if (auto* utterance = ear.first()) {
    bool words = is_word(utterance->text) || utterance->lost ||
                 (utterance->text.empty() && utterance->voiced >= shortest_unclear);
    if (words) return interrupt();
    auto sound = ear.take();
    return go_on(sound->text);
  }
  if (!ear.hearing()) {
    if (!ear.awaiting_words()) go_on("");
    return;
  }
  const auto& words = ear.words_so_far();
  if (words.empty() ? ear.voiced() >= longest_sound : is_word(words)) interrupt();
}

void CallSession::Impl::go_on(std::string_view after) {
  playout.release();
  if (!spoke_when_held) return;
  json::object data{{"heldMs", (parts.clock.now() - held_since) / std::chrono::milliseconds(1)}};
  if (!after.empty()) data["after"] = after;
  journal("resumed", std::move(data));
}

void CallSession::Impl::interrupt() {
  if (interrupted) return;
  bool was_speaking = playout.held() ? spoke_when_held : playout.speaking();
  heard = mouth.interrupt();
  interrupted = true;
  may_resume = true;
  if (was_speaking) {
    ++report.interruptions;
    journal("barge_in", {{"heardMs", heard.played / std::chrono::milliseconds(1)}});
  }
  changed.notify();
}

void CallSession::Impl::on_digit(char digit) {
  if (aside != Aside::no) return;
  if (agent_active) interrupt();
  may_resume = false;
  if (keys.size() < most_keys) keys += digit;
  last_key = parts.clock.now();
  changed.notify();
}

void CallSession::Impl::on_text(std::string text) {
  if (agent_active) interrupt();
  may_resume = false;
  if (typed.size() >= most_typed) {
    if (auto* screen = parts.media->companion()) screen->not_taken(std::move(text));
    return;
  }
  typed.push_back(std::move(text));
  changed.notify();
}

std::optional<std::string> CallSession::Impl::take_keys() {
  if (keys.empty()) return std::nullopt;
  bool whole = last_end.keys_expected <= 1 || keys.back() == '#' ||
               keys.size() >= static_cast<std::size_t>(last_end.keys_expected) ||
               parts.clock.now() >= last_key + settings.key_pause;
  if (!whole) return std::nullopt;
  return std::exchange(keys, {});
}

asio::awaitable<void> CallSession::Impl::write_recording() {
  while (parts.recording) {
    co_await parts.clock.sleep_for(recording_interval);
    parts.recording->append(recorder.drain(since_start(parts.clock.now())));
  }
}

}  // namespace parley::voice
