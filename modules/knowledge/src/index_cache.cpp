#include "index_cache.hpp"

#include <atomic>
#include <boost/asio/redirect_error.hpp>

#include "document_rows.hpp"

namespace parley::knowledge {

struct IndexCache::State {
  struct Entry {
    Index index;
    bool building = false;
    bool making_speedup = false;
    std::vector<std::shared_ptr<asio::steady_timer>> waiters;
    std::list<std::string>::iterator recency;
  };
  std::atomic<bool> stopping = false;
  mutable std::mutex mutex;
  std::unordered_map<std::string, Entry> entries;
  std::list<std::string> recent;  ///< most recently searched first
  std::size_t bytes = 0;

  Entry& entry(const std::string& key) {
    auto [found, added] = entries.try_emplace(key);
    if (added) {
      recent.push_front(key);
      found->second.recency = recent.begin();
    } else {
      recent.splice(recent.begin(), recent, found->second.recency);
    }
    return found->second;
  }

  void set(Entry& entry, Index index) {
    if (entry.index) bytes -= entry.index->size_bytes();
    entry.index = std::move(index);
    if (entry.index) bytes += entry.index->size_bytes();
  }

  /// The one just used stays, however large: without it nothing could be searched.
  void shrink(std::size_t max_bytes) {
    for (auto last = std::prev(recent.end()); bytes > max_bytes && last != recent.begin();) {
      auto candidate = last--;
      auto found = entries.find(*candidate);
      if (found->second.building) continue;
      set(found->second, nullptr);
      entries.erase(found);
      recent.erase(candidate);
    }
  }

  static void wake(std::vector<std::shared_ptr<asio::steady_timer>>& waiters) {
    for (auto& timer : waiters) {
      // Also ends a wait that has not begun.
      auto ring = [timer] { timer->expires_at(asio::steady_timer::time_point::min()); };
      asio::post(timer->get_executor(), std::move(ring));
    }
    waiters.clear();
  }
};

namespace {

/// Ends the building of an entry on every way out.
template <class Function>
class AtEnd {
 public:
  explicit AtEnd(Function function) : function_(std::move(function)) {}
  AtEnd(const AtEnd&) = delete;
  AtEnd& operator=(const AtEnd&) = delete;
  ~AtEnd() { function_(); }

