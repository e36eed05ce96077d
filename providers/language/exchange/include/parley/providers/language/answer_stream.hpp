#pragma once
#include <deque>

#include "parley/dialog/language_model.hpp"
#include "parley/providers/language/exchange.hpp"

namespace parley::providers::language {

/// A generation out of the events of an answer. A vendor's class says what an event means.
class AnswerStream : public dialog::LanguageStream {
 public:
  Task<dialog::LanguageEvent> next() override;

 protected:
  explicit AnswerStream(std::unique_ptr<Answer> answer) : answer_(std::move(answer)) {}

  /// Calls give() and complete() as the event wants it. Errors: corrupt.
  virtual Result<void> take(const net::StreamEvent& event) = 0;
  /// The body has ended in order without complete(). Errors: unavailable, unless that may be so.
  virtual Result<void> end();

  void give(dialog::LanguageEvent event) { ready_.push_back(std::move(event)); }
  void give_text(std::string text);
  /// Nothing more is read.
  void complete(dialog::Completion completion);

 private:
  std::unique_ptr<Answer> answer_;  ///< null once complete
  bool is_complete_ = false;
  std::deque<dialog::LanguageEvent> ready_;
};

}  // namespace parley::providers::language
