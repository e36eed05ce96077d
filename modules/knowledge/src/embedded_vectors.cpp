#include <algorithm>
#include <atomic>
#include <list>
#include <map>
#include <mutex>
#include <unordered_map>

#include "parley/knowledge/vector_index.hpp"
#include "vector_graph.hpp"
#include "vector_rows.hpp"

namespace parley::knowledge {

namespace {

/// One document's vectors in memory. Never changes.
struct Held {
  explicit Held(std::size_t dimensions) : block(dimensions) {}
  DocumentId id;
  std::int64_t revision = 0;
  std::vector<ChunkId> passages;
  VectorBlock block;
};

/// A business's vectors as they stood at one version. Never changes.
struct Snapshot {
  std::int64_t version = -1;
  std::map<std::string, std::shared_ptr<const Held>> documents;
  std::shared_ptr<const VectorGraph> graph;

  std::size_t passages() const {
    std::size_t n = 0;
    for (const auto& [id, held] : documents) n += held->passages.size();
    return n;
  }
  std::size_t size_bytes() const {
    auto n = graph ? graph->size_bytes() : 0;
    for (const auto& [id, held] : documents)
      n += held->block.size_bytes() + held->passages.size() * (sizeof(ChunkId) + 40) + 200;
    return n;
  }
  bool wants_graph(std::size_t threshold) const {
    auto all = passages();
    std::size_t inside = 0;
    if (graph)
      for (const auto& [id, held] : documents)
        if (graph->covers(&held->block)) inside += held->passages.size();
    bool mostly_gone = graph && graph->passages() > 2 * inside;
    return all - inside > std::max(threshold, all / 20) || (mostly_gone && all > threshold);
  }
};

std::vector<VectorMatch> search(const Snapshot& snapshot, const VectorQuery& query) {
  auto direction = in_bytes(query.values);
  if (direction.inverse_length == 0.0F) return {};
  std::unordered_map<const VectorBlock*, const Held*> by_block;
  std::vector<std::pair<float, PassagePlace>> found;
  auto compare_all = [&](const Held& held) {
    for (std::uint32_t p = 0; p < held.block.size(); ++p)
      found.emplace_back(held.block.cosine(direction, p), PassagePlace{&held.block, p});
  };
  // Of a few documents, comparing all of their passages is quick, and exact.
  bool few = !query.of_documents.empty();
  for (const auto& [id, held] : snapshot.documents) by_block.emplace(&held->block, held.get());
  if (few) {
    for (const auto& id : query.of_documents)
      if (auto held = snapshot.documents.find(id.str()); held != snapshot.documents.end())
        compare_all(*held->second);
  } else {
    if (snapshot.graph)
      // Twice as many, because some may be gone.
      for (auto& near : snapshot.graph->nearest(direction, 2 * query.limit))
        if (by_block.contains(near.second.block)) found.push_back(near);
    for (const auto& [id, held] : snapshot.documents)
      if (!snapshot.graph || !snapshot.graph->covers(&held->block)) compare_all(*held);
  }
  auto keep = std::min(found.size(), query.limit);
  std::ranges::partial_sort(found, found.begin() + static_cast<std::ptrdiff_t>(keep),
                            std::greater{}, [](const auto& near) { return near.first; });
  std::vector<VectorMatch> matches;
  for (std::size_t i = 0; i < keep; ++i) {
    const auto& held = *by_block.at(found[i].second.block);
    matches.push_back({held.passages[found[i].second.passage], held.id, found[i].first});
  }
  return matches;
}

class EmbeddedVectors final : public VectorIndex {
 public:
  EmbeddedVectors(store::Database& database, WorkerPool& pool, VectorSpace space,
                  EmbeddedVectorOptions options)
      : database_(database),
        pool_(pool),
        space_(std::move(space)),
        options_(options),
        state_(std::make_shared<State>()) {}
  ~EmbeddedVectors() override { state_->stopping = true; }

  const std::string& name() const noexcept override { return name_; }

  Task<void> upsert(Context ctx, BusinessId business, std::vector<VectorEntry> entries) override {
    if (auto good = check(space_, entries); !good) co_return good;
    std::erase_if(entries, [](const auto& entry) { return is_void(entry.values); });
    if (entries.empty()) co_return Result<void>{};
    rows::VectorOwner owner{business, space_.embedder};
    auto change = [&](store::Tx& tx) { return rows::put_vectors(tx, owner, entries); };
    auto changing = database_.write(std::move(ctx), change);
    co_return co_await std::move(changing);
  }

