#pragma once
#include "parley/simulators/event_body.hpp"

namespace parley::simulators {

/// What a reply costs, and under which names it goes out.
struct MessageEnvelope {
  std::string id;
  std::string model;
  std::int64_t input_tokens = 0;  ///< not cached
  std::int64_t cache_written_tokens = 0;
  std::int64_t cache_read_tokens = 0;
};

/// The message as one object.
json::object whole_message(const ModelReply& reply, const MessageEnvelope& envelope);
/// The same as events, broken as the reply says.
EventBodyOptions message_events(const ModelReply& reply, const MessageEnvelope& envelope);

json::object message_error(std::string_view type, std::string_view message,
                           std::string_view request_id);

}  // namespace parley::simulators
