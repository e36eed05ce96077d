#pragma once
#include <string>
#include <vector>

#include "embedding.hpp"
#include "parley/knowledge/knowledge.hpp"
#include "parley/store/tx.hpp"

namespace parley::knowledge::rows {

// The module's SQL. Every function is bound to one organization, which it takes from the
// transaction's context, except the three that look for work of all of them.

struct NewDocument {
  Document document;
  std::string object_key;
  std::string content_hash;
  std::string idempotency_key;
  DocumentId replaces;
};
/// What a worker needs to know of a document it may take up.
struct Work {
  DocumentId id;
  OrganizationId organization;
  BusinessId business;
  std::string object_key;
  std::string media_type;
  DocumentId replaces;
  std::int64_t attempts = 0;
  std::int64_t version = 0;
};
struct NewPassage {
  ChunkId id;
  std::string heading;
  std::int64_t page = 0;
  std::string text;
  Embedding embedding;
};
struct LooseObject {
  std::string key;
  OrganizationId organization;
};

/// Errors: not_found.
Result<Document> get(store::Tx& tx, const DocumentId& id);
Result<DocumentList> list(store::Tx& tx, const DocumentQuery& query);

/// The document stored under the key, if any. Errors: conflict when its content was another.
Result<std::optional<Document>> find_by_key(store::Tx& tx, const std::string& key,
                                            const std::string& content_hash);
/// False when another upload with the same key came first.
Result<bool> insert(store::Tx& tx, const NewDocument& document);

/// The document with its passages; its file becomes loose, due at once. Errors: not_found. Returns
/// the file's key.
Result<std::string> erase(store::Tx& tx, const DocumentId& id);
Result<Document> queue_again(store::Tx& tx, const DocumentId& id);

// Work, of every organization.
Result<std::vector<Work>> due(store::Tx& tx, std::size_t limit);
/// What an earlier run of the only process left in the middle is due at once.
Result<std::int64_t> release_all(store::Tx& tx);
/// Due objects, or all that an earlier run left.
Result<std::vector<LooseObject>> loose_objects(store::Tx& tx, std::optional<WallTime> left_before);

/// False when the document changed since `work` was read; else its version is one more.
Result<bool> claim(store::Tx& tx, const Work& work, WallTime lease_until);
Result<bool> defer(store::Tx& tx, const Work& work, WallTime due, const std::string& reason);
Result<bool> fail_document(store::Tx& tx, const Work& work, const std::string& reason);
/// All at once: new passages instead of old ones, the document replaced by this one erased.
Result<bool> complete(store::Tx& tx, const Work& work, const std::vector<NewPassage>& passages,
                      std::int64_t pages);

Result<void> add_loose(store::Tx& tx, const std::string& object_key, WallTime due);
/// False when it was not there (any more).
Result<bool> drop_loose(store::Tx& tx, const std::string& object_key);

/// 0 before the first passage.
Result<std::int64_t> knowledge_version(store::Tx& tx, const BusinessId& business);

/// "document.completed" and the like, with what subscribers show.
Result<void> append_event(store::Tx& tx, const Document& document, std::string_view type);

}  // namespace parley::knowledge::rows