  Task<void> remove(Context ctx, BusinessId business, DocumentId document) override {
    rows::VectorOwner owner{business, space_.embedder};
    auto change = [&](store::Tx& tx) { return rows::erase_vectors(tx, owner, document); };
    auto changing = database_.write(std::move(ctx), change);
    co_return co_await std::move(changing);
  }

  Task<std::size_t> count(Context ctx, BusinessId business) override {
    rows::VectorOwner owner{business, space_.embedder};
    auto look = [&](store::Tx& tx) { return rows::count_vectors(tx, owner); };
    auto looking = database_.read(std::move(ctx), look);
    auto counted = co_await std::move(looking);
    if (!counted) co_return std::unexpected(counted.error());
    co_return static_cast<std::size_t>(*counted);
  }

  Task<std::vector<VectorMatch>> query(Context ctx, VectorQuery query) override {
    if (auto good = check(space_, query); !good) co_return std::unexpected(good.error());
    auto bringing = current(ctx, query.business);
    auto snapshot = co_await std::move(bringing);
    if (!snapshot) co_return std::unexpected(snapshot.error());
    using Matches = std::vector<VectorMatch>;
    std::function<Result<Matches>()> compute = [held = *snapshot,
                                                query = std::move(query)]() -> Result<Matches> {
      return search(*held, query);
    };
    auto computing = pool_.run<Matches>(std::move(compute));
    co_return co_await std::move(computing);
  }

 private:
  using Shared = std::shared_ptr<const Snapshot>;
  struct Entry {
    Shared snapshot = std::make_shared<Snapshot>();
    std::size_t bytes = 0;
    bool loading = false;
    bool making_graph = false;
    std::list<std::string>::iterator recency;
  };
  /// Also of graphs still being made on the pool.
  struct State {
    std::atomic<bool> stopping = false;
    std::mutex mutex;
    std::unordered_map<std::string, Entry> entries;
    std::list<std::string> recent;  ///< most recently asked first
    std::size_t bytes = 0;

    Entry& entry(const std::string& key) {
      auto [found, added] = entries.try_emplace(key);
      if (added) recent.push_front(key);
      if (added) found->second.recency = recent.begin();
      recent.splice(recent.begin(), recent, found->second.recency);
      return found->second;
    }
    void set(Entry& entry, Shared snapshot, std::size_t most_bytes) {
      bytes -= entry.bytes;
      entry.snapshot = std::move(snapshot);
      entry.bytes = entry.snapshot->size_bytes();
      bytes += entry.bytes;
      // The one just asked stays, however large.
      for (auto last = std::prev(recent.end()); bytes > most_bytes && last != recent.begin();) {
        auto candidate = last--;
        auto found = entries.find(*candidate);
        if (found->second.loading || found->second.making_graph) continue;
        bytes -= found->second.bytes;
        entries.erase(found);
        recent.erase(candidate);
      }
    }
  };
  /// Ends the loading of an entry on every way out.
  struct Loading {
    std::shared_ptr<State> state;
    std::string key;
    Loading(std::shared_ptr<State> of, std::string which)
        : state(std::move(of)), key(std::move(which)) {}
    Loading(const Loading&) = delete;
    Loading& operator=(const Loading&) = delete;
    ~Loading() {
      std::lock_guard lock(state->mutex);
      state->entry(key).loading = false;
    }
  };

  /// What is in memory, brought up to date. While another search is at that, what there is.
  Task<Shared> current(Context ctx, BusinessId business) {
    rows::VectorOwner owner{business, space_.embedder};
    auto key = ctx.organization.str() + "/" + business.str();
    auto look = [&](store::Tx& tx) { return rows::vector_version(tx, owner); };
    auto looking = database_.read(ctx, look);
    auto version = co_await std::move(looking);
    if (!version) co_return std::unexpected(version.error());
    Shared before;
    {
      std::lock_guard lock(state_->mutex);
      auto& entry = state_->entry(key);
      before = entry.snapshot;
      if (before->version >= *version || entry.loading) co_return before;
      entry.loading = true;
    }
    Loading loading(state_, key);
    auto bringing = load(ctx, owner, key, before);
    auto loaded = co_await std::move(bringing);
    if (!loaded) co_return std::unexpected(loaded.error());
    if ((*loaded)->wants_graph(options_.graph_threshold)) make_graph_later(key, *loaded);
    co_return *loaded;
  }

