#include "vector_rows.hpp"

#include <bit>
#include <cstring>

namespace parley::knowledge::rows {

namespace {

static_assert(std::endian::native == std::endian::little, "vectors are stored as they are");

constexpr std::size_t group_size = 40;

store::Value::Blob bytes_of(const Vector& vector) {
  const auto* bytes = reinterpret_cast<const std::byte*>(vector.data());
  return {bytes, bytes + vector.size() * sizeof(float)};
}

Result<std::int64_t> next_version(store::Tx& tx, const VectorOwner& owner) {
  auto bumped = tx.execute(
      "INSERT INTO knowledge_vector_versions (organization_id, business_id, space, version) "
      "VALUES (?1, ?2, ?3, 1) ON CONFLICT (organization_id, business_id, space) "
      "DO UPDATE SET version = knowledge_vector_versions.version + 1",
      {tx.context().organization, owner.business, owner.space});
  if (!bumped) return std::unexpected(bumped.error());
  return vector_version(tx, owner);
}

std::string put_sql(std::size_t count) {
  std::string sql =
      "INSERT INTO knowledge_vectors (organization_id, business_id, space, revision, passage_id, "
      "document_id, vector) VALUES ";
  for (std::size_t i = 0; i < count; ++i) {
    sql += i == 0 ? "(?1, ?2, ?3, ?4" : ", (?1, ?2, ?3, ?4";
    for (std::size_t c = 0; c < 3; ++c) sql += ", ?" + std::to_string(5 + i * 3 + c);
    sql += ")";
  }
  return sql +
         " ON CONFLICT (organization_id, business_id, space, passage_id) DO UPDATE SET "
         "document_id = excluded.document_id, revision = excluded.revision, "
         "vector = excluded.vector";
}

}  // namespace

Result<void> put_vectors(store::Tx& tx, const VectorOwner& owner,
                         const std::vector<VectorEntry>& entries) {
  auto version = next_version(tx, owner);
  if (!version) return std::unexpected(version.error());
  for (std::size_t at = 0; at < entries.size();) {
    auto count = entries.size() - at >= group_size ? group_size : 1;
    store::Params params{tx.context().organization, owner.business, owner.space, *version};
    for (auto i = at; i < at + count; ++i)
      params.insert(params.end(),
                    {entries[i].id, entries[i].document, bytes_of(entries[i].values)});
    auto put = tx.execute(put_sql(count), std::move(params));
    if (!put) return std::unexpected(put.error());
    at += count;
  }
  return {};
}

Result<void> erase_vectors(store::Tx& tx, const VectorOwner& owner, const DocumentId& document) {
  auto erased = tx.execute(
      "DELETE FROM knowledge_vectors WHERE organization_id = ?1 AND business_id = ?2 "
      "AND space = ?3 AND document_id = ?4",
      {tx.context().organization, owner.business, owner.space, document});
  if (!erased) return std::unexpected(erased.error());
  if (*erased == 0) return {};
  auto version = next_version(tx, owner);
  if (!version) return std::unexpected(version.error());
  return {};
}

Result<std::int64_t> count_vectors(store::Tx& tx, const VectorOwner& owner) {
  auto row = tx.one(
      "SELECT COUNT(*) AS n FROM knowledge_vectors WHERE organization_id = ?1 "
      "AND business_id = ?2 AND space = ?3",
      {tx.context().organization, owner.business, owner.space});
  if (!row) return std::unexpected(row.error());
  return row->integer("n");
}

Result<std::int64_t> vector_version(store::Tx& tx, const VectorOwner& owner) {
  auto found = tx.query(
      "SELECT version FROM knowledge_vector_versions WHERE organization_id = ?1 "
      "AND business_id = ?2 AND space = ?3",
      {tx.context().organization, owner.business, owner.space});
  if (!found) return std::unexpected(found.error());
  return found->empty() ? 0 : found->front().integer("version");
}

Result<VectorCatalog> vector_catalog(store::Tx& tx, const VectorOwner& owner) {
  VectorCatalog catalog;
  auto version = vector_version(tx, owner);
  if (!version) return std::unexpected(version.error());
  catalog.version = *version;
  auto found = tx.query(
      "SELECT document_id, MAX(revision) AS revision, COUNT(*) AS passages FROM knowledge_vectors "
      "WHERE organization_id = ?1 AND business_id = ?2 AND space = ?3 GROUP BY document_id "
      "ORDER BY document_id",
      {tx.context().organization, owner.business, owner.space});
  if (!found) return std::unexpected(found.error());
  for (const auto& row : *found)
    catalog.documents.push_back(
        {row.id<DocumentId>("document_id"), row.integer("revision"), row.integer("passages")});
  return catalog;
}

Result<std::vector<VectorEntry>> vectors_of(store::Tx& tx, const VectorOwner& owner,
                                            const DocumentId& document, std::size_t dimensions) {
  auto found = tx.query(
      "SELECT passage_id, vector FROM knowledge_vectors WHERE organization_id = ?1 "
      "AND business_id = ?2 AND space = ?3 AND document_id = ?4 ORDER BY passage_id",
      {tx.context().organization, owner.business, owner.space, document});
  if (!found) return std::unexpected(found.error());
  std::vector<VectorEntry> entries;
  for (const auto& row : *found) {
    auto bytes = row.blob("vector");
    if (bytes.size() != dimensions * sizeof(float))
      return fail(Errc::corrupt, "a vector of another size");
    Vector values(dimensions);
    std::memcpy(values.data(), bytes.data(), bytes.size());
    entries.push_back({row.id<ChunkId>("passage_id"), document, std::move(values)});
  }
  return entries;
}

}  // namespace parley::knowledge::rows
