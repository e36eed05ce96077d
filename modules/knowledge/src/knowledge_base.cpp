#include <sodium.h>

#include <unordered_set>

#include "document_rows.hpp"
#include "index_cache.hpp"
#include "ingest.hpp"
#include "media_type.hpp"
#include "parley/base/strings.hpp"
#include "parley/knowledge/knowledge.hpp"
#include "parley/store/database.hpp"
#include "passages.hpp"
#include "vector_upkeep.hpp"
#include "words.hpp"

namespace parley::knowledge {

namespace {

/// An upload that has not stored its row by then never will.
constexpr std::chrono::milliseconds upload_patience = 1h;
constexpr std::size_t max_idempotency_key = 200;
constexpr std::size_t max_query_bytes = 4000;

struct Inspected {
  std::string media_type;
  std::string hash;
  std::vector<std::byte> bytes;
};

/// Computes: on the pool.
Result<Inspected> inspect(const Upload& upload, const std::string& name) {
  auto type = detect_media_type(upload.bytes, name);
  if (!type) return std::unexpected(type.error());
  Inspected out;
  out.media_type = std::move(*type);
  auto bytes = as_bytes(upload.bytes);
  out.bytes.assign(bytes.begin(), bytes.end());
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  for (std::string_view part : {std::string_view(upload.business.str()), std::string_view("\n"),
                                std::string_view(upload.bytes)})
    crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(part.data()),
                              part.size());
  std::array<unsigned char, crypto_hash_sha256_BYTES> hash;
  crypto_hash_sha256_final(&state, hash.data());
  out.hash = to_hex(std::as_bytes(std::span(hash)));
  return out;
}

std::vector<std::string> spoken_sentences(const std::vector<std::string>& texts,
                                          std::size_t limit) {
  constexpr std::size_t longest = 30;
  std::vector<std::string> out;
  std::unordered_set<std::string> seen;
  for (const auto& text : texts) {
    for (const auto& sentence : split_sentences(text)) {
      auto words = split(spoken_words(sentence), ' ');
      if (words.size() > longest) words.resize(longest);
      auto spoken = join(words, " ");
      if (spoken.empty() || !seen.insert(spoken).second) continue;
      out.push_back(std::move(spoken));
      if (out.size() >= limit) return out;
    }
  }
  return out;
}

class Service final : public KnowledgeBase {
 public:
  Service(asio::any_io_executor executor, Clock& clock, Random& random, store::Database& database,
          store::ObjectStore& objects, WorkerPool& pool, KnowledgeOptions options)
      : clock_(clock),
        random_(random),
        database_(database),
        objects_(objects),
        pool_(pool),
        options_(std::move(options)),
        ingest_(executor, clock, random, database, objects, pool, options_),
        indexes_(database, pool, {options_.index_memory_bytes, options_.merge_threshold}) {
    if (!options_.semantic.embedder || !options_.semantic.vectors) return;
    upkeep_.emplace(executor, clock, database, options_.semantic);
    ingest_.on_change([this] { upkeep_->wake(); });
  }

  Task<Document> upload(Context ctx, Upload upload) override {
    auto name = check(upload);
    if (!name) co_return std::unexpected(name.error());
    auto shared = std::make_shared<const Upload>(std::move(upload));
    std::function<Result<Inspected>()> look = [shared, name = *name] {
      return inspect(*shared, name);
    };
    auto inspecting = pool_.run<Inspected>(std::move(look));
    auto inspected = co_await std::move(inspecting);
    if (!inspected) co_return std::unexpected(inspected.error());

    rows::NewDocument added;
    added.document.id = DocumentId::make(clock_, random_);
    added.document.business = shared->business;
    added.document.name = *name;
    added.document.media_type = inspected->media_type;
    added.document.size_bytes = static_cast<std::int64_t>(shared->bytes.size());
    added.object_key = "documents/" + ctx.organization.str() + "/" + added.document.id.str();
    added.content_hash = inspected->hash;
    added.idempotency_key = shared->idempotency_key;
    added.replaces = shared->replaces;
    shared.reset();
    auto storing = store(std::move(ctx), std::move(added), std::move(inspected->bytes));
    co_return co_await std::move(storing);
  }

