#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "parley/base/context.hpp"
#include "parley/base/json.hpp"
#include "parley/dialog/tool.hpp"

namespace parley::dialog {

/// A tool the model wants called. The arguments are the model's own words: an object, but not
/// checked against the tool's schema.
struct ToolRequest {
  std::string id;  ///< the model's, echoed with the result
  std::string name;
  json::object arguments;
};

struct ToolAnswer {
  std::string id;  ///< of the request
  json::object result;
  bool failed = false;
};

/// One message of the conversation as a model sees it. A message of the user holds text or tool
/// answers; one of the assistant holds text, tool requests, or both.
struct ModelMessage {
  enum class Role { user, assistant };
  Role role = Role::user;
  std::string text;
  std::vector<ToolRequest> requests;
  std::vector<ToolAnswer> answers;
};

/// What a model is asked. The parts are in order of how seldom they change, so that engines with a
/// prompt cache can keep the beginning.
struct ModelPrompt {
  std::string instructions;     ///< who the agent is: the same for all calls of an agent
  std::vector<ToolSpec> tools;  ///< the same for all calls of an agent
  std::string situation;        ///< date, caller, phase, passages: of this turn; may be empty
  std::vector<ModelMessage> messages;  ///< begins with the user, roles take turns
  int max_tokens = 400;
};

/// How a generation ended; the last event of a stream.
struct Completion {
  enum class Reason {
    done,
    tools,     ///< waits for the answers to its requests
    too_long,  ///< max_tokens or the context window
    refused    ///< the model declines
  };
  Reason reason = Reason::done;
  std::string model;               ///< as the engine names it
  std::int64_t input_tokens = 0;   ///< all of them, cached ones included
  std::int64_t cached_tokens = 0;  ///< of the input
  std::int64_t output_tokens = 0;
};

struct TextPiece {
  std::string text;  ///< whole UTF-8 characters, cut anywhere else
};
using LanguageEvent = std::variant<TextPiece, ToolRequest, Completion>;

/// One generation, used from one strand. Destroying it stops the engine.
class LanguageStream {
 public:
  virtual ~LanguageStream() = default;
  /// Text and tool requests as they come, then one Completion, then end_of_stream. Errors:
  /// unavailable when the engine failed half-way or closed before its end, timeout, corrupt when
  /// what it sent makes no sense, too_large.
  virtual Task<LanguageEvent> next() = 0;
};

/// What every language-model engine implements. Thread-safe.
class LanguageModel {
 public:
  virtual ~LanguageModel() = default;
  virtual std::string name() const = 0;
  /// Returns as soon as the engine has accepted the prompt. Errors: invalid (the prompt),
  /// forbidden (the key, or nobody pays), not_found (no such model), too_large (beyond the context
  /// window), rate_limited, unavailable, timeout, corrupt (what answered is no such engine).
  virtual Task<std::unique_ptr<LanguageStream>> generate(Context ctx, ModelPrompt prompt) = 0;
};

}  // namespace parley::dialog
