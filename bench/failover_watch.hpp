#pragma once
#include <optional>

#include "parley/dialog/language_model.hpp"
#include "parley/speech/recognizer.hpp"
#include "parley/speech/synthesizer.hpp"

/// Engines as they are, with a look at the clock when they are asked, fail, and give something.
namespace parley::bench {

/// Of one engine in one call: each the first time.
struct EngineTimes {
  std::optional<TimePoint> opened;  ///< a session was asked for
  std::optional<TimePoint> ready;   ///< the session was there
  std::optional<TimePoint> asked;   ///< for the words of a turn, for text, or for a voice
  std::optional<TimePoint> failed;
  std::optional<TimePoint> given;  ///< the first word, text or audio
};

class Watch {
 public:
  Watch(Clock& clock, EngineTimes& times) : clock_(clock), times_(times) {}
  void first(std::optional<TimePoint> EngineTimes::* which) const {
    if (!(times_.*which)) times_.*which = clock_.now();
  }
  template <class T>
  void failure_of(const Result<T>& outcome) const {
    if (!outcome && outcome.error().code != Errc::end_of_stream) first(&EngineTimes::failed);
  }

 private:
  Clock& clock_;
  EngineTimes& times_;
};

class WatchedRecognizer final : public speech::Recognizer {
 public:
  WatchedRecognizer(speech::Recognizer& engine, Watch watch) : engine_(engine), watch_(watch) {}
  std::string name() const override { return engine_.name(); }
  Task<std::unique_ptr<speech::RecognizerSession>> open(Context ctx,
                                                        speech::RecognizerOptions options) override;

 private:
  speech::Recognizer& engine_;
  Watch watch_;
};

class WatchedModel final : public dialog::LanguageModel {
 public:
  WatchedModel(dialog::LanguageModel& engine, Watch watch) : engine_(engine), watch_(watch) {}
  std::string name() const override { return engine_.name(); }
  Task<std::unique_ptr<dialog::LanguageStream>> generate(Context ctx,
                                                         dialog::ModelPrompt prompt) override;

 private:
  dialog::LanguageModel& engine_;
  Watch watch_;
};

class WatchedSynthesizer final : public speech::Synthesizer {
 public:
  WatchedSynthesizer(speech::Synthesizer& engine, Watch watch) : engine_(engine), watch_(watch) {}
  std::string name() const override { return engine_.name(); }
  Task<std::unique_ptr<speech::SynthesisStream>> synthesize(Context ctx, std::string text,
                                                            speech::VoiceOptions options) override;

 private:
  speech::Synthesizer& engine_;
  Watch watch_;
};

}  // namespace parley::bench
