#pragma once
#include "parley/simulators/event_body.hpp"
#include "parley/simulators/openai_simulator.hpp"

namespace parley::simulators {

struct ChatEnvelope {
  std::string id;
  std::string model;
  std::int64_t created = 0;  ///< Unix seconds
  std::int64_t prompt_tokens = 0;
  std::int64_t cached_tokens = 0;  ///< of those
  bool wants_usage = false;
  OpenAiSimulatorOptions::Dialect dialect = OpenAiSimulatorOptions::Dialect::hosted;
};

json::object whole_completion(const ModelReply& reply, const ChatEnvelope& envelope);
/// The same as chunks, broken as the reply says. Calls come interleaved, a piece of each in turn.
EventBodyOptions completion_chunks(const ModelReply& reply, const ChatEnvelope& envelope);

}  // namespace parley::simulators
