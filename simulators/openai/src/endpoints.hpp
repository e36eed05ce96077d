#pragma once
#include "openai_account.hpp"

namespace parley::simulators {

/// POST /v1/chat/completions. All outlive the server.
void add_chat(StandInServer& server, const OpenAiAccount& account, ModelScript& script,
              Clock& clock);
/// GET /v1/models and /v1/models/{id}.
void add_models(StandInServer& server, const OpenAiAccount& account);

}  // namespace parley::simulators
