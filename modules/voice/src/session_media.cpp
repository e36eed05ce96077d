// The incoming side of a call session: frames, keys, interruptions, and the recording.
#include "call_session_impl.hpp"
#include "parley/audio/g711.hpp"

namespace parley::voice {

namespace {

constexpr Duration recording_interval = std::chrono::seconds(2);
constexpr std::size_t most_keys = 32;
constexpr std::size_t most_typed = 16;  ///< turns that wait for an answer

audio::Samples decode(telephony::Codec codec, std::span<const std::byte> payload) {
  std::span codes(reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size());
  switch (codec) {
    case telephony::Codec::mulaw:
      return audio::mulaw_decode(codes);
    case telephony::Codec::alaw:
      return audio::alaw_decode(codes);
    case telephony::Codec::pcm16:
      break;
  }
  audio::Samples samples(payload.size() / 2);
  std::memcpy(samples.data(), payload.data(), samples.size() * 2);
  return samples;
}

}  // namespace

asio::awaitable<void> CallSession::Impl::read_media() {
  while (true) {
    auto receiving = parts.media->next();
    auto event = co_await std::move(receiving);
    if (!event) {
      bool orderly = event.error().code == Errc::end_of_stream;
      end(orderly ? EndReason::caller_hung_up : EndReason::media_lost);
      co_return;
    }
    if (auto* audio = std::get_if<telephony::MediaAudio>(&*event)) {
      on_audio(*audio);
    } else if (auto* key = std::get_if<telephony::MediaDigit>(&*event)) {
      on_digit(key->digit);
    } else if (auto* typed_turn = std::get_if<telephony::MediaText>(&*event)) {
      on_text(std::move(typed_turn->text));
    } else {
      playout.on_mark(std::get<telephony::MediaMark>(*event).name);
    }
  }
}

void CallSession::Impl::on_audio(const telephony::MediaAudio& audio) {
  auto samples = decode(parts.media->codec(), audio.payload);
  if (parts.recording) {
    // Placed by the carrier's clock, so that a burst does not pile up at its arrival.
    if (!carrier_offset) carrier_offset = since_start(parts.clock.now()) - audio.timestamp;
    recorder.add(audio::StereoRecorder::Track::caller, *carrier_offset + audio.timestamp, samples);
  }
  if (partial_frame.empty() && samples.size() == audio::telephone_frame_samples) {
    ear.on_frame(samples);
    return;
  }
  partial_frame.insert(partial_frame.end(), samples.begin(), samples.end());
  std::size_t used = 0;
  for (; used + audio::telephone_frame_samples <= partial_frame.size();
       used += audio::telephone_frame_samples)
    ear.on_frame(std::span(partial_frame).subspan(used, audio::telephone_frame_samples));
  partial_frame.erase(partial_frame.begin(),
                      partial_frame.begin() + static_cast<std::ptrdiff_t>(used));
}

void CallSession::Impl::on_speech_started() {
  if (agent_active) interrupt();
}

void CallSession::Impl::interrupt() {
  if (interrupted) return;
  bool was_speaking = playout.speaking();
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
  if (agent_active) interrupt();
  may_resume = false;
  if (keys.size() < most_keys) keys += digit;
  last_key = parts.clock.now();
  changed.notify();
}

void CallSession::Impl::on_text(std::string text) {
  if (agent_active) interrupt();
  may_resume = false;
  if (typed.size() < most_typed) typed.push_back(std::move(text));
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
