#pragma once
#include "parley/simulators/model_script.hpp"

namespace parley::simulators {

struct MessagesRequest {
  ModelRequest model;
  std::string model_name;
  std::int64_t max_tokens = 0;
  bool is_streamed = false;
  std::string cached_prefix;  ///< tools and system up to the last cache_control; empty: none
  std::size_t input_bytes = 0;
};

/// The newest version, which takes no sampling parameters.
inline constexpr std::string_view version_without_sampling = "2026-10-21";

/// Errors: invalid, with the message that goes with invalid_request_error.
Result<MessagesRequest> read_messages_request(const json::value& body, std::string_view version);

}  // namespace parley::simulators
