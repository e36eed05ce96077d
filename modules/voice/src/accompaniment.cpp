#include "parley/voice/accompaniment.hpp"

#include <optional>

#include "parley/base/task_group.hpp"

namespace parley::voice {

namespace {

using Engine = telephony::Companion::Engine;

/// Shorter than the session's own limit, which would take a hanging engine for a lost sentence.
constexpr Duration synthesis_limit = std::chrono::milliseconds(2500);
/// A voice that failed is left alone for so long: each try may cost the limit above.
constexpr Duration rest_after_failure = std::chrono::seconds(5);
/// What stands for a sentence that is only shown.
constexpr std::size_t silence_samples = 2 * audio::telephone_frame_samples;
constexpr Duration patience_with_typing = std::chrono::seconds(60);

class Silence final : public speech::SynthesisStream {
 public:
  explicit Silence(int rate_hz) : rate_hz_(rate_hz) {}
  Task<audio::Frame> next() override {
    if (std::exchange(given_, true)) co_return fail(Errc::end_of_stream, "");
    audio::Frame frame{audio::Samples(silence_samples, 0), rate_hz_};
    co_return frame;
  }

 private:
  int rate_hz_;
  bool given_ = false;
};

std::string text_of(const json::object& data, std::string_view field) {
  return parley::text_in(data, field);
}

}  // namespace

struct Accompaniment::Shared {
  /// Tells of the words while they are still changing, and of the engine that is back.
  class Hearing final : public speech::Recognizer {
   public:
    explicit Hearing(Parts& parts) : parts_(parts) {}
    std::string name() const override { return parts_.recognizer.name(); }
    Task<std::unique_ptr<speech::RecognizerSession>> open(
        Context ctx, speech::RecognizerOptions options) override {
      auto opening = parts_.recognizer.open(std::move(ctx), std::move(options));
      auto session = co_await std::move(opening);
      if (!session) co_return std::unexpected(session.error());
      parts_.companion.engine_works(Engine::recognizer);
      co_return std::make_unique<Session>(parts_, std::move(*session));
    }

   private:
    class Session final : public speech::RecognizerSession {
     public:
      Session(Parts& parts, std::unique_ptr<speech::RecognizerSession> inner)
          : parts_(parts), inner_(std::move(inner)) {}
      void expect(std::shared_ptr<const speech::Expectation> expectation) override {
        inner_->expect(std::move(expectation));
      }
      Task<void> send(audio::Frame frame) override { return inner_->send(std::move(frame)); }
      Task<void> finalize() override { return inner_->finalize(); }
      Task<void> close() override { return inner_->close(); }
      Task<speech::Transcript> next() override {
        auto waiting = inner_->next();
        auto transcript = co_await std::move(waiting);
        if (transcript && !transcript->is_final && !transcript->text.empty())
          parts_.companion.hearing(transcript->text);
        co_return transcript;
      }

     private:
      Parts& parts_;
      std::unique_ptr<speech::RecognizerSession> inner_;
    };
    Parts& parts_;
  };

  /// Shows each sentence and has it spoken, or not.
  class Voice final : public speech::Synthesizer {
   public:
    explicit Voice(Parts& parts) : parts_(parts) {}
    std::string name() const override { return parts_.synthesizer.name(); }
    Task<std::unique_ptr<speech::SynthesisStream>> synthesize(
        Context ctx, std::string text, speech::VoiceOptions options) override {
      parts_.companion.saying(text);
      int rate_hz = options.rate_hz;
      if (!parts_.companion.wants_speech() || parts_.clock.now() < rests_until_)
        co_return std::make_unique<Silence>(rate_hz);
      auto starting = parts_.synthesizer.synthesize(std::move(ctx), std::move(text), options);
      auto stream = co_await with_deadline(parts_.clock, parts_.clock.now() + synthesis_limit,
                                           std::move(starting));
      if (stream) co_return std::make_unique<Stream>(*this, std::move(*stream), rate_hz);
      failed(stream.error());
      co_return std::make_unique<Silence>(rate_hz);
    }

