#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "parley/base/context.hpp"
#include "parley/base/worker_pool.hpp"
#include "parley/knowledge/vector_index.hpp"
#include "parley/store/database.hpp"
#include "parley/store/objects.hpp"

namespace parley::knowledge {

enum class DocumentStatus { pending, processing, completed, failed };
std::string_view to_string(DocumentStatus status) noexcept;

struct Document {
  DocumentId id;
  BusinessId business;
  std::string name;        ///< file name as uploaded, without any path
  std::string media_type;  ///< found from the content, not from what the client claims
  std::int64_t size_bytes = 0;
  DocumentStatus status = DocumentStatus::pending;
  std::string reason;  ///< why it failed, for people
  std::int64_t passages = 0;
  std::int64_t pages = 0;  ///< 0 when the format has none
  WallTime created;
  WallTime updated;
  std::int64_t version = 0;
};

struct Upload {
  BusinessId business;
  std::string file_name;
  std::string bytes;
  /// The same key and bytes give the same document; another body under the key is `conflict`.
  std::string idempotency_key;
  /// When set, the new content takes the place of this document once it is processed.
  DocumentId replaces;
};

struct Passage {
  ChunkId id;
  DocumentId document;
  std::string document_name;
  std::string text;
  std::string heading;         ///< the nearest heading above, may be empty
  std::int64_t page = 0;       ///< 1-based, 0 when the format has none
  double score = 0.0;          ///< fused, 0..1, comparable only inside one result
  double lexical_score = 0.0;  ///< BM25, comparable between results
  /// The database is away: as it was read last. Documents of more than a megabyte of text are not
  /// remembered, nor are those of businesses that were not searched lately.
  bool remembered = false;
};

struct DocumentQuery {
  BusinessId business;  ///< empty: all of the organization's
  std::optional<DocumentStatus> status;
  std::int64_t page = 1;
  std::int64_t limit = 50;
  std::string sort;  ///< createdAt, name or sizeBytes; "-" before it: the greatest first; empty:
                     ///< the newest first
};
struct DocumentList {
  std::vector<Document> items;
  std::int64_t total = 0;
};

/// The documents of businesses and the search over their passages. Bound to ctx.organization.
/// Thread-safe.
class KnowledgeBase {
 public:
  virtual ~KnowledgeBase() = default;
  /// Stores and queues; the status tells the rest. Errors: too_large (10 MB by default), invalid
  /// (empty file, no usable name), unsupported (not one of PDF, DOCX, TXT, Markdown, HTML, CSV).
  virtual Task<Document> upload(Context ctx, Upload upload) = 0;
  virtual Task<Document> get(Context ctx, DocumentId id) = 0;
  virtual Task<DocumentList> list(Context ctx, DocumentQuery query) = 0;
  /// With its passages and its file. Errors: not_found.
  virtual Task<void> remove(Context ctx, DocumentId id) = 0;
  virtual Task<Document> reprocess(Context ctx, DocumentId id) = 0;
  /// Best first, at most `limit` (1..50). An empty result is not an error.
  virtual Task<std::vector<Passage>> search(Context ctx, BusinessId business, std::string query,
                                            std::size_t limit) = 0;
  /// Plain sentences of the business's documents, for the recognizer's language model.
  virtual Task<std::vector<std::string>> sentences(Context ctx, BusinessId business,
                                                   std::size_t limit) = 0;
  /// Counts the changes of the business's passages, from 0: what was made from them is current as
  /// long as this stays the same.
  virtual Task<std::int64_t> version(Context ctx, BusinessId business) = 0;
  /// Documents of every organization whose vectors are not yet in the store as they should be: new
  /// ones, all of them after a change of embedder or store. 0 without semantic search.
  virtual Task<std::int64_t> without_vectors(Context ctx) = 0;

  /// Takes up documents left pending or processing by an earlier run, and works until stop().
  virtual asio::awaitable<void> start() = 0;
  virtual asio::awaitable<void> stop() = 0;
};

/// An embedder that knows what words mean, and where its vectors are. Both or neither; they outlive
/// the knowledge base. Passages are embedded once they are searchable by their words. While either
/// is away, and for documents it has not seen yet, words and the built-in embedding answer alone:
/// a search never fails for it, and never waits longer than `patience`.
struct SemanticSearch {
  Embedder* embedder = nullptr;
  VectorIndex* vectors = nullptr;
  Duration patience = std::chrono::milliseconds(800);
};

struct KnowledgeOptions {
  std::size_t max_document_bytes = 10u << 20;
  std::size_t passage_words = 500;
  std::size_t overlap_words = 50;
  Duration extraction_timeout = std::chrono::seconds(60);
  std::size_t concurrent_extractions = 2;
  /// The program that is run for each document, see extractor.hpp.
  std::vector<std::string> extractor_command = {"/proc/self/exe", "extract-document"};
  /// Indexes of businesses kept in memory; the least recently searched go first.
  std::size_t index_memory_bytes = 256u << 20;
  /// Above this many passages a business's index is merged into one instead of one a document.
  std::size_t merge_threshold = 5000;
  SemanticSearch semantic;
};

/// Background work runs on `executor`, which must be an io_context run by one thread (or a strand);
/// what computes runs on `pool`, whose threads must live as long as the result: extractions die
/// with the thread that started them. Everything given must outlive it. Call start(), and stop()
/// before the end.
std::unique_ptr<KnowledgeBase> make_knowledge_base(asio::any_io_executor executor, Clock& clock,
                                                   Random& random, store::Database& database,
                                                   store::ObjectStore& objects, WorkerPool& pool,
                                                   KnowledgeOptions options = {});

}  // namespace parley::knowledge
