#pragma once
#include <deque>
#include <map>

#include "parley/speech/recognizer.hpp"
#include "parley/speech/result_queue.hpp"
#include "parley/speech/synthesizer.hpp"

/// Engines whose every answer the test writes beforehand.
namespace parley::speech {

/// What one synthesize() gives: an error, or pieces of this many samples and then an ending.
struct SynthesisScript {
  std::optional<Error> refuse;
  std::vector<std::size_t> pieces;
  Error ending{Errc::end_of_stream, "done"};
};

class ScriptedSynthesizer final : public Synthesizer {
 public:
  ScriptedSynthesizer(std::string name, SynthesisScript script)
      : name_(std::move(name)), script_(std::move(script)) {}
  std::string name() const override { return name_; }
  Task<std::unique_ptr<SynthesisStream>> synthesize(Context, std::string text,
                                                    VoiceOptions options) override {
    texts.push_back(std::move(text));
    voices.push_back(options.voice);
    if (script_.refuse) co_return std::unexpected(*script_.refuse);
    co_return std::make_unique<Stream>(script_);
  }
  std::vector<std::string> texts;
  std::vector<std::string> voices;

 private:
  class Stream final : public SynthesisStream {
   public:
    explicit Stream(SynthesisScript script) : script_(std::move(script)) {}
    Task<audio::Frame> next() override {
      if (at_ == script_.pieces.size()) co_return std::unexpected(script_.ending);
      co_return audio::Frame{audio::Samples(script_.pieces[at_++], 1)};
    }

   private:
    SynthesisScript script_;
    std::size_t at_ = 0;
  };
  std::string name_;
  SynthesisScript script_;
};

/// A recognizer that answers each finalize() with how many samples it heard, until it breaks.
class CountingRecognizer final : public Recognizer {
 public:
  struct Script {
    std::optional<Error> refuse;              ///< on open()
    std::optional<std::size_t> breaks_after;  ///< finals before the vendor hangs up
  };
  CountingRecognizer(std::string name, Script script)
      : name_(std::move(name)), script_(std::move(script)) {}
  std::string name() const override { return name_; }
  Task<std::unique_ptr<RecognizerSession>> open(Context, RecognizerOptions) override {
    ++opened;
    if (script_.refuse) co_return std::unexpected(*script_.refuse);
    auto executor = co_await asio::this_coro::executor;
    co_return std::make_unique<Session>(*this, executor);
  }
  int opened = 0;
  int closed = 0;
  std::vector<std::string> expectations;

 private:
  class Session final : public RecognizerSession {
   public:
    Session(CountingRecognizer& owner, asio::any_io_executor executor)
        : owner_(owner), results_(std::move(executor), 100) {}
    void expect(std::shared_ptr<const Expectation> expectation) override {
      owner_.expectations.push_back(expectation->name);
    }
    Task<void> send(audio::Frame frame) override {
      heard_ += frame.samples.size();
      co_return Result<void>{};
    }
    Task<void> finalize() override {
      if (owner_.script_.breaks_after == finals_) {
        results_.finish({Errc::unavailable, "the vendor hung up"});
        co_return fail(Errc::unavailable, "the vendor hung up");
      }
      ++finals_;
      Transcript transcript{.text = owner_.name_ + " " + std::to_string(heard_), .is_final = true};
      results_.push(std::move(transcript));
      heard_ = 0;
      co_return Result<void>{};
    }
    Task<Transcript> next() override { return results_.next(); }
    Task<void> close() override {
      ++owner_.closed;
      results_.abandon({Errc::end_of_stream, "closed"});
      co_return Result<void>{};
    }

   private:
    CountingRecognizer& owner_;
    ResultQueue<Transcript> results_;
    std::size_t heard_ = 0;
    std::size_t finals_ = 0;
  };
  std::string name_;
  Script script_;
};

}  // namespace parley::speech
