#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "parley/base/id.hpp"
#include "parley/base/json.hpp"

namespace parley::business {

/// A named stage of the agent's conversations and where it may lead.
struct AgentPhase {
  std::string name;               ///< "discovery": lower-case letters, digits and '_'
  std::string goal;               ///< what the agent is after in it, told to the language model
  std::vector<std::string> next;  ///< the phases that may follow
  friend bool operator==(const AgentPhase&, const AgentPhase&) = default;
};

/// A word as it is written and how it is said: "Nguyen" is "win".
struct Pronunciation {
  std::string word;  ///< matched whole, whatever its case
  std::string spoken;
  friend bool operator==(const Pronunciation&, const Pronunciation&) = default;
};

/// A tool of the business's own, at an address outside.
struct OwnTool {
  enum class Kind {
    http,  ///< one tool: arguments are posted as JSON, the answer is a JSON object
    mcp    ///< a Model Context Protocol server: each of its tools, as "<name>_<tool>"
  };
  Kind kind = Kind::http;
  std::string name;  ///< as the model calls it; lower-case letters, digits and '_'
  std::string description;
  std::string url;
  json::object parameters;  ///< JSON Schema of the arguments; of an HTTP tool only
  /// Whether calling it changes something: it is then never called on a guess.
  enum class Effect { reads, changes } effect = Effect::changes;
  std::chrono::milliseconds time_limit{5000};
  /// Signs requests to it; sealed for the business and the tool's name. Empty: not signed.
  std::string sealed_secret;
  friend bool operator==(const OwnTool&, const OwnTool&) = default;
};

/// The voice agent of a business.
struct Agent {
  AgentId id;
  std::string name = "Parley";  ///< how it introduces itself
  std::string greeting;         ///< empty: made from the business's name
  std::string language = "en-US";
  std::string voice;
  double speed = 1.0;
  bool record_calls = true;
  std::string recording_notice;  ///< spoken after the greeting when recording; may be empty
  std::chrono::seconds max_call_length{1800};
  /// What decides what it says: a language model where one is configured, or always the built-in
  /// dialogue.
  enum class Engine { automatic, builtin } engine = Engine::automatic;
  std::string persona;             ///< character, tone, rules of the house; for the language model
  std::vector<AgentPhase> phases;  ///< the first is where it begins; empty: default_phases()
  std::vector<Pronunciation> pronunciations;
  std::vector<OwnTool> own_tools;
};

/// greeting, discovery, qualification, presentation, objection, close.
const std::vector<AgentPhase>& default_phases();

}  // namespace parley::business
