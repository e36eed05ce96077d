#pragma once
#include <memory>
#include <string>
#include <vector>

#include "parley/base/worker_pool.hpp"
#include "parley/knowledge/embedder.hpp"
#include "parley/store/database.hpp"

namespace parley::knowledge {

/// Whose vectors an index holds: one embedder's. An index is opened for one space and never sees
/// what another embedder made, though both may be kept at the same place.
struct VectorSpace {
  std::string embedder;
  std::size_t dimensions = 0;
};

struct VectorEntry {
  ChunkId id;
  DocumentId document;
  Vector values;
};

struct VectorQuery {
  BusinessId business;
  Vector values;
  std::size_t limit = 10;                ///< 1..1000
  std::vector<DocumentId> of_documents;  ///< only passages of these, at most 100; empty: of all
};

struct VectorMatch {
  ChunkId id;
  DocumentId document;
  float similarity = 0;  ///< cosine, -1..1
};

/// Passages of businesses by their vectors, wherever they are kept. Everything is bound to
/// ctx.organization and one business of it: nothing of another is ever seen or changed.
/// Thread-safe.
///
/// Errors: invalid (a vector of another size, a limit out of bounds), unavailable, timeout,
/// rate_limited (its server is away or busy), forbidden (its key), corrupt. After any of them an
/// upsert or a removal may have been done in part: doing it again is safe, and needed.
class VectorIndex {
 public:
  virtual ~VectorIndex() = default;
  /// "embedded", "pinecone", ...; which store it is, not where.
  virtual const std::string& name() const noexcept = 0;
  /// What has the id of an entry is replaced. A vector of zeros is left out: it points nowhere.
  virtual Task<void> upsert(Context ctx, BusinessId business, std::vector<VectorEntry> entries) = 0;
  /// All passages of the document; none is fine.
  virtual Task<void> remove(Context ctx, BusinessId business, DocumentId document) = 0;
  /// The nearest, best first. What was written a moment ago may not show yet where a service says
  /// so.
  virtual Task<std::vector<VectorMatch>> query(Context ctx, VectorQuery query) = 0;
  virtual Task<std::size_t> count(Context ctx, BusinessId business) = 0;
};

struct EmbeddedVectorOptions {
  /// Above this many passages a business is searched by a graph (HNSW) instead of all.
  std::size_t graph_threshold = 5000;
  /// Of vectors and graphs in memory; the businesses asked least recently leave first.
  std::size_t memory_bytes = 256u << 20;
};

/// Rows of our own database are the truth; what is searched is in memory, in a byte a dimension,
/// read when a business is first asked for and brought up to date by what changed since, whichever
/// node changed it. All given outlive it.
std::unique_ptr<VectorIndex> make_embedded_vectors(store::Database& database, WorkerPool& pool,
                                                   VectorSpace space,
                                                   EmbeddedVectorOptions options = {});

/// The errors above that need no server. For implementations.
Result<void> check(const VectorSpace& space, const std::vector<VectorEntry>& entries);
Result<void> check(const VectorSpace& space, const VectorQuery& query);
/// Points nowhere, or is not made of numbers.
bool is_void(const Vector& values) noexcept;

}  // namespace parley::knowledge
