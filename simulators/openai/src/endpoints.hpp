#pragma once
#include "openai_account.hpp"
#include "parley/simulators/openai_audio.hpp"

namespace parley::simulators {

/// POST /v1/chat/completions. All outlive the server.
void add_chat(StandInServer& server, const OpenAiAccount& account, ModelScript& script,
              Clock& clock);
/// POST /v1/audio/transcriptions and /v1/audio/speech. All outlive the server.
void add_audio(StandInServer& server, const OpenAiAccount& account, Clock& clock,
               OpenAiAudio& heard);
/// GET /v1/models and /v1/models/{id}.
void add_models(StandInServer& server, const OpenAiAccount& account);

}  // namespace parley::simulators
