#pragma once
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "business_index.hpp"
#include "parley/base/context.hpp"
#include "parley/base/worker_pool.hpp"
#include "parley/store/database.hpp"

namespace parley::knowledge {

/// The indexes of the businesses that were searched last, within a bound of memory. Every get()
/// compares with the version in the database, so an index is never older than the last committed
/// change, whoever made it. Thread-safe.
class IndexCache {
 public:
  struct Options {
    std::size_t max_bytes;
    std::size_t merge_threshold;
  };
  IndexCache(store::Database& database, WorkerPool& pool, Options options);
  ~IndexCache();  ///< what is still being made is given up
  IndexCache(const IndexCache&) = delete;
  IndexCache& operator=(const IndexCache&) = delete;

  Task<std::shared_ptr<const BusinessIndex>> get(Context ctx, BusinessId business);
  /// What get() gave last, without asking the database; null when it is not in memory.
  std::shared_ptr<const BusinessIndex> remembered(const Context& ctx,
                                                  const BusinessId& business) const;
  std::size_t size_bytes() const;

 private:
  using Index = std::shared_ptr<const BusinessIndex>;
  /// One document's passages, as the database has them.
  struct Source {
    DocumentId document;
    std::int64_t version;
    std::string name;
    std::shared_ptr<const Segment> segment;
  };
  struct Catalog {
    std::int64_t version = 0;
    std::vector<Source> sources;
  };
  struct State;

  Task<std::int64_t> current_version(Context ctx, BusinessId business);
  Task<Catalog> read_catalog(Context ctx, BusinessId business);
  Task<Index> build(Context ctx, BusinessId business, Index before);
  Task<std::shared_ptr<const Segment>> load(Context ctx, BusinessId business, Source source);
  void make_speedup_later(const std::string& key, const Index& index);

  store::Database& database_;
  WorkerPool& pool_;
  Options options_;
  std::shared_ptr<State> state_;  ///< also of graph builds still queued on the pool
};

}  // namespace parley::knowledge
