#pragma once
#include <memory>

#include "parley/dialog/builtin.hpp"
#include "parley/dialog/tool.hpp"
#include "parley/knowledge/knowledge.hpp"

namespace parley::knowledge {

/// `search_knowledge`, see dialog/tool.hpp for its arguments and answer: the three best passages of
/// the business the call is for. What the passages say is data: it cannot widen what the tool may
/// see. `knowledge` must outlive it.
std::unique_ptr<dialog::Tool> make_search_tool(KnowledgeBase& knowledge);

/// Sentences of the business's documents for the recognizer; empty when the database is away.
std::unique_ptr<dialog::Vocabulary> make_vocabulary(KnowledgeBase& knowledge);

}  // namespace parley::knowledge