 private:
  Function function_;
};

}  // namespace

IndexCache::IndexCache(store::Database& database, WorkerPool& pool, Options options)
    : database_(database), pool_(pool), options_(options), state_(std::make_shared<State>()) {}

IndexCache::~IndexCache() { state_->stopping = true; }

std::size_t IndexCache::size_bytes() const {
  std::lock_guard lock(state_->mutex);
  return state_->bytes;
}

std::shared_ptr<const BusinessIndex> IndexCache::remembered(const Context& ctx,
                                                            const BusinessId& business) const {
  std::lock_guard lock(state_->mutex);
  auto found = state_->entries.find(ctx.organization.str() + "/" + business.str());
  return found == state_->entries.end() ? nullptr : found->second.index;
}

Task<IndexCache::Index> IndexCache::get(Context ctx, BusinessId business) {
  auto key = ctx.organization.str() + "/" + business.str();
  auto asking = current_version(ctx, business);
  auto version = co_await std::move(asking);
  if (!version) co_return std::unexpected(version.error());
  auto executor = co_await asio::this_coro::executor;
  while (true) {
    Index before;
    std::shared_ptr<asio::steady_timer> turn;
    {
      std::lock_guard lock(state_->mutex);
      auto& entry = state_->entry(key);
      before = entry.index;
      if (before && before->version() >= *version) co_return before;
      if (entry.building) {
        turn =
            std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
        entry.waiters.push_back(turn);
      } else {
        entry.building = true;
      }
    }
    if (turn) {
      // Another search is building it: one is enough.
      boost::system::error_code ignored;
      co_await turn->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      continue;
    }
    AtEnd end_building([state = state_, key] {
      std::lock_guard lock(state->mutex);
      auto& entry = state->entry(key);
      entry.building = false;
      State::wake(entry.waiters);
    });
    auto building = build(ctx, business, before);
    auto built = co_await std::move(building);
    if (!built) co_return std::unexpected(built.error());
    {
      std::lock_guard lock(state_->mutex);
      state_->set(state_->entry(key), *built);
      state_->shrink(options_.max_bytes);
    }
    if ((*built)->wants_speedup(options_.merge_threshold)) make_speedup_later(key, *built);
    co_return *built;
  }
}

void IndexCache::make_speedup_later(const std::string& key, const Index& index) {
  {
    std::lock_guard lock(state_->mutex);
    auto& entry = state_->entry(key);
    if (std::exchange(entry.making_speedup, true)) return;
  }
  auto work = [state = state_, key, index, max_bytes = options_.max_bytes] {
    auto speedup =
        BusinessIndex::make_speedup(index->segments(), [&state] { return state->stopping.load(); });
    if (!speedup) return;
    std::lock_guard lock(state->mutex);
    auto found = state->entries.find(key);
    if (found == state->entries.end()) return;
    found->second.making_speedup = false;
    const auto& now = found->second.index;
    if (!now) return;
    state->set(found->second, std::make_shared<BusinessIndex>(now->version(), now->segments(),
                                                              std::move(*speedup)));
    state->shrink(max_bytes);
  };
  if (pool_.post(std::move(work))) return;
  std::lock_guard lock(state_->mutex);
  state_->entry(key).making_speedup = false;
}

Task<std::int64_t> IndexCache::current_version(Context ctx, BusinessId business) {
  auto look = [&](store::Tx& tx) { return rows::knowledge_version(tx, business); };
  auto looking = database_.read(std::move(ctx), look);
  co_return co_await std::move(looking);
}

Task<IndexCache::Catalog> IndexCache::read_catalog(Context ctx, BusinessId business) {
  auto look = [&](store::Tx& tx) -> Result<Catalog> {
    Catalog catalog;
    auto version = rows::knowledge_version(tx, business);
    if (!version) return std::unexpected(version.error());
    catalog.version = *version;
    auto found = tx.query(
        "SELECT id, name, passages_version FROM knowledge_documents "
        "WHERE organization_id = ?1 AND business_id = ?2 AND passages > 0 ORDER BY id",
        {tx.context().organization, business});
    if (!found) return std::unexpected(found.error());
    for (const auto& row : *found)
      catalog.sources.push_back(
          {row.id<DocumentId>("id"), row.integer("passages_version"), row.text("name"), nullptr});
    return catalog;
  };
  auto looking = database_.read(std::move(ctx), look);
  co_return co_await std::move(looking);
}

Task<IndexCache::Index> IndexCache::build(Context ctx, BusinessId business, Index before) {
  auto reading = read_catalog(ctx, business);
  auto catalog = co_await std::move(reading);
  if (!catalog) co_return std::unexpected(catalog.error());
  std::unordered_map<std::string, std::shared_ptr<const Segment>> known;
  if (before)
    for (const auto& segment : before->segments())
      known.emplace(segment->document().str(), segment);

  BusinessIndex::Segments segments;
  for (auto& source : catalog->sources) {
    auto found = known.find(source.document.str());
    if (found != known.end() && found->second->version() == source.version) {
      segments.push_back(found->second);
      continue;
    }
    auto loading = load(ctx, business, source);
    auto segment = co_await std::move(loading);
    if (!segment) co_return std::unexpected(segment.error());
    // Without passages: it changed after the catalog was read. The version did too, so the next
    // search builds again.
    if ((*segment)->passages() > 0) segments.push_back(std::move(*segment));
  }
  co_return std::make_shared<BusinessIndex>(catalog->version, std::move(segments),
                                            before ? before->speedup() : BusinessIndex::Speedup{});
}

Task<std::shared_ptr<const Segment>> IndexCache::load(Context ctx, BusinessId business,
                                                      Source source) {
  using Passages = std::vector<IndexedPassage>;
  auto look = [&](store::Tx& tx) -> Result<Passages> {
    auto found = tx.query(
        "SELECT p.id, p.heading, p.page, p.text, p.embedding FROM knowledge_passages p "
        "JOIN knowledge_documents d ON d.id = p.document_id "
        "WHERE p.document_id = ?1 AND p.organization_id = ?2 AND p.business_id = ?3 "
        "AND d.passages_version = ?4 ORDER BY p.ordinal",
        {source.document, tx.context().organization, business, source.version});
    if (!found) return std::unexpected(found.error());
    Passages passages;
    passages.reserve(found->size());
    for (const auto& row : *found) {
      auto blob = row.blob("embedding");
      if (blob.size() != embedding_size) return fail(Errc::corrupt, "an embedding of another size");
      Embedding embedding;
      std::memcpy(embedding.data(), blob.data(), blob.size());
      passages.push_back({row.id<ChunkId>("id"), row.text("heading"), row.text("text"), embedding,
                          row.integer("page")});
    }
    return passages;
  };
  auto looking = database_.read(std::move(ctx), look);
  auto passages = co_await std::move(looking);
  if (!passages) co_return std::unexpected(passages.error());
  auto shared = std::make_shared<const Passages>(std::move(*passages));
  using Made = std::shared_ptr<const Segment>;
  std::function<Result<Made>()> make = [source, shared]() -> Result<Made> {
    return std::make_shared<Segment>(source.document, source.version, source.name, *shared);
  };
  auto making = pool_.run<Made>(std::move(make));
  co_return co_await std::move(making);
}

}  // namespace parley::knowledge
