#pragma once
#include <memory>

#include "parley/dialog/dialogue.hpp"

namespace parley::dialog {

/// Sentences of the business's own documents, for the recognizer's open-question language model.
/// Implemented by knowledge, bound in wiring.
class Vocabulary {
 public:
  virtual ~Vocabulary() = default;
  /// At most `limit` sentences in plain lower-case words. Never fails: empty when unavailable.
  virtual asio::awaitable<std::vector<std::string>> sentences(Context ctx, BusinessId business,
                                                              std::size_t limit) = 0;
  /// Changes whenever the sentences may have; nothing when unavailable.
  virtual asio::awaitable<std::optional<std::int64_t>> version(Context ctx,
                                                               BusinessId business) = 0;
};

/// The dialogue that needs no language model: answers from the knowledge base with the passage's
/// source, tells hours, prices and the address, books, moves and cancels asking only for what is
/// missing, confirms before any effect, takes corrections and messages, repeats, helps, says
/// goodbye; after two misunderstandings it offers keys or a message. Every wording is
/// deterministic.
std::unique_ptr<DialogueFactory> make_builtin_dialogue(Clock& clock, Random& random,
                                                       const ToolBox& tools,
                                                       Vocabulary& vocabulary);

}  // namespace parley::dialog
