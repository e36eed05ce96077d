#include "parley/providers/pgvector/pgvector_vectors.hpp"

#include <fmt/format.h>

#include <atomic>
#include <charconv>

#include "parley/knowledge/vector_place.hpp"

namespace parley::providers::pgvector {

namespace {

using knowledge::VectorEntry;
using knowledge::VectorMatch;
using knowledge::VectorQuery;
using Matches = std::vector<VectorMatch>;

constexpr std::size_t most_indexed_dimensions = 2000;
constexpr std::size_t group_size = 20;

std::string literal(const knowledge::Vector& vector) {
  return fmt::format("[{}]", fmt::join(vector, ","));
}

class PgVectors final : public knowledge::VectorIndex {
 public:
  PgVectors(store::Database& database, knowledge::VectorSpace space)
      : database_(database),
        space_(std::move(space)),
        table_("knowledge_pgvectors_" + knowledge::vector_place(space_).substr(0, 16)) {}

  const std::string& name() const noexcept override { return name_; }

  Task<void> upsert(Context ctx, BusinessId business, std::vector<VectorEntry> entries) override {
    if (auto good = check(space_, entries); !good) co_return good;
    std::erase_if(entries, [](const auto& entry) { return knowledge::is_void(entry.values); });
    if (entries.empty()) co_return Result<void>{};
    auto preparing = prepare(ctx);
    if (auto ready = co_await std::move(preparing); !ready) co_return ready;
    auto change = [&](store::Tx& tx) { return put(tx, business, entries); };
    auto changing = database_.write(std::move(ctx), change);
    co_return co_await std::move(changing);
  }

  Task<void> remove(Context ctx, BusinessId business, DocumentId document) override {
    auto preparing = prepare(ctx);
    if (auto ready = co_await std::move(preparing); !ready) co_return ready;
    auto change = [&](store::Tx& tx) -> Result<void> {
      auto gone = tx.execute("DELETE FROM " + table_ +
                                 " WHERE organization_id = ?1 AND business_id = ?2 "
                                 "AND document_id = ?3",
                             {tx.context().organization, business, document});
      if (!gone) return std::unexpected(gone.error());
      return {};
    };
    auto changing = database_.write(std::move(ctx), change);
    co_return co_await std::move(changing);
  }

  Task<Matches> query(Context ctx, VectorQuery query) override {
    if (auto good = check(space_, query); !good) co_return std::unexpected(good.error());
    if (knowledge::is_void(query.values)) co_return Matches{};
    auto preparing = prepare(ctx);
    if (auto ready = co_await std::move(preparing); !ready)
      co_return std::unexpected(ready.error());
    auto look = [&](store::Tx& tx) { return nearest(tx, query); };
    auto looking = database_.read(std::move(ctx), look);
    co_return co_await std::move(looking);
  }

  Task<std::size_t> count(Context ctx, BusinessId business) override {
    auto preparing = prepare(ctx);
    if (auto ready = co_await std::move(preparing); !ready)
      co_return std::unexpected(ready.error());
    auto look = [&](store::Tx& tx) -> Result<std::size_t> {
      auto row = tx.one("SELECT COUNT(*) AS n FROM " + table_ +
                            " WHERE organization_id = ?1 AND business_id = ?2",
                        {tx.context().organization, business});
      if (!row) return std::unexpected(row.error());
      return static_cast<std::size_t>(row->integer("n"));
    };
    auto looking = database_.read(std::move(ctx), look);
    co_return co_await std::move(looking);
  }

 private:
  /// Once: the extension, the table of this space, its indexes.
  Task<void> prepare(Context ctx) {
    if (prepared_) co_return Result<void>{};
    auto change = [&](store::Tx& tx) { return make_table(tx); };
    auto changing = database_.write(std::move(ctx), change);
    auto made = co_await std::move(changing);
    if (made) prepared_ = true;
    co_return made;
  }

