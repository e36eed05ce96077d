#include "parley/simulators/caller_on_line.hpp"

#include <cmath>

#include "parley/audio/telephone_line.hpp"

namespace parley::simulators {

namespace {

/// A pause this long is the end of what the agent says, not one between its sentences.
constexpr Duration agent_done = std::chrono::milliseconds(800);

/// How long nothing louder than a breath is at the end.
Duration quiet_end_of(const audio::Samples& samples) {
  constexpr int breath = 300;
  auto loud = std::find_if(samples.rbegin(), samples.rend(),
                           [](std::int16_t sample) { return std::abs(sample) > breath; });
  return std::chrono::microseconds(125) * (loud - samples.rbegin());
}

}  // namespace

CallerOnLine::CallerOnLine(Clock& clock, TwilioLine& line, CallerVoices voices, CallerSound sound)
    : clock_(clock),
      line_(line),
      voices_(std::move(voices)),
      sound_(std::move(sound)),
      seed_(sound_.seed) {}

Task<SpokenWords> CallerOnLine::speak(std::string text) {
  auto colon = sound_.voice.find(':');
  auto engine = voices_.find(sound_.voice.substr(0, colon));
  if (engine == voices_.end() || colon == std::string::npos)
    co_return fail(Errc::not_found, "no voice is named " + sound_.voice);
  speech::VoiceOptions options;
  options.voice = sound_.voice.substr(colon + 1);
  options.speed = sound_.speed;
  auto starting = engine->second->synthesize(Context{}, std::move(text), options);
  auto stream = co_await std::move(starting);
  if (!stream) co_return std::unexpected(stream.error());
  audio::Samples samples;
  while (true) {
    auto reading = (*stream)->next();
    auto frame = co_await std::move(reading);
    if (!frame && frame.error().code != Errc::end_of_stream)
      co_return std::unexpected(frame.error());
    if (!frame) break;
    samples.insert(samples.end(), frame->samples.begin(), frame->samples.end());
  }
  SpokenWords words;
  words.quiet_at_end = quiet_end_of(samples);
  // The noise of the line before and after the words is carry_noise()'s.
  audio::TelephoneLine line{
      .snr_db = sound_.noise_db, .seed = ++seed_, .lead = Duration{}, .tail = Duration{}};
  words.samples = audio::over_the_telephone(samples, audio::telephone_rate_hz, line);
  co_return words;
}

void CallerOnLine::say(SpokenWords words) {
  quiet_at_end_ = words.quiet_at_end;
  line_.say(std::move(words.samples));
  talking_ = true;
}

asio::awaitable<void> CallerOnLine::until_said(TimePoint limit) {
  while (talking_ && line_.ended() == LineEnd::none && clock_.now() < limit)
    co_await line_.changed().wait_until(clock_, limit);
}

asio::awaitable<void> CallerOnLine::until_agent_finished(TimePoint limit, Duration after) {
  while (line_.ended() == LineEnd::none && clock_.now() < limit) {
    auto last_heard = line_.elapsed() - line_.agent_silent_for();
    bool finished = line_.agent_ever_spoke() && !line_.agent_speaking() && !talking_ &&
                    last_heard >= after && line_.agent_silent_for() >= agent_done;
    if (finished) co_return;
    co_await line_.changed().wait_until(clock_, limit);
  }
}

asio::awaitable<void> CallerOnLine::until_agent_speaks(TimePoint limit) {
  while (line_.ended() == LineEnd::none && !line_.agent_speaking() && clock_.now() < limit)
    co_await line_.changed().wait_until(clock_, limit);
}

asio::awaitable<void> CallerOnLine::carry_noise() {
  const audio::Samples nothing(std::size_t{10} * audio::telephone_rate_hz, 0);
  auto made_for = sound_.noise_db;
  auto make = [&] {
    return audio::over_the_telephone(nothing, audio::telephone_rate_hz,
                                     {.snr_db = made_for, .seed = seed_});
  };
  auto noise = make();
  std::size_t at = 0;
  while (line_.ended() == LineEnd::none) {
    if (made_for != sound_.noise_db) {
      made_for = sound_.noise_db;
      noise = make();
    }
    if (!line_.caller_speaking()) {
      if (std::exchange(talking_, false)) {
        words_ended_ = line_.elapsed() - quiet_at_end_;
        if (on_words_ended) on_words_ended();
      }
      constexpr std::size_t frame = audio::telephone_frame_samples;
      auto begin = noise.begin() + static_cast<std::ptrdiff_t>(at);
      if (sound_.noise_db < 100) line_.say({begin, begin + frame});
      at = at + 2 * frame <= noise.size() ? at + frame : 0;
    }
    co_await line_.changed().wait();
  }
}

}  // namespace parley::simulators
