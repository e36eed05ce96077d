#pragma once
#include "parley/simulators/model_script.hpp"

namespace parley::simulators {

/// A model of a few rules that holds a whole call: it books, answers from the documents and takes
/// messages with the tools it was given, in the way a language model does. It knows of the business
/// what the prompt says: services by their ids (svc_...), today by the first date (2026-03-05).
ModelReply receptionist_reply(const ModelRequest& request, WallTime now);

}  // namespace parley::simulators