  Result<void> make_table(store::Tx& tx) {
    auto there =
        tx.query("SELECT default_version FROM pg_available_extensions WHERE name = 'vector'");
    if (!there) return std::unexpected(there.error());
    if (there->empty())
      return fail(
          Errc::unsupported,
          "this PostgreSQL has no pgvector: install its package on the database's server, or "
          "set knowledge.vectors to another store");
    std::vector<std::string> steps{
        "CREATE EXTENSION IF NOT EXISTS vector",
        fmt::format(
            "CREATE TABLE IF NOT EXISTS {} (organization_id TEXT NOT NULL, business_id TEXT "
            "NOT NULL, passage_id TEXT NOT NULL, document_id TEXT NOT NULL, embedding "
            "vector({}) NOT NULL, PRIMARY KEY (organization_id, business_id, passage_id))",
            table_, space_.dimensions),
        fmt::format("CREATE INDEX IF NOT EXISTS {0}_document ON {0} (organization_id, business_id, "
                    "document_id)",
                    table_)};
    if (space_.dimensions <= most_indexed_dimensions)
      steps.push_back(fmt::format(
          "CREATE INDEX IF NOT EXISTS {0}_near ON {0} USING hnsw (embedding vector_cosine_ops)",
          table_));
    for (const auto& step : steps)
      if (auto done = tx.execute(step); !done) return std::unexpected(done.error());
    auto version = tx.one("SELECT extversion FROM pg_extension WHERE extname = 'vector'");
    if (!version) return std::unexpected(version.error());
    auto text = version->text("extversion");
    int major = 0;
    int minor = 0;
    auto dot = text.find('.');
    std::from_chars(text.data(), text.data() + text.size(), major);
    if (dot != std::string::npos)
      std::from_chars(text.data() + dot + 1, text.data() + text.size(), minor);
    goes_on_ = major > 0 || minor >= 8;
    return {};
  }

  Result<void> put(store::Tx& tx, const BusinessId& business,
                   const std::vector<VectorEntry>& entries) {
    for (std::size_t at = 0; at < entries.size();) {
      auto count = entries.size() - at >= group_size ? group_size : 1;
      auto sql = "INSERT INTO " + table_ +
                 " (organization_id, business_id, passage_id, document_id, embedding) VALUES ";
      store::Params params{tx.context().organization, business};
      for (auto i = at; i < at + count; ++i) {
        auto first = 3 + (i - at) * 3;
        sql += fmt::format("{}(?1, ?2, ?{}, ?{}, CAST(?{} AS vector))", i == at ? "" : ", ", first,
                           first + 1, first + 2);
        params.insert(params.end(),
                      {entries[i].id, entries[i].document, literal(entries[i].values)});
      }
      sql +=
          " ON CONFLICT (organization_id, business_id, passage_id) DO UPDATE SET "
          "document_id = excluded.document_id, embedding = excluded.embedding";
      auto put = tx.execute(sql, std::move(params));
      if (!put) return std::unexpected(put.error());
      at += count;
    }
    return {};
  }

  Result<Matches> nearest(store::Tx& tx, const VectorQuery& query) const {
    // The index is searched among all businesses and filtered after: it looks further until it has
    // enough, where it can (0.8 and newer), and among more from the beginning.
    auto breadth = tx.query(fmt::format("SELECT set_config('hnsw.ef_search', '{}', true)",
                                        std::clamp<std::size_t>(4 * query.limit, 200, 1000)));
    if (!breadth) return std::unexpected(breadth.error());
    if (goes_on_) {
      auto on = tx.query("SELECT set_config('hnsw.iterative_scan', 'strict_order', true)");
      if (!on) return std::unexpected(on.error());
    }
    store::Params params{tx.context().organization, query.business, literal(query.values),
                         static_cast<std::int64_t>(query.limit)};
    std::string only;
    for (const auto& id : query.of_documents) {
      params.emplace_back(id);
      only += fmt::format("{}?{}", only.empty() ? "" : ", ", params.size());
    }
    auto sql =
        "SELECT passage_id, document_id, 1 - (embedding <=> CAST(?3 AS vector)) AS "
        "similarity FROM " +
        table_ + " WHERE organization_id = ?1 AND business_id = ?2" +
        (only.empty() ? "" : " AND document_id IN (" + only + ")") +
        " ORDER BY embedding <=> CAST(?3 AS vector) LIMIT ?4";
    auto found = tx.query(sql, std::move(params));
    if (!found) return std::unexpected(found.error());
    Matches matches;
    for (const auto& row : *found)
      matches.push_back({row.id<ChunkId>("passage_id"), row.id<DocumentId>("document_id"),
                         static_cast<float>(row.real("similarity"))});
    return matches;
  }

  store::Database& database_;
  knowledge::VectorSpace space_;
  std::string table_;
  std::string name_ = "pgvector";
  std::atomic<bool> prepared_ = false;
  std::atomic<bool> goes_on_ = false;
};

}  // namespace

std::unique_ptr<knowledge::VectorIndex> make_vectors(store::Database& database,
                                                     knowledge::VectorSpace space) {
  return std::make_unique<PgVectors>(database, std::move(space));
}

}  // namespace parley::providers::pgvector