  Task<Document> get(Context ctx, DocumentId id) override {
    auto look = [&](store::Tx& tx) { return rows::get(tx, id); };
    auto looking = database_.read(std::move(ctx), look);
    co_return co_await std::move(looking);
  }

  Task<DocumentList> list(Context ctx, DocumentQuery query) override {
    if (query.page < 1 || query.limit < 1 || query.limit > 200 || query.page > 1'000'000)
      co_return fail(Errc::invalid, "page starts at 1, limit is 1 to 200");
    auto look = [&](store::Tx& tx) { return rows::list(tx, query); };
    auto looking = database_.read(std::move(ctx), look);
    co_return co_await std::move(looking);
  }

  Task<void> remove(Context ctx, DocumentId id) override {
    auto change = [&](store::Tx& tx) { return rows::erase(tx, id); };
    auto changing = database_.write(ctx, change);
    auto object = co_await std::move(changing);
    if (!object) co_return std::unexpected(object.error());
    if (upkeep_) upkeep_->wake();
    // From here on the document is gone; a file that stays is swept later.
    auto removing = objects_.remove(ctx, *object);
    if (auto removed = co_await std::move(removing); removed) {
      auto drop = [&](store::Tx& tx) { return rows::drop_loose(tx, *object); };
      auto dropping = database_.write(ctx, drop);
      co_await std::move(dropping);
    }
    co_return Result<void>{};
  }

  Task<Document> reprocess(Context ctx, DocumentId id) override {
    auto change = [&](store::Tx& tx) { return rows::queue_again(tx, id); };
    auto changing = database_.write(std::move(ctx), change);
    auto queued = co_await std::move(changing);
    if (queued) ingest_.wake();
    co_return queued;
  }

  Task<std::vector<Passage>> search(Context ctx, BusinessId business, std::string query,
                                    std::size_t limit) override {
    if (limit < 1 || limit > 50) co_return fail(Errc::invalid, "limit is 1 to 50");
    if (query.size() > max_query_bytes) co_return fail(Errc::invalid, "the question is too long");
    auto getting = indexes_.get(ctx, business);
    auto index = co_await std::move(getting);
    if (!index && is_away(index.error().code)) {
      auto recalling = recall(ctx, business, std::move(query), limit, index.error());
      co_return co_await std::move(recalling);
    }
    if (!index) co_return std::unexpected(index.error());
    std::vector<VectorMatch> matches;
    if (upkeep_ && (*index)->passages() > 0 && !trim(query).empty()) {
      auto asking = upkeep_->nearest(ctx, business, query);
      matches = co_await std::move(asking);
    }
    using Hits = std::vector<BusinessIndex::Hit>;
    std::function<Result<Hits>()> compute = [index = *index, query, limit,
                                             matches = std::move(matches)]() -> Result<Hits> {
      return index->search(query, limit, matches);
    };
    auto computing = pool_.run<Hits>(std::move(compute));
    auto hits = co_await std::move(computing);
    if (!hits) co_return std::unexpected(hits.error());
    if (hits->empty()) co_return std::vector<Passage>{};
    auto look = [&](store::Tx& tx) { return texts_of(tx, business, *hits); };
    auto looking = database_.read(std::move(ctx), look);
    auto passages = co_await std::move(looking);
    // It went away just now.
    if (!passages && is_away(passages.error().code)) co_return recalled(**index, *hits);
    co_return passages;
  }

