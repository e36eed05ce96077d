#pragma once
#include "grammar.hpp"
#include "parley/speech/recognizer.hpp"
#include "understanding.hpp"

namespace parley::dialog {

/// What callers of one business are likely to say in each state. Immutable, thread-safe; shared by
/// all calls of the business.
class Expectations {
 public:
  Expectations(const business::Profile& profile, const ServiceLexicon& lexicon,
               const std::vector<std::string>& document_sentences);

  std::shared_ptr<const speech::Expectation> get(Asked asked) const {
    return made_[static_cast<std::size_t>(asked)];
  }
  /// For Asked::when, when only the day or only the time is missing: far less can be meant.
  /// `denied`: weekdays, or hours in words, that the caller said no to; they are not heard again.
  std::shared_ptr<const speech::Expectation> day(const Words& denied = {}) const;
  std::shared_ptr<const speech::Expectation> time(const Words& denied = {}) const;
  /// For Asked::name, when the caller was asked to spell it.
  std::shared_ptr<const speech::Expectation> spelling() const { return spelling_; }

 private:
  Expectations(const business::Profile& profile, const ServiceLexicon& lexicon,
               const std::vector<std::string>& document_sentences,
               const std::vector<Words>& topics);

  Grammar grammar_;
  std::shared_ptr<const speech::Expectation> spelling_;
  std::shared_ptr<const speech::Expectation> day_;
  std::shared_ptr<const speech::Expectation> time_;
  static constexpr std::size_t states = 12;
  std::array<std::shared_ptr<const speech::Expectation>, states> made_;
};

}  // namespace parley::dialog
