#pragma once
#include <map>

#include "understanding.hpp"

namespace parley::dialog {

/// The JSGF rules for one business's callers. The names of the rules say what their words mean
/// (<service_2>, <day>, <time>, <name>, <yes>): the tests hold understanding to that.
class Grammar {
 public:
  Grammar(const business::Profile& profile, const ServiceLexicon& lexicon);

  /// The body for a state: "public <utterance> = ...;" and every rule it needs, no header. Empty
  /// when anything may be said.
  std::string body(Asked asked) const;
  /// For Asked::name, when the caller was asked to spell it.
  std::string spelling_body() const;
  /// For Asked::when, when only the day or only the time is missing.
  std::string day_body() const;
  std::string time_body() const;

 private:
  void add(std::string name, std::string rule) { rules_[std::move(name)] = std::move(rule); }
  void add_services(const business::Profile& profile, const ServiceLexicon& lexicon);
  void add_dates();
  void add_people();
  void add_requests();
  std::string with_needed(const std::string& utterance) const;

  std::map<std::string, std::string> rules_;
  bool has_services_ = false;
};

}  // namespace parley::dialog
