#pragma once
#include <expected>

#include "openai_account.hpp"

namespace parley::simulators {

struct ChatRequest {
  ModelRequest model;
  std::string model_name;
  bool is_streamed = false;
  bool wants_usage = false;
  std::size_t input_bytes = 0;
};

/// Or what is wrong with it.
std::expected<ChatRequest, OpenAiError> read_chat_request(const std::string& body,
                                                          const OpenAiAccount& account);

}  // namespace parley::simulators