  Task<std::vector<std::string>> sentences(Context ctx, BusinessId business,
                                           std::size_t limit) override {
    using Texts = std::vector<std::string>;
    auto bound = std::clamp<std::size_t>(limit, 1, 10'000);
    auto look = [&](store::Tx& tx) -> Result<Texts> {
      // The beginnings of all documents before the ends of any.
      auto found = tx.query(
          "SELECT text FROM knowledge_passages WHERE organization_id = ?1 AND business_id = ?2 "
          "ORDER BY ordinal, document_id LIMIT ?3",
          {tx.context().organization, business,
           static_cast<std::int64_t>(std::min<std::size_t>(bound, 500))});
      if (!found) return std::unexpected(found.error());
      Texts texts;
      for (const auto& row : *found) texts.push_back(row.text("text"));
      return texts;
    };
    auto looking = database_.read(std::move(ctx), look);
    auto texts = co_await std::move(looking);
    if (!texts) co_return std::unexpected(texts.error());
    std::function<Result<Texts>()> compute = [texts = std::move(*texts), bound]() -> Result<Texts> {
      return spoken_sentences(texts, bound);
    };
    auto computing = pool_.run<Texts>(std::move(compute));
    co_return co_await std::move(computing);
  }

  Task<std::int64_t> version(Context ctx, BusinessId business) override {
    auto look = [&](store::Tx& tx) -> Result<std::int64_t> {
      auto found = tx.query(
          "SELECT version FROM knowledge_versions WHERE organization_id = ?1 AND business_id = ?2",
          {tx.context().organization, business});
      if (!found) return std::unexpected(found.error());
      return found->empty() ? 0 : found->front().integer("version");
    };
    auto looking = database_.read(std::move(ctx), look);
    co_return co_await std::move(looking);
  }

  Task<std::int64_t> without_vectors(Context ctx) override {
    if (!upkeep_) co_return 0;
    auto asking = upkeep_->behind(std::move(ctx));
    co_return co_await std::move(asking);
  }

  asio::awaitable<void> start() override {
    auto starting = ingest_.start();
    co_await std::move(starting);
    if (upkeep_) upkeep_->start();
  }
  asio::awaitable<void> stop() override {
    auto stopping = ingest_.stop();
    co_await std::move(stopping);
    if (!upkeep_) co_return;
    auto ending = upkeep_->stop();
    co_await std::move(ending);
  }

 private:
  static bool is_away(Errc code) { return code == Errc::unavailable || code == Errc::timeout; }

  /// Without the database: what is in memory answers, if anything is.
  Task<std::vector<Passage>> recall(Context ctx, BusinessId business, std::string query,
                                    std::size_t limit, Error why) {
    auto index = indexes_.remembered(ctx, business);
    if (!index) co_return std::unexpected(std::move(why));
    using Passages = std::vector<Passage>;
    std::function<Result<Passages>()> compute = [index, query = std::move(query), limit] {
      return Result<Passages>(recalled(*index, index->search(query, limit)));
    };
    auto computing = pool_.run<Passages>(std::move(compute));
    co_return co_await std::move(computing);
  }

  static std::vector<Passage> recalled(const BusinessIndex& index,
                                       const std::vector<BusinessIndex::Hit>& hits) {
    std::vector<Passage> passages;
    for (const auto& hit : hits)
      if (auto found = index.said(hit))
        passages.push_back({hit.id, hit.document, found->segment->name(), found->said->text,
                            found->said->heading, found->said->page, hit.score, hit.lexical, true});
    return passages;
  }

  Result<std::string> check(const Upload& upload) const {
    if (upload.bytes.empty()) return fail(Errc::invalid, "The file is empty");
    if (upload.bytes.size() > options_.max_document_bytes)
      return fail(Errc::too_large, "The file is larger than the limit of " +
                                       std::to_string(options_.max_document_bytes >> 20) + " MB");
    if (upload.business.empty()) return fail(Errc::invalid, "A document belongs to a business");
    if (upload.idempotency_key.size() > max_idempotency_key ||
        !is_valid_utf8(upload.idempotency_key))
      return fail(Errc::invalid, "The idempotency key is longer than 200 characters");
    return clean_file_name(upload.file_name);
  }

  /// The file before its row, and before the file a note that it may be left alone: wherever this
  /// is cut off, either the document is there whole, or the sweep finds the file.
  Task<Document> store(Context ctx, rows::NewDocument added, std::vector<std::byte> bytes) {
    auto announce = [&](store::Tx& tx) -> Result<std::optional<Document>> {
      return announced(tx, added);
    };
    auto announcing = database_.write(ctx, announce);
    auto existing = co_await std::move(announcing);
    if (!existing) co_return std::unexpected(existing.error());
    if (*existing) co_return **existing;

    auto putting = objects_.put(ctx, added.object_key, std::move(bytes));
    auto put = co_await std::move(putting);
    if (!put) co_return std::unexpected(put.error());

    auto insert = [&](store::Tx& tx) -> Result<Document> { return inserted(tx, added); };
    auto inserting = database_.write(ctx, insert);
    auto document = co_await std::move(inserting);
    if (document) ingest_.wake();
    co_return document;
  }

  Result<std::optional<Document>> announced(store::Tx& tx, const rows::NewDocument& added) const {
    if (!added.idempotency_key.empty()) {
      auto existing = rows::find_by_key(tx, added.idempotency_key, added.content_hash);
      if (!existing || *existing) return existing;
    }
    if (added.replaces) {
      auto old = rows::get(tx, added.replaces);
      if (!old) return std::unexpected(old.error());
      if (old->business != added.document.business)
        return fail(Errc::not_found, "the document to replace is another business's");
    }
    auto loose = rows::add_loose(tx, added.object_key, tx.now() + upload_patience);
    if (!loose) return std::unexpected(loose.error());
    return std::optional<Document>{};
  }

  static Result<Document> inserted(store::Tx& tx, const rows::NewDocument& added) {
    auto fresh = rows::insert(tx, added);
    if (!fresh) return std::unexpected(fresh.error());
    if (!*fresh) {
      // The same upload came twice at once; this one's file stays loose and is swept.
      auto first = rows::find_by_key(tx, added.idempotency_key, added.content_hash);
      if (!first) return std::unexpected(first.error());
      if (!*first) return fail(Errc::conflict, "the first upload under this key was just deleted");
      return **first;
    }
    auto kept = rows::drop_loose(tx, added.object_key);
    if (!kept) return std::unexpected(kept.error());
    if (!*kept) return fail(Errc::unavailable, "The upload took too long; send it again");
    return rows::get(tx, added.document.id);
  }

  static Result<std::vector<Passage>> texts_of(store::Tx& tx, const BusinessId& business,
                                               const std::vector<BusinessIndex::Hit>& hits) {
    store::Params params{tx.context().organization, business};
    std::string ids;
    for (const auto& hit : hits) {
      params.emplace_back(hit.id);
      ids += (ids.empty() ? "?" : ", ?") + std::to_string(params.size());
    }
    auto found = tx.query(
        "SELECT p.id, p.document_id, d.name, p.heading, p.page, p.text FROM knowledge_passages p "
        "JOIN knowledge_documents d ON d.id = p.document_id AND d.organization_id = ?1 "
        "WHERE p.organization_id = ?1 AND p.business_id = ?2 AND p.id IN (" +
            ids + ")",
        std::move(params));
    if (!found) return std::unexpected(found.error());
    std::unordered_map<std::string, const store::Row*> by_id;
    for (const auto& row : *found) by_id.emplace(row.text("id"), &row);
    std::vector<Passage> passages;
    for (const auto& hit : hits) {
      auto row = by_id.find(hit.id.str());
      // Deleted since the index was made.
      if (row == by_id.end()) continue;
      const auto& r = *row->second;
      passages.push_back({hit.id, r.id<DocumentId>("document_id"), r.text("name"), r.text("text"),
                          r.text("heading"), r.integer("page"), hit.score, hit.lexical});
    }
    return passages;
  }

  Clock& clock_;
  Random& random_;
  store::Database& database_;
  store::ObjectStore& objects_;
  WorkerPool& pool_;
  KnowledgeOptions options_;
  Ingest ingest_;
  IndexCache indexes_;
  std::optional<VectorUpkeep> upkeep_;
};

}  // namespace

std::unique_ptr<KnowledgeBase> make_knowledge_base(asio::any_io_executor executor, Clock& clock,
                                                   Random& random, store::Database& database,
                                                   store::ObjectStore& objects, WorkerPool& pool,
                                                   KnowledgeOptions options) {
  return std::make_unique<Service>(std::move(executor), clock, random, database, objects, pool,
                                   std::move(options));
}

}  // namespace parley::knowledge