   private:
    class Stream final : public speech::SynthesisStream {
     public:
      Stream(Voice& voice, std::unique_ptr<speech::SynthesisStream> inner, int rate_hz)
          : voice_(voice), inner_(std::move(inner)), rest_(rate_hz) {}
      Task<audio::Frame> next() override {
        if (broken_) co_return co_await rest_.next();
        auto& clock = voice_.parts_.clock;
        auto making = inner_->next();
        auto frame =
            co_await with_deadline(clock, clock.now() + synthesis_limit, std::move(making));
        if (frame) {
          if (!std::exchange(sounded_, true))
            voice_.parts_.companion.engine_works(Engine::synthesizer);
          co_return frame;
        }
        if (frame.error().code == Errc::end_of_stream) co_return frame;
        broken_ = true;
        voice_.failed(frame.error());
        co_return co_await rest_.next();
      }

     private:
      Voice& voice_;
      std::unique_ptr<speech::SynthesisStream> inner_;
      Silence rest_;
      bool sounded_ = false;
      bool broken_ = false;
    };

    void failed(const Error& error) {
      rests_until_ = parts_.clock.now() + rest_after_failure;
      parts_.companion.engine_failed(Engine::synthesizer, error.detail);
      parts_.journal.add({parts_.clock.now() - began_,
                          "engine.failed",
                          {{"engine", "synthesizer"}, {"error", error.detail}, {"shown", true}}});
    }

    Parts& parts_;
    TimePoint began_ = parts_.clock.now();
    TimePoint rests_until_{};
  };

  class Patient final : public dialog::Dialogue {
   public:
    Patient(telephony::Companion& companion, std::unique_ptr<dialog::Dialogue> inner)
        : companion_(companion), inner_(std::move(inner)) {}
    Task<dialog::TurnEnd> open(Context ctx, dialog::Speaker& speaker) override {
      return patiently(inner_->open(std::move(ctx), speaker));
    }
    Task<dialog::TurnEnd> reply(Context ctx, dialog::UserTurn turn,
                                dialog::Speaker& speaker) override {
      return patiently(inner_->reply(std::move(ctx), std::move(turn), speaker));
    }
    Task<dialog::TurnEnd> silence(Context ctx, int times, dialog::Speaker& speaker) override {
      return patiently(inner_->silence(std::move(ctx), times, speaker));
    }
    void anticipate(Context ctx, dialog::UserTurn so_far) override {
      inner_->anticipate(std::move(ctx), std::move(so_far));
    }
    void interrupted(std::string_view heard) override { inner_->interrupted(heard); }
    dialog::Outcome outcome() const override { return inner_->outcome(); }

   private:
    Task<dialog::TurnEnd> patiently(Task<dialog::TurnEnd> work) {
      auto end = co_await std::move(work);
      if (end && companion_.types()) end->patience = std::max(end->patience, patience_with_typing);
      co_return end;
    }
    telephony::Companion& companion_;
    std::unique_ptr<dialog::Dialogue> inner_;
  };

  explicit Shared(Parts given) : parts(given) {}
  Parts parts;
  Hearing hearing{parts};
  Voice voice{parts};
};

Accompaniment::Accompaniment(Parts parts) : shared_(std::make_unique<Shared>(parts)) {}
Accompaniment::~Accompaniment() = default;

speech::Recognizer& Accompaniment::recognizer() noexcept { return shared_->hearing; }
speech::Synthesizer& Accompaniment::synthesizer() noexcept { return shared_->voice; }

std::unique_ptr<dialog::Dialogue> Accompaniment::patient(
    std::unique_ptr<dialog::Dialogue> dialogue) {
  return std::make_unique<Shared::Patient>(shared_->parts.companion, std::move(dialogue));
}

void Accompaniment::follow(const TimelineEntry& entry) {
  auto& companion = shared_->parts.companion;
  auto& data = entry.data;
  if (entry.kind == "caller.said") {
    auto* confidence = data.if_contains("confidence");
    companion.heard(text_of(data, "text"),
                    confidence && confidence->is_double() ? confidence->as_double() : 1.0,
                    text_of(data, "input"));
  } else if (entry.kind == "agent.said") {
    auto* interrupted = data.if_contains("interrupted");
    if (interrupted && interrupted->is_bool() && interrupted->as_bool())
      companion.cut_off(text_of(data, "heard"));
  } else if (entry.kind == "tool") {
    companion.tool_used(text_of(data, "name"), text_of(data, "error"));
  } else if (entry.kind == "engine.failed" && text_of(data, "engine") == "recognizer") {
    companion.engine_failed(Engine::recognizer, text_of(data, "error"));
  }
}

}  // namespace parley::voice
