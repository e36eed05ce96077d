#pragma once
#include "parley/base/signal.hpp"
#include "parley/base/task_group.hpp"
#include "parley/base/wake.hpp"
#include "parley/knowledge/knowledge.hpp"
#include "parley/store/database.hpp"
#include "vector_state_rows.hpp"

namespace parley::knowledge {

/// Keeps the store of vectors as the documents are: compares what is there with what should be, and
/// writes, replaces or removes what differs, one document after the other. So it does not matter
/// why something differs: a new document, one that is gone, another embedder, another store, or a
/// store that was away. Safe to run on several nodes.
class VectorUpkeep {
 public:
  VectorUpkeep(asio::any_io_executor executor, Clock& clock, store::Database& database,
               SemanticSearch parts);

  void start();
  asio::awaitable<void> stop();
  /// Documents may have changed. Any thread.
  void wake() { wake_.raise(); }

  /// What an embedder finds near to the question, in time; empty when embedder or store are away.
  asio::awaitable<std::vector<VectorMatch>> nearest(Context ctx, BusinessId business,
                                                    std::string question);
  Task<std::int64_t> behind(Context ctx);

 private:
  struct Question {
    BusinessId business;
    std::string text;
    std::optional<std::vector<VectorMatch>> matches;
    Signal answered;
  };

  asio::awaitable<void> work();
  /// True when a document was done.
  asio::awaitable<bool> do_some();
  Task<void> process(Context ctx, rows::VectorWork work);
  Task<std::vector<VectorEntry>> embed(Context ctx, rows::VectorWork work,
                                       std::vector<rows::PassageText> texts);
  asio::awaitable<void> answer(std::shared_ptr<Question> asked, Context ctx);
  Task<std::vector<VectorMatch>> ask(Context ctx, BusinessId business, std::string question);

  Clock& clock_;
  store::Database& database_;
  SemanticSearch parts_;
  rows::VectorTarget target_;
  Wake wake_;
  TaskGroup tasks_;
};

}  // namespace parley::knowledge
