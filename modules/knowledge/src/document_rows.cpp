#include "document_rows.hpp"

#include <array>

#include "parley/store/sort.hpp"

namespace parley::knowledge {

namespace {
constexpr std::array status_names{std::string_view("pending"), std::string_view("processing"),
                                  std::string_view("completed"), std::string_view("failed")};

DocumentStatus parse_status(std::string_view text) {
  for (std::size_t i = 0; i < status_names.size(); ++i)
    if (status_names[i] == text) return static_cast<DocumentStatus>(i);
  throw std::logic_error("a document's status is none");
}
}  // namespace

std::string_view to_string(DocumentStatus status) noexcept {
  return status_names[static_cast<std::size_t>(status)];
}

namespace rows {

namespace {

constexpr std::string_view columns =
    "id, business_id, name, media_type, size_bytes, status, reason, passages, pages, created_at, "
    "updated_at, version";

Document to_document(const store::Row& row) {
  Document document;
  document.id = row.id<DocumentId>("id");
  document.business = row.id<BusinessId>("business_id");
  document.name = row.text("name");
  document.media_type = row.text("media_type");
  document.size_bytes = row.integer("size_bytes");
  document.status = parse_status(row.text("status"));
  document.reason = row.text("reason");
  document.passages = row.integer("passages");
  document.pages = row.integer("pages");
  document.created = row.time("created_at");
  document.updated = row.time("updated_at");
  document.version = row.integer("version");
  return document;
}

Result<std::int64_t> next_knowledge_version(store::Tx& tx, const BusinessId& business) {
  auto bumped = tx.execute(
      "INSERT INTO knowledge_versions (organization_id, business_id, version) VALUES (?1, ?2, 1) "
      "ON CONFLICT (organization_id, business_id) "
      "DO UPDATE SET version = knowledge_versions.version + 1",
      {tx.context().organization, business});
  if (!bumped) return std::unexpected(bumped.error());
  return knowledge_version(tx, business);
}

Result<void> erase_passages(store::Tx& tx, const DocumentId& id) {
  auto erased =
      tx.execute("DELETE FROM knowledge_passages WHERE document_id = ?1 AND organization_id = ?2",
                 {id, tx.context().organization});
  if (!erased) return std::unexpected(erased.error());
  return {};
}

/// Passages go in by the group: one round trip each would be most of the time on PostgreSQL.
constexpr std::size_t group_size = 40;

std::string insert_passages_sql(std::size_t count) {
  std::string sql =
      "INSERT INTO knowledge_passages (organization_id, business_id, document_id, id, ordinal, "
      "heading, page, text, embedding) VALUES ";
  for (std::size_t i = 0; i < count; ++i) {
    sql += i == 0 ? "(?1, ?2, ?3" : ", (?1, ?2, ?3";
    for (std::size_t c = 0; c < 6; ++c) sql += ", ?" + std::to_string(4 + i * 6 + c);
    sql += ")";
  }
  return sql;
}

Result<void> insert_passages(store::Tx& tx, const Work& work,
                             const std::vector<NewPassage>& passages) {
  for (std::size_t at = 0; at < passages.size();) {
    auto count = passages.size() - at >= group_size ? group_size : 1;
    store::Params params{work.organization, work.business, work.id};
    for (auto i = at; i < at + count; ++i) {
      const auto& passage = passages[i];
      const auto* bytes = reinterpret_cast<const std::byte*>(passage.embedding.data());
      params.insert(params.end(),
                    {passage.id, static_cast<std::int64_t>(i), passage.heading, passage.page,
                     passage.text, store::Value::Blob(bytes, bytes + passage.embedding.size())});
    }
    auto inserted = tx.execute(insert_passages_sql(count), std::move(params));
    if (!inserted) return std::unexpected(inserted.error());
    at += count;
  }
  return {};
}

/// One row changed and its event appended, or nothing.
Result<bool> moved(store::Tx& tx, const Result<std::int64_t>& changed, const DocumentId& id,
                   std::string_view type) {
  if (!changed) return std::unexpected(changed.error());
  if (*changed == 0) return false;
  auto document = get(tx, id);
  if (!document) return std::unexpected(document.error());
  if (auto appended = append_event(tx, *document, type); !appended)
    return std::unexpected(appended.error());
  return true;
}

}  // namespace

Result<Document> get(store::Tx& tx, const DocumentId& id) {
  auto row = tx.one("SELECT " + std::string(columns) +
                        " FROM knowledge_documents WHERE id = ?1 AND organization_id = ?2",
                    {id, tx.context().organization});
  if (!row && row.error().code == Errc::not_found) return fail(Errc::not_found, "no such document");
  if (!row) return std::unexpected(row.error());
  return to_document(*row);
}

Result<DocumentList> list(store::Tx& tx, const DocumentQuery& query) {
  std::string where = " FROM knowledge_documents WHERE organization_id = ?1";
  store::Params params{tx.context().organization};
  auto bind = [&](store::Value value) {
    params.push_back(std::move(value));
    return "?" + std::to_string(params.size());
  };
  if (query.business) where += " AND business_id = " + bind(query.business);
  if (query.status) where += " AND status = " + bind(to_string(*query.status));
  DocumentList out;
  auto count = tx.one("SELECT COUNT(*) AS total" + where, params);
  if (!count) return std::unexpected(count.error());
  out.total = count->integer("total");
  constexpr std::array fields{store::SortField{"createdAt", "created_at"},
                              store::SortField{"name", "name"},
                              store::SortField{"sizeBytes", "size_bytes"}};
  auto order = store::order_by(query.sort, fields, "created_at DESC, id DESC");
  if (!order) return std::unexpected(order.error());
  auto limit = bind(query.limit);
  auto offset = bind((query.page - 1) * query.limit);
  auto found = tx.query(
      "SELECT " + std::string(columns) + where + *order + " LIMIT " + limit + " OFFSET " + offset,
      params);
  if (!found) return std::unexpected(found.error());
  for (const auto& row : *found) out.items.push_back(to_document(row));
  return out;
}

Result<std::optional<Document>> find_by_key(store::Tx& tx, const std::string& key,
                                            const std::string& content_hash) {
  auto found = tx.query("SELECT content_hash, " + std::string(columns) +
                            " FROM knowledge_documents "
                            "WHERE organization_id = ?1 AND idempotency_key = ?2",
                        {tx.context().organization, key});
  if (!found) return std::unexpected(found.error());
  if (found->empty()) return std::optional<Document>{};
  if (found->front().text("content_hash") != content_hash)
    return fail(Errc::conflict, "the idempotency key was used for another document");
  return std::optional(to_document(found->front()));
}

Result<bool> insert(store::Tx& tx, const NewDocument& added) {
  const auto& document = added.document;
  store::Value key;
  if (!added.idempotency_key.empty()) key = added.idempotency_key;
  store::Value replaces;
  if (added.replaces) replaces = added.replaces;
  auto inserted = tx.execute(
      "INSERT INTO knowledge_documents (id, organization_id, business_id, name, media_type, "
      "size_bytes, object_key, content_hash, idempotency_key, replaces, status, reason, passages, "
      "pages, passages_version, attempts, due_at, created_at, updated_at, version) VALUES (?1, ?2, "
      "?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'pending', '', 0, 0, 0, 0, ?11, ?11, ?11, 1) "
      "ON CONFLICT (organization_id, idempotency_key) DO NOTHING",
      {document.id, tx.context().organization, document.business, document.name,
       document.media_type, document.size_bytes, added.object_key, added.content_hash, key,
       replaces, tx.now()});
  return moved(tx, inserted, document.id, "document.uploaded");
}

Result<std::string> erase(store::Tx& tx, const DocumentId& id) {
  auto document = get(tx, id);
  if (!document) return std::unexpected(document.error());
  auto row = tx.one("SELECT object_key FROM knowledge_documents WHERE id = ?1", {id});
  if (!row) return std::unexpected(row.error());
  auto key = row->text("object_key");
  if (auto erased = erase_passages(tx, id); !erased) return std::unexpected(erased.error());
  // Of every embedder there ever was; other stores are told by the upkeep.
  auto vectors =
      tx.execute("DELETE FROM knowledge_vectors WHERE document_id = ?1 AND organization_id = ?2",
                 {id, tx.context().organization});
  if (!vectors) return std::unexpected(vectors.error());
  auto gone = tx.execute("DELETE FROM knowledge_documents WHERE id = ?1 AND organization_id = ?2",
                         {id, tx.context().organization});
  if (!gone) return std::unexpected(gone.error());
  if (auto loose = add_loose(tx, key, tx.now()); !loose) return std::unexpected(loose.error());
  auto version = next_knowledge_version(tx, document->business);
  if (!version) return std::unexpected(version.error());
  if (auto appended = append_event(tx, *document, "document.removed"); !appended)
    return std::unexpected(appended.error());
  return key;
}

Result<Document> queue_again(store::Tx& tx, const DocumentId& id) {
  auto changed = tx.execute(
      "UPDATE knowledge_documents SET status = 'pending', reason = '', attempts = 0, due_at = ?3, "
      "updated_at = ?3, version = version + 1 WHERE id = ?1 AND organization_id = ?2",
      {id, tx.context().organization, tx.now()});
  auto queued = moved(tx, changed, id, "document.queued");
  if (!queued) return std::unexpected(queued.error());
  return get(tx, id);
}

Result<std::vector<Work>> due(store::Tx& tx, std::size_t limit) {
  auto found = tx.query(
      "SELECT id, organization_id, business_id, object_key, media_type, replaces, attempts, "
      "version "
      "FROM knowledge_documents WHERE status IN ('pending', 'processing') AND due_at <= ?1 "
      "ORDER BY due_at, id LIMIT ?2",
      {tx.now(), static_cast<std::int64_t>(limit)});
  if (!found) return std::unexpected(found.error());
  std::vector<Work> out;
  for (const auto& row : *found)
    out.push_back({row.id<DocumentId>("id"), row.id<OrganizationId>("organization_id"),
                   row.id<BusinessId>("business_id"), row.text("object_key"),
                   row.text("media_type"), DocumentId(row.optional_text("replaces").value_or("")),
                   row.integer("attempts"), row.integer("version")});
  return out;
}

Result<std::int64_t> release_all(store::Tx& tx) {
  return tx.execute("UPDATE knowledge_documents SET due_at = ?1 WHERE status = 'processing'",
                    {tx.now()});
}

Result<std::vector<LooseObject>> loose_objects(store::Tx& tx, std::optional<WallTime> left_before) {
  auto found = tx.query(
      "SELECT object_key, organization_id FROM knowledge_loose_objects "
      "WHERE due_at <= ?1 OR created_at < ?2 ORDER BY due_at LIMIT 100",
      {tx.now(), left_before.value_or(WallTime{})});
  if (!found) return std::unexpected(found.error());
  std::vector<LooseObject> out;
  for (const auto& row : *found)
    out.push_back({row.text("object_key"), row.id<OrganizationId>("organization_id")});
  return out;
}

Result<bool> claim(store::Tx& tx, const Work& work, WallTime lease_until) {
  auto changed = tx.execute(
      "UPDATE knowledge_documents SET status = 'processing', attempts = attempts + 1, due_at = ?4, "
      "updated_at = ?5, version = version + 1 "
      "WHERE id = ?1 AND organization_id = ?2 AND version = ?3 AND due_at <= ?5",
      {work.id, tx.context().organization, work.version, lease_until, tx.now()});
  return moved(tx, changed, work.id, "document.processing");
}

Result<bool> defer(store::Tx& tx, const Work& work, WallTime due, const std::string& reason) {
  auto changed = tx.execute(
      "UPDATE knowledge_documents SET status = 'pending', reason = ?4, due_at = ?5, updated_at = "
      "?6, version = version + 1 WHERE id = ?1 AND organization_id = ?2 AND version = ?3",
      {work.id, tx.context().organization, work.version, reason, due, tx.now()});
  return moved(tx, changed, work.id, "document.deferred");
}

Result<bool> fail_document(store::Tx& tx, const Work& work, const std::string& reason) {
  auto changed = tx.execute(
      "UPDATE knowledge_documents SET status = 'failed', reason = ?4, passages = 0, pages = 0, "
      "updated_at = ?5, version = version + 1 "
      "WHERE id = ?1 AND organization_id = ?2 AND version = ?3",
      {work.id, tx.context().organization, work.version, reason, tx.now()});
  auto failed = moved(tx, changed, work.id, "document.failed");
  if (!failed || !*failed) return failed;
  if (auto erased = erase_passages(tx, work.id); !erased) return std::unexpected(erased.error());
  auto version = next_knowledge_version(tx, work.business);
  if (!version) return std::unexpected(version.error());
  return true;
}

Result<bool> complete(store::Tx& tx, const Work& work, const std::vector<NewPassage>& passages,
                      std::int64_t pages) {
  auto version = next_knowledge_version(tx, work.business);
  if (!version) return std::unexpected(version.error());
  auto changed = tx.execute(
      "UPDATE knowledge_documents SET status = 'completed', reason = '', passages = ?4, pages = "
      "?5, "
      "passages_version = ?6, replaces = NULL, updated_at = ?7, version = version + 1 "
      "WHERE id = ?1 AND organization_id = ?2 AND version = ?3",
      {work.id, tx.context().organization, work.version, static_cast<std::int64_t>(passages.size()),
       pages, *version, tx.now()});
  auto completed = moved(tx, changed, work.id, "document.completed");
  if (!completed || !*completed) return completed;
  if (auto erased = erase_passages(tx, work.id); !erased) return std::unexpected(erased.error());
  if (auto inserted = insert_passages(tx, work, passages); !inserted)
    return std::unexpected(inserted.error());
  if (!work.replaces) return true;
  auto old = erase(tx, work.replaces);
  // Somebody may have deleted it in the meantime, which is what is wanted.
  if (!old && old.error().code != Errc::not_found) return std::unexpected(old.error());
  return true;
}

Result<void> add_loose(store::Tx& tx, const std::string& object_key, WallTime due) {
  auto added = tx.execute(
      "INSERT INTO knowledge_loose_objects (object_key, organization_id, created_at, due_at) "
      "VALUES (?1, ?2, ?3, ?4) ON CONFLICT (object_key) DO UPDATE SET due_at = ?4",
      {object_key, tx.context().organization, tx.now(), due});
  if (!added) return std::unexpected(added.error());
  return {};
}

Result<bool> drop_loose(store::Tx& tx, const std::string& object_key) {
  auto dropped = tx.execute(
      "DELETE FROM knowledge_loose_objects WHERE object_key = ?1 AND organization_id = ?2",
      {object_key, tx.context().organization});
  if (!dropped) return std::unexpected(dropped.error());
  return *dropped > 0;
}

Result<std::int64_t> knowledge_version(store::Tx& tx, const BusinessId& business) {
  auto found = tx.query(
      "SELECT version FROM knowledge_versions WHERE organization_id = ?1 AND business_id = ?2",
      {tx.context().organization, business});
  if (!found) return std::unexpected(found.error());
  return found->empty() ? 0 : found->front().integer("version");
}

Result<void> append_event(store::Tx& tx, const Document& document, std::string_view type) {
  json::object data{{"id", document.id.str()},
                    {"business", document.business.str()},
                    {"name", document.name},
                    {"mediaType", document.media_type},
                    {"status", to_string(document.status)},
                    {"reason", document.reason},
                    {"passages", document.passages},
                    {"pages", document.pages},
                    {"version", document.version}};
  auto appended = tx.append(document.id.str(), {std::string(type), std::move(data)});
  if (!appended) return std::unexpected(appended.error());
  return {};
}

}  // namespace rows

}  // namespace parley::knowledge
