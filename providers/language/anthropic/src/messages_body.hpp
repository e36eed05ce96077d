#pragma once
#include "parley/providers/anthropic/anthropic_model.hpp"
#include "parley/providers/language/wire_names.hpp"

namespace parley::providers::anthropic {

/// The body of POST /v1/messages. The prompt was checked.
json::object messages_body(const std::string& model, const dialog::ModelPrompt& prompt,
                           const language::WireNames& names);

}  // namespace parley::providers::anthropic
