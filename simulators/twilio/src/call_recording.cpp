#include "call_recording.hpp"

#include "parley/audio/wav.hpp"
#include "parley/base/strings.hpp"

namespace parley::simulators {

namespace {
constexpr std::size_t most_samples = 2u * 8000 * 60 * 30;
}

void CallRecording::add(const PlayedFrame& frame) {
  if (samples_.size() >= most_samples) return;
  for (std::size_t i = 0; i < frame.samples.size(); ++i) {
    if (channels_ == Channels::dual)
      samples_.push_back(i < frame.caller.size() ? frame.caller[i] : std::int16_t{0});
    samples_.push_back(frame.samples[i]);
  }
}

bool CallRecording::tells(const net::Fields& callbacks, std::string_view event) {
  constexpr std::string_view name = "RecordingStatusCallbackEvent";
  bool any = false;
  for (const auto& [field, given] : callbacks) {
    if (field != name) continue;
    any = true;
    if (given == event) return true;
  }
  return !any && event == "completed";
}

Duration CallRecording::length() const {
  auto frames = samples_.size() / static_cast<std::size_t>(channels_);
  return std::chrono::microseconds(125) * static_cast<std::int64_t>(frames);
}

std::string CallRecording::wav() const {
  auto bytes = audio::write_wav(samples_, {audio::telephone_rate_hz, static_cast<int>(channels_)});
  return std::string(as_text(bytes));
}

net::Fields CallRecording::described(const Resource& recording) {
  auto uri = recording.text("uri");
  auto channels = recording.shown.at("channels").as_int64();
  net::Fields fields{{"RecordingSid", recording.text("sid")},
                     {"RecordingUrl", "https://api.twilio.com" + uri.substr(0, uri.rfind('.'))},
                     {"RecordingStatus", recording.text("status")},
                     {"RecordingStartTime", recording.text("start_time")},
                     {"RecordingChannels", std::to_string(channels)},
                     {"RecordingSource", recording.text("source")},
                     {"RecordingTrack", "both"}};
  if (auto seconds = recording.text("duration"); !seconds.empty())
    fields.emplace_back("RecordingDuration", seconds);
  return fields;
}

}  // namespace parley::simulators
