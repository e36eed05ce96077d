#pragma once
#include <functional>
#include <map>
#include <string>

#include "parley/simulators/twilio_line.hpp"
#include "parley/speech/synthesizer.hpp"

namespace parley::simulators {

/// How a caller sounds.
struct CallerSound {
  std::string voice = "flite:slt";  ///< engine and its voice
  double noise_db = 100;            ///< voice over noise on the line; 100: none
  std::uint64_t seed = 1;           ///< of the noise
  double speed = 1.0;
};

/// Engines by the name before the colon of a voice; they outlive who uses them.
using CallerVoices = std::map<std::string, speech::Synthesizer*>;

/// A person's words as the telephone carries them.
struct SpokenWords {
  audio::Samples samples;
  Duration quiet_at_end{};  ///< after the last sound of the voice
};

/// A simulated person on a line: a synthesised voice through the telephone band, with the noise of
/// the room they are in for the whole call. carry_noise() must run beside the line's run(). Used
/// from the line's strand.
class CallerOnLine {
 public:
  /// All outlive it.
  CallerOnLine(Clock& clock, TwilioLine& line, CallerVoices voices, CallerSound sound);

  /// Errors: not_found (no such engine), and the engine's.
  Task<SpokenWords> speak(std::string text);
  void say(SpokenWords words);
  void set_noise(double noise_db) noexcept { sound_.noise_db = noise_db; }
  bool talking() const noexcept { return talking_; }
  /// When the voice's last sound was sent, since the call was dialled.
  Duration words_ended() const noexcept { return words_ended_; }

  asio::awaitable<void> until_said(TimePoint limit);
  /// The agent has spoken (since `after`, if that is later) and is silent.
  asio::awaitable<void> until_agent_finished(TimePoint limit, Duration after = Duration{});
  asio::awaitable<void> until_agent_speaks(TimePoint limit);
  /// A room does not fall silent between sentences.
  asio::awaitable<void> carry_noise();

  std::function<void()> on_words_ended;

 private:
  Clock& clock_;
  TwilioLine& line_;
  CallerVoices voices_;
  CallerSound sound_;
  std::uint64_t seed_;
  bool talking_ = false;  ///< words, not only the line's noise, are on their way
  Duration quiet_at_end_{};
  Duration words_ended_{};
};

}  // namespace parley::simulators
