#pragma once
#include "parley/providers/language/wire_names.hpp"

namespace parley::providers::openai {

/// Which field limits the answer: "max_tokens" or "max_completion_tokens".
inline constexpr std::string_view old_limit_field = "max_tokens";
inline constexpr std::string_view new_limit_field = "max_completion_tokens";

/// The body of POST chat/completions. The prompt was checked.
json::object chat_body(const std::string& model, std::string_view limit_field,
                       const dialog::ModelPrompt& prompt, const language::WireNames& names);

}  // namespace parley::providers::openai