  Task<Shared> load(Context ctx, rows::VectorOwner owner, std::string key, Shared before) {
    auto look = [&](store::Tx& tx) { return rows::vector_catalog(tx, owner); };
    auto looking = database_.read(ctx, look);
    auto catalog = co_await std::move(looking);
    if (!catalog) co_return std::unexpected(catalog.error());
    auto next = std::make_shared<Snapshot>();
    next->graph = before->graph;
    std::size_t since_kept = 0;
    for (const auto& document : catalog->documents) {
      auto known = before->documents.find(document.id.str());
      if (known != before->documents.end() && known->second->revision == document.revision &&
          static_cast<std::int64_t>(known->second->passages.size()) == document.passages) {
        next->documents.insert(*known);
        continue;
      }
      auto reading = read(ctx, owner, document);
      auto held = co_await std::move(reading);
      if (!held) co_return std::unexpected(held.error());
      next->documents.emplace(document.id.str(), std::move(*held));
      // A search that gives up waiting leaves what it read to the next one.
      if (++since_kept % 100 != 0) continue;
      auto partly = std::make_shared<Snapshot>(*next);
      partly->documents.insert(before->documents.begin(), before->documents.end());
      keep(key, std::move(partly));
    }
    next->version = catalog->version;
    keep(key, next);
    co_return next;
  }

  void keep(const std::string& key, Shared snapshot) {
    std::lock_guard lock(state_->mutex);
    auto& entry = state_->entry(key);
    state_->set(entry, std::move(snapshot), options_.memory_bytes);
  }

  Task<std::shared_ptr<const Held>> read(Context ctx, rows::VectorOwner owner,
                                         rows::VectorDocument document) {
    auto look = [&](store::Tx& tx) {
      return rows::vectors_of(tx, owner, document.id, space_.dimensions);
    };
    auto looking = database_.read(std::move(ctx), look);
    auto entries = co_await std::move(looking);
    if (!entries) co_return std::unexpected(entries.error());
    using Made = std::shared_ptr<const Held>;
    auto shared = std::make_shared<const std::vector<VectorEntry>>(std::move(*entries));
    std::function<Result<Made>()> make = [shared, document,
                                          size = space_.dimensions]() -> Result<Made> {
      auto held = std::make_shared<Held>(size);
      held->id = document.id;
      held->revision = document.revision;
      for (const auto& entry : *shared) {
        held->passages.push_back(entry.id);
        held->block.add(in_bytes(entry.values));
      }
      return held;
    };
    auto making = pool_.run<Made>(std::move(make));
    co_return co_await std::move(making);
  }

  void make_graph_later(const std::string& key, const Shared& snapshot) {
    {
      std::lock_guard lock(state_->mutex);
      auto& entry = state_->entry(key);
      if (std::exchange(entry.making_graph, true)) return;
    }
    auto work = [state = state_, key, snapshot, most_bytes = options_.memory_bytes] {
      VectorGraph::Blocks blocks;
      for (const auto& [id, held] : snapshot->documents)
        blocks.push_back(std::shared_ptr<const VectorBlock>(held, &held->block));
      auto graph = VectorGraph::build(std::move(blocks),
                                      {.stop = [&state] { return state->stopping.load(); }});
      std::lock_guard lock(state->mutex);
      auto& entry = state->entry(key);
      entry.making_graph = false;
      if (!graph) return;
      auto next = std::make_shared<Snapshot>(*entry.snapshot);
      next->graph = std::move(graph);
      state->set(entry, std::move(next), most_bytes);
    };
    if (pool_.post(std::move(work))) return;
    std::lock_guard lock(state_->mutex);
    state_->entry(key).making_graph = false;
  }

  store::Database& database_;
  WorkerPool& pool_;
  VectorSpace space_;
  EmbeddedVectorOptions options_;
  std::shared_ptr<State> state_;
  std::string name_ = "embedded";
};

}  // namespace

std::unique_ptr<VectorIndex> make_embedded_vectors(store::Database& database, WorkerPool& pool,
                                                   VectorSpace space,
                                                   EmbeddedVectorOptions options) {
  return std::make_unique<EmbeddedVectors>(database, pool, std::move(space), options);
}

}  // namespace parley::knowledge
