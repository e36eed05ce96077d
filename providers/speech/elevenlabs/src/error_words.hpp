#pragma once
#include <string_view>

#include "parley/base/error.hpp"

namespace parley::providers::elevenlabs {

/// What an error told over a WebSocket means: "quota_exceeded", "rate_limited".
Error error_of_word(std::string_view word);

}  // namespace parley::providers::elevenlabs
