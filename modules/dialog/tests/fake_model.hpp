#pragma once
#include <deque>

#include "parley/base/clock.hpp"
#include "parley/dialog/language_model.hpp"

namespace parley::dialog {

/// An engine that does what a test has set, in the clock's time.
class FakeModel final : public LanguageModel {
 public:
  struct Step {
    Duration after{};
    Result<LanguageEvent> event;
  };
  using Answer = std::vector<Step>;  ///< after the last one it hangs

  FakeModel(Clock& clock, std::string name) : clock_(clock), name_(std::move(name)) {}
  std::string name() const override { return name_; }
  Task<std::unique_ptr<LanguageStream>> generate(Context, ModelPrompt prompt) override {
    prompts.push_back(std::move(prompt));
    if (answers.empty()) co_return fail(Errc::unavailable, name_ + " is down");
    auto answer = std::move(answers.front());
    answers.pop_front();
    co_return std::make_unique<Stream>(*this, std::move(answer));
  }

  /// Words, each `apart` after the one before it, then the completion with the last.
  static Answer saying(const std::vector<std::string>& words, Duration apart = {}) {
    Answer answer;
    for (const auto& word : words) answer.push_back({apart, LanguageEvent(TextPiece{word})});
    answer.push_back({Duration{}, LanguageEvent(Completion{})});
    return answer;
  }
  /// The same, ending in a failure instead.
  static Answer failing(const std::vector<std::string>& words, Errc code, Duration apart = {}) {
    auto answer = saying(words, apart);
    answer.back() = {apart, fail(code, "as the test wants it")};
    return answer;
  }
  static Answer hanging(const std::vector<std::string>& words = {}) {
    auto answer = saying(words);
    answer.pop_back();
    return answer;
  }

  std::deque<Answer> answers;  ///< none left: generate() fails
  std::vector<ModelPrompt> prompts;
  int running = 0;

 private:
  class Stream final : public LanguageStream {
   public:
    Stream(FakeModel& model, Answer answer) : model_(model), answer_(std::move(answer)) {
      ++model_.running;
    }
    ~Stream() override { --model_.running; }
    Task<LanguageEvent> next() override {
      if (at_ == answer_.size()) co_await model_.clock_.sleep_for(std::chrono::hours(1000));
      if (answer_[at_].after > Duration{}) co_await model_.clock_.sleep_for(answer_[at_].after);
      co_return answer_[at_++].event;
    }

   private:
    FakeModel& model_;
    Answer answer_;
    std::size_t at_ = 0;
  };
  Clock& clock_;
  std::string name_;
};

}  // namespace parley::dialog
