#pragma once
#include <string>

namespace parley::telephony {

/// What a line that can also show things (a browser) is told of its call, beside the audio. Used
/// from the strand of the call, and only while its MediaStream lives. Does not block.
class Companion {
 public:
  enum class Engine { recognizer, synthesizer };

  virtual ~Companion() = default;
  /// The caller is speaking, and has probably said this so far.
  virtual void hearing(std::string words) = 0;
  /// A whole turn of the caller as the agent took it: spoken, typed or keys ("speech", "text",
  /// "keys").
  virtual void heard(std::string words, double confidence, std::string input) = 0;
  /// A sentence of the agent, as it goes to the synthesizer or instead of going there.
  virtual void saying(std::string sentence) = 0;
  /// The caller interrupted: of the agent's turn no more than this was played.
  virtual void cut_off(std::string heard_of_it) = 0;
  /// The agent did something.
  virtual void tool_used(std::string name, std::string error) = 0;
  virtual void engine_failed(Engine engine, std::string reason) = 0;
  virtual void engine_works(Engine engine) = 0;

  /// Whether sentences shall be spoken at all; otherwise they are only shown.
  virtual bool wants_speech() const = 0;
  /// The caller types, which takes longer than speaking.
  virtual bool types() const = 0;
};

}  // namespace parley::telephony
