#pragma once
#include <map>

#include "understanding.hpp"

namespace parley::dialog {

/// The JSGF rules for one business's callers. The names of the rules say what their words mean
/// (<service_2>, <day>, <time>, <name>, <yes>): the tests hold understanding to that.
class Grammar {
 public:
  /// `topics`: what the documents are about, in the words callers use for it.
  Grammar(const business::Profile& profile, const ServiceLexicon& lexicon,
          const std::vector<Words>& topics = {});

  /// The body for a state: "public <utterance> = ...;" and every rule it needs, no header. Empty
  /// when anything may be said.
  std::string body(Asked asked) const;
  /// For Asked::name, when the caller was asked to spell it.
  std::string spelling_body() const;
  /// For Asked::when, when only the day or only the time is missing.
  /// `denied`: weekdays, or hours in words, that were heard and were wrong.
  std::string day_body(const Words& denied = {}) const;
  std::string time_body(const Words& denied = {}) const;

 private:
  void add(std::string name, std::string rule) { rules_[std::move(name)] = std::move(rule); }
  void add_services(const business::Profile& profile, const ServiceLexicon& lexicon);
  void add_dates();
  void add_people();
  void add_requests();
  void add_topics(const std::vector<Words>& topics);
  using Rules = std::map<std::string, std::string>;
  std::string with_needed(const std::string& utterance, const Rules& instead = {}) const;
  std::string without(const std::string& rule, const Words& denied) const;

  Rules rules_;
  bool has_services_ = false;
  bool has_topics_ = false;
};

}  // namespace parley::dialog
