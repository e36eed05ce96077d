#pragma once
#include <atomic>

#include "parley/base/clock.hpp"
#include "parley/dialog/dialogue.hpp"
#include "parley/speech/recognizer.hpp"
#include "parley/speech/result_queue.hpp"
#include "parley/speech/synthesizer.hpp"

/// Engines that cost nothing and take exactly their time, so that what is left is Parley's own.
namespace parley::bench {

struct EngineTimes {
  Duration recognition = std::chrono::milliseconds(100);  ///< from the end of a turn to its words
  Duration first_token = std::chrono::milliseconds(150);  ///< from the words to the first sentence
  Duration first_audio = std::chrono::milliseconds(75);   ///< from a sentence to its first audio
  Duration whole() const { return recognition + first_token + first_audio; }
};

class SimulatedRecognizer final : public speech::Recognizer {
 public:
  SimulatedRecognizer(Clock& clock, EngineTimes times) : clock_(clock), times_(times) {}
  std::string name() const override { return "simulated"; }
  Task<std::unique_ptr<speech::RecognizerSession>> open(Context,
                                                        speech::RecognizerOptions) override;

 private:
  Clock& clock_;
  EngineTimes times_;
};

/// Two seconds of a voice-like sound for each sentence, all of it as soon as it begins.
class SimulatedSynthesizer final : public speech::Synthesizer {
 public:
  SimulatedSynthesizer(Clock& clock, EngineTimes times);
  std::string name() const override { return "simulated"; }
  Task<std::unique_ptr<speech::SynthesisStream>> synthesize(Context, std::string,
                                                            speech::VoiceOptions) override;
  std::size_t samples_said() const noexcept { return samples_said_; }  ///< handed out; any thread

 private:
  Clock& clock_;
  EngineTimes times_;
  audio::Samples sentence_;
  std::atomic<std::size_t> samples_said_{0};
};

/// Greets, and answers whatever it hears with two sentences.
class SimulatedDialogues final : public dialog::DialogueFactory {
 public:
  SimulatedDialogues(Clock& clock, EngineTimes times) : clock_(clock), times_(times) {}
  Task<std::unique_ptr<dialog::Dialogue>> start(Context, dialog::DialogueStart) override;

 private:
  Clock& clock_;
  EngineTimes times_;
};

}  // namespace parley::bench
