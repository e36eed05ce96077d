#include "vector_state_rows.hpp"

namespace parley::knowledge::rows {

namespace {

constexpr std::string_view behind =
    " FROM knowledge_documents d LEFT JOIN knowledge_vector_states s ON s.document_id = d.id "
    "WHERE d.passages > 0 AND (s.document_id IS NULL OR s.passages_version <> d.passages_version "
    "OR s.space <> ?1 OR s.store <> ?2)";
constexpr std::string_view orphaned =
    " FROM knowledge_vector_states s LEFT JOIN knowledge_documents d "
    "ON d.id = s.document_id AND d.passages > 0 WHERE d.id IS NULL";

void take(std::vector<VectorWork>& work, const store::Rows& found) {
  for (const auto& row : found)
    work.push_back({row.id<DocumentId>("id"), row.id<OrganizationId>("organization_id"),
                    row.id<BusinessId>("business_id"), row.integer("passages_version"),
                    row.integer("attempts")});
}

}  // namespace

Result<std::vector<VectorWork>> due_vectors(store::Tx& tx, const VectorTarget& target,
                                            std::size_t limit) {
  std::vector<VectorWork> work;
  auto written = tx.query(
      "SELECT d.id, d.organization_id, d.business_id, d.passages_version, "
      "COALESCE(s.attempts, 0) AS attempts" +
          std::string(behind) +
          " AND (s.document_id IS NULL OR s.due_at <= ?3) ORDER BY attempts, d.id LIMIT ?4",
      {target.space, target.store, tx.now(), static_cast<std::int64_t>(limit)});
  if (!written) return std::unexpected(written.error());
  take(work, *written);
  auto gone = tx.query(
      "SELECT s.document_id AS id, s.organization_id, s.business_id, 0 AS passages_version, "
      "s.attempts" +
          std::string(orphaned) + " AND s.due_at <= ?1 ORDER BY s.attempts, s.document_id LIMIT ?2",
      {tx.now(), static_cast<std::int64_t>(limit)});
  if (!gone) return std::unexpected(gone.error());
  take(work, *gone);
  return work;
}

Result<std::int64_t> vectors_behind(store::Tx& tx, const VectorTarget& target) {
  auto written = tx.one("SELECT COUNT(*) AS n" + std::string(behind), {target.space, target.store});
  if (!written) return std::unexpected(written.error());
  auto gone = tx.one("SELECT COUNT(*) AS n" + std::string(orphaned));
  if (!gone) return std::unexpected(gone.error());
  return written->integer("n") + gone->integer("n");
}

Result<bool> claim_vectors(store::Tx& tx, const VectorWork& work, WallTime lease_until) {
  auto claimed = tx.execute(
      "INSERT INTO knowledge_vector_states (document_id, organization_id, business_id, "
      "passages_version, space, store, attempts, due_at) VALUES (?1, ?2, ?3, 0, '', '', 1, ?4) "
      "ON CONFLICT (document_id) DO UPDATE SET attempts = knowledge_vector_states.attempts + 1, "
      "due_at = ?4 WHERE knowledge_vector_states.due_at <= ?5",
      {work.document, tx.context().organization, work.business, lease_until, tx.now()});
  if (!claimed) return std::unexpected(claimed.error());
  return *claimed > 0;
}

Result<std::vector<PassageText>> passages_of(store::Tx& tx, const VectorWork& work) {
  auto found = tx.query(
      "SELECT p.id, p.heading, p.text FROM knowledge_passages p "
      "JOIN knowledge_documents d ON d.id = p.document_id "
      "WHERE p.document_id = ?1 AND p.organization_id = ?2 AND p.business_id = ?3 "
      "AND d.passages_version = ?4 ORDER BY p.ordinal",
      {work.document, tx.context().organization, work.business, work.passages_version});
  if (!found) return std::unexpected(found.error());
  std::vector<PassageText> texts;
  for (const auto& row : *found) {
    auto heading = row.text("heading");
    texts.push_back({row.id<ChunkId>("id"),
                     heading.empty() ? row.text("text") : heading + "\n" + row.text("text")});
  }
  return texts;
}

Result<void> vectors_written(store::Tx& tx, const VectorWork& work, const VectorTarget& target) {
  auto changed = tx.execute(
      "UPDATE knowledge_vector_states SET passages_version = ?3, space = ?4, store = ?5, "
      "attempts = 0, due_at = ?6 WHERE document_id = ?1 AND organization_id = ?2",
      {work.document, tx.context().organization, work.passages_version, target.space, target.store,
       tx.now()});
  if (!changed) return std::unexpected(changed.error());
  // What another embedder made of it, or another store has now, is of no use here.
  auto gone = tx.execute(
      "DELETE FROM knowledge_vectors WHERE document_id = ?1 AND organization_id = ?2 "
      "AND (space <> ?3 OR ?4 <> 'embedded')",
      {work.document, tx.context().organization, target.space, target.store});
  if (!gone) return std::unexpected(gone.error());
  return {};
}

Result<void> vectors_removed(store::Tx& tx, const VectorWork& work) {
  auto gone = tx.execute(
      "DELETE FROM knowledge_vector_states WHERE document_id = ?1 AND organization_id = ?2",
      {work.document, tx.context().organization});
  if (!gone) return std::unexpected(gone.error());
  return {};
}

Result<void> defer_vectors(store::Tx& tx, const VectorWork& work, WallTime due) {
  auto changed = tx.execute(
      "UPDATE knowledge_vector_states SET due_at = ?3 "
      "WHERE document_id = ?1 AND organization_id = ?2",
      {work.document, tx.context().organization, due});
  if (!changed) return std::unexpected(changed.error());
  return {};
}

}  // namespace parley::knowledge::rows
