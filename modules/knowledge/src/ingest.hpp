#pragma once
#include <memory>

#include "document_rows.hpp"
#include "extraction.hpp"
#include "parley/base/task_group.hpp"
#include "parley/base/wake.hpp"
#include "parley/store/database.hpp"
#include "parley/store/objects.hpp"

namespace parley::knowledge {

/// Turns uploaded files into passages: takes up documents that are due, a few at a time, and clears
/// away objects that belong to nothing. All of its state is in the database, so that a crash
/// anywhere leaves nothing but a lease that ends.
class Ingest {
 public:
  Ingest(asio::any_io_executor executor, Clock& clock, Random& random, store::Database& database,
         store::ObjectStore& objects, WorkerPool& pool, const KnowledgeOptions& options);

  asio::awaitable<void> start();
  asio::awaitable<void> stop();
  /// There may be new work. Any thread.
  void wake() { wake_.raise(); }
  /// Called after a document's passages changed. Before start().
  void on_change(std::function<void()> listener) { changed_ = std::move(listener); }

 private:
  struct Prepared {
    std::vector<rows::NewPassage> passages;
    std::int64_t pages = 0;
  };

  asio::awaitable<void> work();
  asio::awaitable<void> sweep_now_and_then();
  asio::awaitable<void> sweep(std::optional<WallTime> left_before);
  /// True when a document was taken up.
  asio::awaitable<bool> take_up_one();
  Task<bool> claim(Context ctx, rows::Work work);
  asio::awaitable<void> process(Context ctx, rows::Work work);
  Task<Prepared> prepare(Context ctx, rows::Work work);
  Result<Prepared> cut(const Extracted& extracted);
  asio::awaitable<void> record_failure(Context ctx, rows::Work work, Error error);
  Context context_of(const OrganizationId& organization) const;

  Clock& clock_;
  Random& random_;
  store::Database& database_;
  store::ObjectStore& objects_;
  WorkerPool& pool_;
  KnowledgeOptions options_;
  Extraction extraction_;
  Wake wake_;
  std::function<void()> changed_ = [] {};
  TaskGroup tasks_;
};

}  // namespace parley::knowledge
